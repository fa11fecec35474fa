//! Calls through a TURN server that is not ours (coturn): they work, and no address of the machines leaves them.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails by panicking, and lives in real time")]

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use bezel_protocol::content::SignalBody;
use bezel_protocol::wire::IceServer;

use crate::rig::end::Settings;
use crate::rig::line::{Line, Side};
use crate::rig::pair::Pair;

/// Where the TURN server is: on side B, at an address that the end there does not use.
const SERVER: &str = "10.77.1.2";
/// What every address of both ends begins with.
const ENDS: &str = "10.77.0.";

/// coturn, until it is dropped.
struct Turn(Child);

impl Turn {
    fn start(line: &Line) -> Self {
        let mut command = line.command(Side::B, "turnserver".as_ref());
        command.args(["-n", "--no-cli", "--no-tls", "--no-dtls", "--allow-loopback-peers", "--lt-cred-mech", "--realm=bezel.test"]);
        command.args(["--user=ana:correct horse", "--log-file=stdout", "--simple-log", "--pidfile=/dev/null"]);
        command.args([format!("--listening-ip={SERVER}"), format!("--relay-ip={SERVER}")]);
        let turn = Self(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        line.route(Side::A, &format!("{SERVER}/32 via 10.77.0.2"));
        turn
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_call_by_relay_alone_carries_media_and_tells_no_address_of_either_machine() {
    let line = Line::new();
    let _turn = Turn::start(&line);
    let program = std::env::current_exe().unwrap();
    let end = |side| {
        let mut command = line.command(side, &program);
        command.args(["inside_an_end", "--exact", "--ignored", "--nocapture"]);
        command
    };
    let hidden = |id, calls, address: &str| {
        let credential = Some("correct horse".to_owned());
        let server = IceServer { urls: vec![format!("turn:{SERVER}:3478?transport=udp")], username: Some("ana".into()), credential };
        // An attempt has time enough for a server that is just starting.
        Settings {
            ice_servers: vec![server],
            is_relay_only: true,
            addresses: vec![address.parse().unwrap()],
            attempt_ms: 15_000,
            ..Settings::new(id, calls)
        }
    };
    let pair = Pair::start([end(Side::A), end(Side::B)], &[hidden(1, true, "0.0.0.0:0"), hidden(2, false, "10.77.0.2:0")]);
    pair.until_pictures();
    for end in &pair.ends {
        let deadline = Instant::now() + Duration::from_secs(60);
        let mut count = 0;
        while count < 60 {
            assert!(Instant::now() < deadline, "only {count} pictures");
            let report = end.report();
            assert_eq!((report.peer("local"), report.peer("remote")), (&"relay".into(), &"relay".into()), "{}", report.stats);
            assert_eq!(report.peer("decrypt_errors"), 0, "{}", report.stats);
            count += report.camera.shown.len();
            std::thread::sleep(Duration::from_millis(100));
        }
        let (mut candidates, mut descriptions) = (0, 0);
        end.heard(|heard| {
            for signal in &heard.signals {
                let said = serde_json::to_string(signal).unwrap();
                assert!(!said.contains(ENDS), "an address of the machine left it: {said}");
                match signal {
                    SignalBody::Candidates { candidates: lines, .. } => {
                        assert!(lines.iter().all(|line| line.candidate.contains("typ relay")), "{said}");
                        candidates += lines.len();
                    }
                    SignalBody::Offer { .. } | SignalBody::Answer { .. } => descriptions += 1,
                    _ => {}
                }
            }
        });
        assert!(candidates > 0 && descriptions > 0, "there was something to look at");
    }
}
