//! What is seen of the other side over lines with faults. Needs root, `ip` and Python.

use std::time::Duration;

use crate::processor::load;
use crate::rig::end::Settings;
use crate::rig::line::{Fault, Line, Side};
use crate::rig::pair::Pair;
use crate::rig::watcher::Shown;
use crate::rig::{epoch_ms, median};

/// A picture that stays for longer than this, where the next was due after 33 ms, is a freeze: as WebRTC's statistics count it.
const FREEZE_MS: u64 = 183;

pub(crate) fn run() {
    let seconds = crate::setting("BEZEL_SECONDS", 25);
    // A part of a row's name picks rows.
    let wanted = std::env::var("BEZEL_FAULT").unwrap_or_default();
    println!(
        "{:34} {:>8} {:>7} {:>9} {:>8} {:>8} {:>7} {:>7}",
        "", "frames/s", "age ms", "longest", "frozen", "back ms", "lines", "errors"
    );
    let delayed = Fault { delay: 15.0, ..Fault::default() };
    for (name, fault) in [
        ("no fault, 30 ms round trip", delayed),
        ("2 % lost", Fault { loss: 0.02, ..delayed }),
        ("5 % lost", Fault { loss: 0.05, ..delayed }),
        ("10 % lost", Fault { loss: 0.1, ..delayed }),
        ("30 +- 20 ms each way", Fault { delay: 30.0, jitter: 20.0, ..Fault::default() }),
        ("500 kbit/s", Fault { rate: 500_000.0, ..delayed }),
    ]
    .into_iter()
    .filter(|(name, _)| name.contains(&wanted))
    {
        let mut line = Line::new();
        let pair = call(&line, [1, 2]);
        line.set(0, fault);
        // The rate finds its place first.
        std::thread::sleep(Duration::from_secs(10));
        pair.reports();
        std::thread::sleep(Duration::from_secs(seconds));
        tell(name, &pair, None);
    }
    for (name, ids, signals) in [
        ("cut for 5 s", [1, 2], false),
        ("cut for 5 s, signals too", [1, 2], true),
        ("another path, side of the offer", [1, 2], false),
        ("another path, side of the answer", [2, 1], false),
        ("another path, signals 2 s later", [1, 2], true),
        ("a quicker one too, then it alone", [1, 2], false),
    ]
    .into_iter()
    .filter(|(name, ..)| name.contains(&wanted))
    {
        let mut line = Line::new();
        line.set(0, delayed);
        line.set(1, if name.starts_with("a quicker") { Fault { delay: 5.0, ..delayed } } else { delayed });
        let pair = call(&line, ids);
        std::thread::sleep(Duration::from_secs(5));
        pair.reports();
        // What is seen before is the beginning of the freeze.
        std::thread::sleep(Duration::from_secs(1));
        pair.cut_signals(signals);
        if name.starts_with("cut") {
            line.set(0, Fault { cut: true, ..delayed });
            std::thread::sleep(Duration::from_secs(5));
            line.set(0, delayed);
        } else if name.starts_with("a quicker") {
            line.join();
            std::thread::sleep(Duration::from_secs(5));
            line.leave();
        } else {
            line.switch();
            std::thread::sleep(Duration::from_secs(if signals { 2 } else { 0 }));
        }
        let returned = epoch_ms();
        if signals {
            pair.cut_signals(false);
        }
        std::thread::sleep(Duration::from_secs(seconds));
        tell(name, &pair, Some(returned));
    }
    println!("load {}", load());
}

fn call(line: &Line, ids: [u8; 2]) -> Pair {
    let program = std::env::current_exe().unwrap();
    let ends = [line.command(Side::A, &program), line.command(Side::B, &program)];
    let pair = Pair::start(ends, &[Settings::new(ids[0], true), Settings::new(ids[1], false)]);
    pair.delay_signals(Duration::from_millis(30));
    pair.until_pictures();
    pair
}

/// A row: of both ends the worse one, but for the frames a second of which it is the lesser.
fn tell(name: &str, pair: &Pair, returned: Option<u64>) {
    let reports = pair.reports();
    let (mut rate, mut age, mut longest, mut frozen, mut back, mut lines) = (f64::MAX, 0f64, 0, 0, 0, u32::MAX);
    let mut errors = 0;
    for report in &reports {
        let shown = &report.camera.shown;
        let count = shown.len() + report.camera.unmarked;
        let (Some(first), Some(last)) = (shown.first(), shown.last()) else {
            println!("{name:34} nothing was seen: {}", report.stats);
            continue;
        };
        let gaps: Vec<u64> = shown.windows(2).map(|pair: &[Shown]| pair[1].at_ms - pair[0].at_ms).collect();
        rate = rate.min(count as f64 * 1000.0 / (last.at_ms - first.at_ms).max(1) as f64);
        age = age.max(median(shown.iter().map(|shown| f64::from(shown.age_ms)).collect()));
        longest = longest.max(gaps.iter().copied().max().unwrap_or(0));
        frozen = frozen.max(gaps.iter().filter(|gap| **gap > FREEZE_MS).sum());
        if let Some(returned) = returned {
            // Made after the return: what was under way before does not count.
            let after = shown.iter().find(|shown| shown.at_ms.saturating_sub(u64::from(shown.age_ms)) >= returned);
            back = back.max(after.map_or(u64::MAX, |shown| shown.at_ms - returned));
        }
        lines = lines.min(last.lines);
        errors += report.peer("decrypt_errors").as_u64().unwrap_or(0) + report.camera.refused as u64;
    }
    let back = returned.map_or_else(String::new, |_| back.to_string());
    println!("{name:34} {rate:>8.1} {age:>7.0} {longest:>9} {frozen:>8} {back:>8} {lines:>7} {errors:>7}");
}
