//! Our calls beside Chromium's with itself, on the loopback interface of one machine, by turns.
//!
//! Both send the same moving pattern of 1280x720 at 30 pictures a second and a tone, both ways, by VP8 and Opus; the counter and the clock in the
//! picture are read out of what the other side's decoder gave. `BEZEL_CALLS` (5) calls each, `BEZEL_SECONDS` (20) measured of each.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bezel_calls::device::{Pictures as _, SyntheticPictures};
use serde::Deserialize;

use crate::processor::{load, seconds};
use crate::rig::end::Settings;
use crate::rig::median;
use crate::rig::pair::Pair;

/// What was measured of one call. Processor time in processors.
#[derive(Debug, Deserialize)]
struct Call {
    /// From answering to the first decoded picture at each side, in milliseconds.
    first: Vec<Option<f64>>,
    /// Of each side's pictures: from drawn to decoded, in milliseconds.
    ages: Vec<Vec<Option<f64>>>,
    /// Lines of each side's last picture.
    sizes: Vec<u32>,
    cpu: f64,
    seconds: f64,
}

/// Drawing alone.
#[derive(Debug, Deserialize)]
struct Source {
    source: f64,
}

/// So long the rates climb before anything is measured.
const WARM: u64 = 20;

pub(crate) fn run() {
    let (calls, measured) = (crate::setting("BEZEL_CALLS", 5), crate::setting("BEZEL_SECONDS", 20));
    println!("load before {}", load());
    let our_source = 2.0 * drawing(Duration::from_secs(measured.min(10)));
    let (mut ours, mut theirs, mut their_sources) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..calls {
        ours.push(ours_once(measured));
        let (source, call) = theirs_once(measured);
        their_sources.push(source);
        theirs.push(call);
    }
    let their_source = median(their_sources);
    println!("{:44} {:>9} {:>9} {:>7}", format!("median of {calls} calls each, by turns"), "ours", "Chromium", "ratio");
    let row = |name: &str, ours: f64, theirs: f64| println!("{name:44} {ours:>9.2} {theirs:>9.2} {:>7.2}", ours / theirs);
    let first = |calls: &[Call]| median(calls.iter().flat_map(|call| call.first.iter().flatten().copied()).collect());
    row("from answer to first decoded picture, ms", first(&ours), first(&theirs));
    let ages = |calls: &[Call]| -> Vec<f64> { calls.iter().flat_map(|call| call.ages.iter().flatten().flatten().copied()).collect() };
    row("picture drawn to picture decoded, ms: median", median(ages(&ours)), median(ages(&theirs)));
    row("95 of 100", percentile(ages(&ours), 95), percentile(ages(&theirs), 95));
    let cpu = |calls: &[Call]| median(calls.iter().map(|call| call.cpu / 2.0 * 100.0).collect());
    row("% of a processor a stream, all of it", cpu(&ours), cpu(&theirs));
    row("% of a processor a stream, drawing taken off", cpu(&ours) - our_source * 50.0, cpu(&theirs) - their_source * 50.0);
    let rate =
        |calls: &[Call]| median(calls.iter().flat_map(|call| call.ages.iter().map(|ages| ages.len() as f64 / call.seconds)).collect());
    row("pictures a second", rate(&ours), rate(&theirs));
    let size = |calls: &[Call]| median(calls.iter().flat_map(|call| call.sizes.iter().map(|lines| f64::from(*lines))).collect());
    row("lines of a picture", size(&ours), size(&theirs));
    println!("load after {}", load());
}

fn percentile(mut values: Vec<f64>, percent: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() * percent / 100).copied().unwrap_or(f64::NAN)
}

/// What drawing the pattern takes, in processors.
fn drawing(during: Duration) -> f64 {
    let (before, began) = (seconds(std::process::id()), Instant::now());
    let mut pictures = SyntheticPictures::new(1280, 720, 30);
    while began.elapsed() < during {
        std::hint::black_box(pictures.next().unwrap());
    }
    (seconds(std::process::id()) - before) / began.elapsed().as_secs_f64()
}

fn ours_once(measured: u64) -> Call {
    let local = |settings| Settings { addresses: vec!["127.0.0.1:0".parse().unwrap()], ..settings };
    let pair = Pair::start([crate::end(), crate::end()], &[local(Settings::new(1, true)), local(Settings::new(2, false))]);
    pair.until_pictures();
    std::thread::sleep(Duration::from_secs(WARM));
    let firsts = pair.ends.each_ref().map(|end| end.first_picture());
    let answered = pair.ends[1].heard(|heard| heard.answered_at_ms);
    pair.reports();
    let before: f64 = pair.ends.iter().map(|end| seconds(end.pid())).sum();
    let began = Instant::now();
    std::thread::sleep(Duration::from_secs(measured));
    let cpu = pair.ends.iter().map(|end| seconds(end.pid())).sum::<f64>() - before;
    let elapsed = began.elapsed().as_secs_f64();
    let reports = pair.reports();
    Call {
        first: firsts.iter().map(|first| Some(((*first)? - answered?) as f64)).collect(),
        ages: reports.iter().map(|report| report.camera.shown.iter().map(|shown| Some(f64::from(shown.age_ms))).collect()).collect(),
        sizes: reports.iter().map(|report| report.camera.shown.last().map_or(0, |shown| shown.lines)).collect(),
        cpu: cpu / elapsed,
        seconds: elapsed,
    }
}

fn theirs_once(measured: u64) -> (f64, Call) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/calls/chromium.mjs");
    let mut node =
        Command::new("node").args([script, "1", &WARM.to_string(), &measured.to_string()]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(node.stdout.take().unwrap()).lines();
    let source: Source = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    let call = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    node.wait().unwrap();
    (source.source, call)
}
