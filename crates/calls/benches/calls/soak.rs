//! A call of ten minutes (`BEZEL_MINUTES`), pictures and tone both ways, on the loopback interface.

use std::time::{Duration, Instant};

use crate::processor::{load, memory_mib};
use crate::rig::end::Settings;
use crate::rig::pair::Pair;

pub(crate) fn run() {
    let minutes = crate::setting("BEZEL_MINUTES", 10);
    let local = |settings| Settings { addresses: vec!["127.0.0.1:0".parse().unwrap()], ..settings };
    let pair = Pair::start([crate::end(), crate::end()], &[local(Settings::new(1, true)), local(Settings::new(2, false))]);
    pair.until_pictures();
    println!("{:>6} {:>16} {:>9} {:>13} {:>16} {:>8}", "minute", "frames", "unmarked", "wrong order", "decrypt errors", "MiB");
    let (mut frames, mut last) = ([0, 0], [None, None]);
    let began = Instant::now();
    for minute in 1..=minutes {
        std::thread::sleep((began + Duration::from_secs(60 * minute)).saturating_duration_since(Instant::now()));
        let reports = pair.reports();
        let mut row = (0, 0, 0, 0);
        for (end, report) in reports.iter().enumerate() {
            for shown in &report.camera.shown {
                row.1 += usize::from(last[end].is_some_and(|last| last >= shown.number));
                last[end] = Some(shown.number);
            }
            frames[end] += report.camera.shown.len();
            row.0 += report.camera.unmarked + report.camera.refused;
            row.2 += report.peer("decrypt_errors").as_u64().unwrap();
            row.3 += report.peer("replays").as_u64().unwrap();
        }
        let memory: Vec<String> = pair.ends.iter().map(|end| format!("{:.0}", memory_mib(end.pid()))).collect();
        println!("{minute:>6} {frames:>16?} {:>9} {:>13} {:>10} + {:>3} {:>8}", row.0, row.1, row.2, row.3, memory.join(" "));
    }
    let reports = pair.reports();
    for report in &reports {
        println!("packets of sound {}, covered {}", report.peer("packets_received"), report.peer("concealed"));
    }
    println!("load {}", load());
}
