//! A real display shared in a whole call: the other side sees what is on it.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails by panicking, and lives in real time")]

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::rig::end::Settings;
use crate::rig::pair::Pair;

/// A display, until it is dropped.
struct Display {
    server: Child,
    name: String,
}

impl Display {
    fn start() -> Self {
        let mut server = Command::new("Xvfb");
        server.args(["-screen", "0", "1280x720x24", "-noreset", "-nolisten", "tcp", "-displayfd", "1"]);
        let mut server = server.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut number = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut number).unwrap();
        Self { server, name: format!(":{}", number.trim()) }
    }

    fn paint(&self, colour: &str) {
        let painted = Command::new("xsetroot").args(["-display", &self.name, "-solid", colour]).status().unwrap();
        assert!(painted.success(), "{colour}");
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

#[test]
fn what_is_on_a_shared_screen_is_seen_at_the_other_side() {
    let display = Display::start();
    display.paint("#204080");
    let end = || {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["inside_an_end", "--exact", "--ignored", "--nocapture"]);
        command.env("DISPLAY", &display.name).env_remove("WAYLAND_DISPLAY");
        command
    };
    let local = |settings| Settings { addresses: vec!["127.0.0.1:0".parse().unwrap()], ..settings };
    let shares = Settings { shares_screen: true, ..local(Settings::new(1, true)) };
    let pair = Pair::start([end(), end()], &[shares, local(Settings::new(2, false))]);
    pair.until_pictures();
    // BT.601, limited range, of three colours, one after the other.
    for (colour, wanted) in [("#204080", [69, 161, 109]), ("#c82850", [95, 122, 195]), ("#30b060", [126, 112, 77])] {
        display.paint(colour);
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let seen = pair.ends[1].report();
            if seen.screen.colour.iter().zip(wanted).all(|(seen, wanted)| seen.abs_diff(wanted) <= 4) {
                assert_eq!(seen.peer("decrypt_errors"), 0, "{}", seen.stats);
                break;
            }
            assert!(Instant::now() < deadline, "{colour} is seen as {:?}: {}", seen.screen.colour, seen.stats);
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}
