//! Devices on a sound server and a display of their own. The variables that name these can be set for a new process only, so each test
//! runs its second half, which is ignored otherwise, in a process of its own.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test of devices lives in real time and ends at the first fault"
)]

use std::f32::consts::TAU;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bezel_calls::device::{BLOCK, Block, DeviceError, devices, open_camera, open_microphone, open_screen, open_speaker};

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs an ignored test in a process with these variables.
fn run_inside(test: &str, variables: &[(&str, &str)]) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([test, "--exact", "--ignored", "--nocapture"]);
    for name in ["PULSE_RUNTIME_PATH", "PULSE_SERVER", "DISPLAY", "WAYLAND_DISPLAY"] {
        command.env_remove(name);
    }
    assert!(command.envs(variables.iter().copied()).status().unwrap().success(), "{test} failed");
}

fn pactl(arguments: &[&str]) -> String {
    let output = Command::new("pactl").args(arguments).output().unwrap();
    assert!(output.status.success(), "pactl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn with_sound_server(test: &str) {
    let home = tempfile::tempdir().unwrap();
    let socket = home.path().join("native");
    let mut arguments = vec!["--daemonize=no".to_owned(), "--exit-idle-time=-1".into(), "--system=false".into(), "-n".into()];
    arguments.extend(["-L".into(), "module-null-sink sink_name=hall".into()]);
    arguments.extend(["-L".into(), "module-remap-source source_name=ear master=hall.monitor".into()]);
    // Last, so that whoever finds the socket finds the devices.
    arguments.extend(["-L".into(), format!("module-native-protocol-unix auth-anonymous=1 socket={}", socket.display())]);
    let mut daemon = Command::new("pulseaudio");
    daemon.args(arguments).env("HOME", home.path()).env("XDG_RUNTIME_DIR", home.path()).stderr(Stdio::null());
    let _daemon = Running(daemon.spawn().unwrap());
    let deadline = Instant::now() + Duration::from_secs(10);
    while !socket.exists() {
        assert!(Instant::now() < deadline, "the sound server did not start");
        std::thread::yield_now();
    }
    run_inside(test, &[("PULSE_SERVER", &format!("unix:{}", socket.display())), ("HOME", home.path().to_str().unwrap())]);
}

fn ids() -> (String, String) {
    let found = devices();
    let id = |list: &[bezel_calls::device::DeviceInfo], part: &str| {
        list.iter().find(|device| device.id.ends_with(part)).unwrap_or_else(|| panic!("no {part} in {list:?}")).id.clone()
    };
    (id(&found.speakers, "hall"), id(&found.microphones, "ear"))
}

#[test]
fn a_tone_is_heard_as_it_is_played() {
    with_sound_server("inside_a_tone_is_heard");
}

#[test]
#[ignore = "runs inside a_tone_is_heard_as_it_is_played"]
fn inside_a_tone_is_heard() {
    let (speaker, microphone) = ids();
    let mut speaker = open_speaker(Some(&speaker)).unwrap();
    let mut microphone = open_microphone(Some(&microphone)).unwrap();
    let (begin, began) = std::sync::mpsc::channel();
    let player = std::thread::spawn(move || {
        for number in 0..250usize {
            let loud = number >= 100;
            let tone: Block = std::array::from_fn(|at| {
                let seconds = (number * BLOCK + at) as f32 / 48_000.0;
                if loud { 0.5 * (TAU * 1000.0 * seconds).sin() } else { 0.0 }
            });
            if number == 100 {
                begin.send(Instant::now()).unwrap();
            }
            speaker.write(&tone).unwrap();
        }
    });
    let (mut heard_at, mut heard) = (None, Vec::new());
    while heard.len() < 48_000 {
        let mut block = [0.0; BLOCK];
        microphone.read(&mut block).unwrap();
        if heard_at.is_none() && block.iter().any(|sample| sample.abs() > 0.1) {
            heard_at = Some(Instant::now());
        } else if heard_at.is_some() {
            heard.extend(block);
        }
    }
    let latency = heard_at.unwrap().duration_since(began.recv().unwrap());
    println!("latency {latency:?}");
    let power = heard.iter().map(|sample| sample * sample).sum::<f32>() / heard.len() as f32;
    let crossings = heard.windows(2).filter(|pair| pair[0] < 0.0 && pair[1] >= 0.0).count();
    assert!((power.sqrt() - 0.3535).abs() < 0.03, "a level of {}", power.sqrt());
    assert!(crossings.abs_diff(1000) <= 5, "{crossings} Hz");
    assert!(latency < Duration::from_millis(100), "{latency:?}");
    player.join().unwrap();
}

#[test]
fn an_unplugged_device_is_gone() {
    with_sound_server("inside_an_unplugged_device");
}

#[test]
#[ignore = "runs inside an_unplugged_device_is_gone"]
fn inside_an_unplugged_device() {
    let (speaker, microphone) = ids();
    let (mut speaker, mut microphone) = (open_speaker(Some(&speaker)).unwrap(), open_microphone(Some(&microphone)).unwrap());
    let mut block = [0.0; BLOCK];
    microphone.read(&mut block).unwrap();
    speaker.write(&block).unwrap();
    pactl(&["unload-module", "module-remap-source"]);
    pactl(&["unload-module", "module-null-sink"]);
    let unplugged = Instant::now();
    let limit = Duration::from_secs(2);
    let played = std::thread::spawn(move || {
        loop {
            if let Err(error) = speaker.write(&[0.0; BLOCK]) {
                return error;
            }
        }
    });
    let heard = loop {
        if let Err(error) = microphone.read(&mut block) {
            break error;
        }
    };
    assert!(matches!(heard, DeviceError::Gone(_)), "{heard}");
    assert!(matches!(played.join().unwrap(), DeviceError::Gone(_)));
    assert!(unplugged.elapsed() < limit, "{:?}", unplugged.elapsed());
}

#[test]
fn a_screen_is_seen_in_its_colour() {
    let mut display = Command::new("Xvfb");
    display.args(["-screen", "0", "1280x720x24", "-noreset", "-nolisten", "tcp", "-displayfd", "1"]);
    let mut display = Running(display.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
    let mut number = String::new();
    BufReader::new(display.0.stdout.take().unwrap()).read_line(&mut number).unwrap();
    run_inside("inside_a_screen", &[("DISPLAY", &format!(":{}", number.trim()))]);
}

#[test]
#[ignore = "runs inside a_screen_is_seen_in_its_colour"]
fn inside_a_screen() {
    // Looked at before and after: a change is to be seen.
    let screen = devices().screens.first().cloned().unwrap();
    let mut pictures = open_screen(Some(&screen.id), 15).unwrap();
    assert_eq!(pictures.next().unwrap().size(), (1280, 720));
    assert!(Command::new("xsetroot").args(["-solid", "#c82850"]).status().unwrap().success());
    let picture = pictures.next().unwrap();
    let middle = (picture.planes().y[640 * 360], picture.planes().u[0], picture.planes().v[0]);
    // BT.601, limited range, of (200, 40, 80).
    for (seen, wanted) in [(middle.0, 95u8), (middle.1, 122), (middle.2, 195)] {
        assert!(seen.abs_diff(wanted) <= 3, "{middle:?}");
    }
}

#[test]
fn without_devices_lists_are_empty_and_errors_are_clear() {
    run_inside("inside_without_devices", &[("PULSE_SERVER", "unix:/nonexistent/native")]);
}

#[test]
#[ignore = "runs inside without_devices_lists_are_empty_and_errors_are_clear"]
fn inside_without_devices() {
    let found = devices();
    assert!(found.screens.is_empty() && found.windows.is_empty(), "{found:?}");
    assert!(open_microphone(Some("pulseaudio:none")).map(drop).unwrap_err().to_string().contains("choose another device"));
    assert!(open_speaker(Some("nonsense")).map(drop).unwrap_err().to_string().contains("choose another device"));
    assert!(open_camera(Some("97"), 640, 360, 30).map(drop).unwrap_err().to_string().contains("camera 97"));
    assert!(open_screen(None, 15).map(drop).unwrap_err().to_string().contains("screen"));
}
