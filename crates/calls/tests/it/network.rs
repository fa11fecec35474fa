//! Calls between two network namespaces over a line with faults: they go on, and come back by themselves.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails by panicking, and lives in real time")]

use std::process::Command;
use std::time::{Duration, Instant};

use crate::rig;
use crate::rig::end::{Order, Settings};
use crate::rig::line::{Fault, Line, Side};
use crate::rig::pair::{End, Heard, Pair};

/// A call over a line: side A calls, and offers where its id is the lower one.
fn call(line: &Line, settings: [Settings; 2]) -> Pair {
    let program = std::env::current_exe().unwrap();
    let end = |side| {
        let mut command: Command = line.command(side, &program);
        command.args(["inside_an_end", "--exact", "--ignored", "--nocapture"]);
        command
    };
    let pair = Pair::start([end(Side::A), end(Side::B)], &settings);
    pair.until_pictures();
    pair
}

/// Both ends see so many pictures of the other that were made after `since_ms`, each once and in order, and nothing failed to open.
fn see_each_other(pair: &Pair, since_ms: u64, at_least: usize) {
    let deadline = Instant::now() + Duration::from_secs(60);
    for end in &pair.ends {
        let mut shown = Vec::new();
        loop {
            let report = end.report();
            shown.extend(report.camera.shown.iter().copied());
            assert_eq!(report.peer("decrypt_errors"), 0, "{}", report.stats);
            if shown.iter().filter(|shown| shown.at_ms - u64::from(shown.age_ms) >= since_ms).count() >= at_least {
                break;
            }
            let phases = end.heard(|heard| heard.phases.clone());
            assert!(Instant::now() < deadline, "{} pictures, {phases:?}, {}", shown.len(), report.stats);
            std::thread::sleep(Duration::from_millis(100));
        }
        assert!(shown.is_sorted_by(|a, b| a.number < b.number), "each once, in order");
    }
}

/// No frame came twice to either end.
fn none_came_twice(pair: &Pair) {
    for report in pair.reports() {
        assert_eq!(report.peer("replays"), 0, "{}", report.stats);
    }
}

/// Waits until an end notices that the path is gone. The other may not: it hears of the new one first.
fn lose_the_path(pair: &Pair) {
    let deadline = Instant::now() + Duration::from_secs(60);
    let has_lost = |heard: &Heard| heard.phases.iter().any(|(phase, ..)| phase == "reconnecting");
    while !pair.ends.iter().any(|end| end.heard(has_lost)) {
        assert!(Instant::now() < deadline, "nobody noticed that the path is gone");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn is_live(heard: &mut Heard) -> bool {
    heard.phases.last().is_some_and(|(phase, ..)| phase == "live")
}

#[test]
fn pictures_come_whole_and_in_order_though_every_tenth_packet_is_lost() {
    let mut line = Line::new();
    let pair = call(&line, [Settings::new(1, true), Settings::new(2, false)]);
    line.set(0, Fault { loss: 0.1, delay: 10.0, ..Fault::default() });
    see_each_other(&pair, rig::epoch_ms(), 100);
    none_came_twice(&pair);
    // Packets were lost, so this means something.
    let deadline = Instant::now() + Duration::from_secs(60);
    while pair.ends[1].report().peer("loss_out").as_f64().unwrap() <= 0.0 {
        assert!(Instant::now() < deadline, "nothing was lost");
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn pictures_come_in_order_though_packets_overtake_each_other() {
    let mut line = Line::new();
    let pair = call(&line, [Settings::new(1, true), Settings::new(2, false)]);
    line.set(0, Fault { delay: 30.0, jitter: 20.0, ..Fault::default() });
    see_each_other(&pair, rig::epoch_ms(), 100);
    none_came_twice(&pair);
}

#[test]
fn a_narrow_line_makes_pictures_smaller() {
    let mut line = Line::new();
    let pair = call(&line, [Settings::new(1, true), Settings::new(2, false)]);
    line.set(0, Fault { rate: 500_000.0, delay: 10.0, ..Fault::default() });
    let deadline = Instant::now() + Duration::from_secs(60);
    for end in &pair.ends {
        while end.report().camera.shown.last().is_none_or(|shown| shown.lines > 360) {
            assert!(Instant::now() < deadline, "{}", end.report().stats);
            std::thread::sleep(Duration::from_millis(500));
        }
    }
    see_each_other(&pair, rig::epoch_ms(), 30);
    none_came_twice(&pair);
}

#[test]
fn after_a_cut_the_call_comes_back_by_itself() {
    let mut line = Line::new();
    let pair = call(&line, [Settings::new(1, true), Settings::new(2, false)]);
    line.set(0, Fault { cut: true, ..Fault::default() });
    lose_the_path(&pair);
    std::thread::sleep(Duration::from_secs(3));
    line.set(0, Fault::default());
    let returned = rig::epoch_ms();
    pair.ends.iter().for_each(|end| end.until("the return", is_live));
    see_each_other(&pair, returned, 30);
    none_came_twice(&pair);
}

#[test]
fn a_call_goes_on_by_another_path_whoever_made_the_offer() {
    for ids in [[1, 2], [2, 1]] {
        let line = Line::new();
        let pair = call(&line, [Settings::new(ids[0], true), Settings::new(ids[1], false)]);
        let carried = |end: &End| end.report().peer("bytes_in").as_u64().unwrap();
        let before = pair.ends.each_ref().map(carried);
        line.switch();
        let switched = rig::epoch_ms();
        see_each_other(&pair, switched, 30);
        none_came_twice(&pair);
        assert!(pair.ends.each_ref().map(carried) > before, "what the old path carried counts on");
    }
}

#[test]
fn another_network_is_taken_while_the_old_one_carries_and_nothing_breaks_off() {
    let mut line = Line::new();
    line.set(0, Fault { delay: 60.0, ..Fault::default() });
    let pair = call(&line, [Settings::new(1, true), Settings::new(2, false)]);
    let joined = rig::epoch_ms();
    line.join();
    let deadline = Instant::now() + Duration::from_secs(60);
    while !pair.ends.iter().all(|end| (0.1..50.0).contains(&end.report().peer("round_trip_ms").as_f64().unwrap())) {
        assert!(Instant::now() < deadline, "the quicker network was not taken: {}", pair.ends[0].report().stats);
        std::thread::sleep(Duration::from_millis(100));
    }
    line.leave();
    let left = rig::epoch_ms();
    see_each_other(&pair, left, 60);
    none_came_twice(&pair);
    for end in &pair.ends {
        let phases = end.heard(|heard| heard.phases.clone());
        let broke = phases.iter().any(|(phase, _, at_ms)| phase == "reconnecting" && *at_ms >= joined);
        assert!(!broke, "{phases:?}");
    }
}

#[test]
fn the_person_is_asked_when_no_attempt_helped_and_may_go_on() {
    let mut line = Line::new();
    let quick = |settings| Settings { attempt_ms: 2500, ..settings };
    let pair = call(&line, [quick(Settings::new(1, true)), quick(Settings::new(2, false))]);
    line.set(0, Fault { cut: true, ..Fault::default() });
    let asks = |heard: &mut Heard| heard.phases.last().is_some_and(|(_, asks, _)| *asks);
    pair.ends.iter().for_each(|end| end.until("the question", asks));
    line.set(0, Fault::default());
    let returned = rig::epoch_ms();
    pair.ends.iter().for_each(|end| end.tell(&Order::Retry));
    pair.ends.iter().for_each(|end| end.until("the return", is_live));
    see_each_other(&pair, returned, 30);
    none_came_twice(&pair);
}
