//! Devices on a sound server and a display of their own. The variables that name these can be set for a new process only, so each test
//! runs its second half, which is ignored otherwise, in a process of its own.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
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
    command.args([&format!("devices::{test}"), "--exact", "--ignored", "--nocapture"]);
    for name in ["PULSE_RUNTIME_PATH", "PULSE_SERVER", "DISPLAY", "WAYLAND_DISPLAY"] {
        command.env_remove(name);
    }
    let output = command.envs(variables.iter().copied()).stderr(Stdio::inherit()).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    // A name that is not there would run nothing, successfully.
    assert!(output.status.success() && told.contains("1 passed"), "{test} failed: {told}");
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
    let deadline = Instant::now() + Duration::from_secs(60);
    while !socket.exists() {
        assert!(Instant::now() < deadline, "the sound server did not start");
        std::thread::sleep(Duration::from_millis(10));
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

/// So many bursts of the tone, each after a pause; in blocks of 10 ms.
const BURSTS: usize = 9;
const PAUSE: usize = 40;
const LOUD: usize = 60;

#[test]
#[ignore = "runs inside a_tone_is_heard_as_it_is_played"]
fn inside_a_tone_is_heard() {
    let (speaker, microphone) = ids();
    let mut speaker = open_speaker(Some(&speaker)).unwrap();
    let mut microphone = open_microphone(Some(&microphone)).unwrap();
    let player = std::thread::spawn(move || {
        let mut begun = Vec::new();
        for number in 0..BURSTS * (PAUSE + LOUD) {
            let is_loud = number % (PAUSE + LOUD) >= PAUSE;
            let tone: Block = std::array::from_fn(|at| {
                let seconds = (number * BLOCK + at) as f32 / 48_000.0;
                if is_loud { 0.5 * (TAU * 1000.0 * seconds).sin() } else { 0.0 }
            });
            if number % (PAUSE + LOUD) == PAUSE {
                begun.push(Instant::now());
            }
            speaker.write(&tone).unwrap();
        }
        // What is under way is heard as well.
        for _ in 0..PAUSE {
            speaker.write(&[0.0; BLOCK]).unwrap();
        }
        begun
    });
    let mut heard: Vec<(Instant, Block)> = Vec::new();
    while !player.is_finished() {
        let mut block = [0.0; BLOCK];
        microphone.read(&mut block).unwrap();
        heard.push((Instant::now(), block));
    }
    let begun = player.join().unwrap();
    // On a busy machine the player may stumble: each number is the middle one of many.
    let loud: Vec<&(Instant, Block)> = heard.iter().filter(|(_, block)| peak(block) > 0.2).collect();
    assert!(loud.len() >= BURSTS * LOUD / 2, "{} of {} blocks of the tone", loud.len(), BURSTS * LOUD);
    let usual = median(loud.iter().map(|(_, block)| peak(block)).collect());
    assert!((usual - 0.5).abs() < 0.01, "a peak of {usual}");
    let period = median(loud.iter().flat_map(|(_, block)| periods(block)).collect());
    assert!((period - 48.0).abs() < 0.1, "{} Hz", 48_000.0 / period);
    let latencies = begun.iter().filter_map(|begun| loud.iter().find(|(at, _)| at > begun).map(|(at, _)| at.duration_since(*begun)));
    let latency = median(latencies.map(|latency| latency.as_secs_f32()).collect());
    println!("latency {:.0} ms", latency * 1000.0);
    // The machine's own buffers grow while it is busy; what is ours adds no second to that.
    assert!(latency < 0.25, "{latency} s");
}

/// The loudest sample: a hole in the block does not make it less.
fn peak(block: &Block) -> f32 {
    block.iter().fold(0.0, |peak, sample| peak.max(sample.abs()))
}

/// Samples from one upward crossing of zero to the next, by the straight line between samples.
fn periods(block: &Block) -> Vec<f32> {
    let crossings = block.windows(2).enumerate().filter(|(_, pair)| pair[0] < 0.0 && pair[1] >= 0.0);
    let crossings: Vec<f32> = crossings.map(|(at, pair)| at as f32 - pair[0] / (pair[1] - pair[0])).collect();
    crossings.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

fn median(mut values: Vec<f32>) -> f32 {
    values.sort_by(f32::total_cmp);
    values[values.len() / 2]
}

#[test]
fn an_unplugged_device_is_gone() {
    with_sound_server("inside_an_unplugged_device");
}

#[test]
#[ignore = "runs inside an_unplugged_device_is_gone"]
fn inside_an_unplugged_device() {
    // The middle one of three counts: a busy machine may hold one up.
    let taken = (0..3).map(|round| {
        if round > 0 {
            pactl(&["load-module", "module-null-sink", "sink_name=hall"]);
            pactl(&["load-module", "module-remap-source", "source_name=ear", "master=hall.monitor"]);
        }
        unplug().as_secs_f32()
    });
    let taken = median(taken.collect());
    assert!(taken < 5.0, "{taken} s");
}

/// Unplugs a loudspeaker and a microphone that are in use, and says after how long both were told.
fn unplug() -> Duration {
    let (speaker, microphone) = ids();
    let (mut speaker, mut microphone) = (open_speaker(Some(&speaker)).unwrap(), open_microphone(Some(&microphone)).unwrap());
    let mut block = [0.0; BLOCK];
    microphone.read(&mut block).unwrap();
    speaker.write(&block).unwrap();
    pactl(&["unload-module", "module-remap-source"]);
    pactl(&["unload-module", "module-null-sink"]);
    let unplugged = Instant::now();
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
    unplugged.elapsed()
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
    let mut seen = Vec::new();
    // The display's server draws when it gets to it.
    while seen.len() < 20 {
        let picture = pictures.next().unwrap();
        let middle = (picture.planes().y[640 * 360], picture.planes().u[0], picture.planes().v[0]);
        // BT.601, limited range, of (200, 40, 80).
        if [(middle.0, 95u8), (middle.1, 122), (middle.2, 195)].iter().all(|(seen, wanted)| seen.abs_diff(*wanted) <= 3) {
            return;
        }
        seen.push(middle);
    }
    panic!("other colours: {seen:?}");
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
    // A machine that has a camera may run this too.
    if found.cameras.is_empty() {
        let none = open_camera(None, 640, 360, 30).map(drop).unwrap_err().to_string();
        assert_eq!(none, "A camera is not there: choose another device");
    }
    assert!(open_screen(None, 15).map(drop).unwrap_err().to_string().contains("screen"));
}
