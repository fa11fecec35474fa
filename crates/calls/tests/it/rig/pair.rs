//! Two ends of a call, and the way by which their signals go.

use std::io::{BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use bezel_protocol::content::SignalBody;

use super::end::{Order, Report, Settings, Told, VARIABLE};

/// What is waited for comes within so long, or not at all.
const PATIENCE: Duration = Duration::from_secs(60);

/// Two processes that call each other.
pub struct Pair {
    pub ends: [End; 2],
    way: Arc<Way>,
}

/// One of them.
pub struct End {
    process: Child,
    input: Arc<Mutex<ChildStdin>>,
    heard: Arc<(Mutex<Heard>, Condvar)>,
}

/// What an end told so far.
#[derive(Debug, Default)]
pub struct Heard {
    /// Every phase, whether the person was asked, and when (milliseconds since the epoch).
    pub phases: Vec<(String, bool, u64)>,
    /// Every signal that it sent.
    pub signals: Vec<SignalBody>,
    reports: Vec<Report>,
    /// When it answered, and when it saw the first picture: milliseconds since the epoch.
    pub answered_at_ms: Option<u64>,
    first_at_ms: Option<u64>,
    pub has_ended: bool,
}

/// What passes signals on, as a relay does.
#[derive(Default)]
struct Way {
    is_cut: AtomicBool,
    delay_ms: AtomicU64,
}

impl Pair {
    /// Starts both ends: the first calls. `commands` start a process that runs [`super::end::run_if_asked`].
    pub fn start(commands: [Command; 2], settings: &[Settings; 2]) -> Self {
        let way = Arc::<Way>::default();
        let mut processes: Vec<Child> = commands
            .into_iter()
            .zip(settings)
            .map(|(mut command, settings)| {
                command.env(VARIABLE, serde_json::to_string(settings).unwrap());
                command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the program is there")
            })
            .collect();
        let inputs: Vec<_> = processes.iter_mut().map(|process| Arc::new(Mutex::new(process.stdin.take().unwrap()))).collect();
        let mut ends = Vec::new();
        for (index, mut process) in processes.into_iter().enumerate() {
            let heard = Arc::<(Mutex<Heard>, Condvar)>::default();
            let said = BufReader::new(process.stdout.take().unwrap());
            let (keeps, way, other, id) = (Arc::clone(&heard), Arc::clone(&way), Arc::clone(&inputs[1 - index]), settings[index].id);
            std::thread::spawn(move || listen(said, &keeps, &way, &other, id));
            ends.push(End { process, input: Arc::clone(&inputs[index]), heard });
        }
        Self { ends: ends.try_into().ok().unwrap(), way }
    }

    /// No signal comes through any more, or they do again; the ends are told of the latter.
    pub fn cut_signals(&self, is_cut: bool) {
        self.way.is_cut.store(is_cut, Ordering::Relaxed);
        if !is_cut {
            self.ends.iter().for_each(|end| end.tell(&Order::RelayBack));
        }
    }

    /// A signal takes so long.
    pub fn delay_signals(&self, by: Duration) {
        self.way.delay_ms.store(by.as_millis() as u64, Ordering::Relaxed);
    }

    /// What both ends saw since the last reports.
    pub fn reports(&self) -> [Report; 2] {
        [self.ends[0].report(), self.ends[1].report()]
    }

    /// Waits until both ends show the other's camera.
    pub fn until_pictures(&self) {
        for end in &self.ends {
            let deadline = Instant::now() + PATIENCE;
            while end.report().camera.shown.is_empty() {
                assert!(Instant::now() < deadline, "no picture: {:?}", end.heard.0.lock().unwrap().phases);
                std::thread::sleep(Duration::from_millis(50));
            }
        }
    }
}

impl End {
    pub fn tell(&self, order: &Order) {
        say(&self.input, order);
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// What it saw since the last report.
    pub fn report(&self) -> Report {
        self.tell(&Order::Report);
        let mut report = None;
        self.until("a report", |heard| {
            report = heard.reports.pop();
            report.is_some()
        });
        report.unwrap()
    }

    /// Waits until what it told is so.
    pub fn until(&self, what: &str, is: impl FnMut(&mut Heard) -> bool) {
        self.until_within(PATIENCE, what, is);
    }

    pub fn until_within(&self, patience: Duration, what: &str, mut is: impl FnMut(&mut Heard) -> bool) {
        let (heard, changed) = &*self.heard;
        let (heard, waited) = changed.wait_timeout_while(heard.lock().unwrap(), patience, |heard| !is(heard)).unwrap();
        assert!(!waited.timed_out(), "{what} did not come: {:?}", heard.phases);
    }

    /// When it saw the first picture that it reported, in milliseconds since the epoch.
    pub fn first_picture(&self) -> Option<u64> {
        self.heard(|heard| heard.first_at_ms)
    }

    /// What it told so far.
    pub fn heard<T>(&self, read: impl FnOnce(&Heard) -> T) -> T {
        read(&self.heard.0.lock().unwrap())
    }
}

impl Drop for End {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn say(input: &Mutex<ChildStdin>, order: &Order) {
    // One that ended hears nothing.
    let _ = writeln!(input.lock().unwrap(), "{}", serde_json::to_string(order).unwrap());
}

fn listen(said: impl std::io::BufRead, keeps: &(Mutex<Heard>, Condvar), way: &Way, other: &Mutex<ChildStdin>, id: u8) {
    let mut number = 0;
    for line in said.lines() {
        let Ok(line) = line else { return };
        // A test's process says other things too.
        let Some(told) = line.find('{').or_else(|| line.find("\"Ended\"")).and_then(|at| serde_json::from_str(&line[at..]).ok()) else {
            continue;
        };
        let mut heard = keeps.0.lock().unwrap();
        match told {
            Told::Send(body) => {
                heard.signals.push(body.clone());
                drop(heard);
                number += 1;
                std::thread::sleep(Duration::from_millis(way.delay_ms.load(Ordering::Relaxed)));
                if !way.is_cut.load(Ordering::Relaxed) {
                    say(other, &Order::Signal(id, number, body));
                }
            }
            Told::Phase(name, asks, at_ms) => heard.phases.push((name, asks, at_ms)),
            Told::Report(report) => {
                heard.first_at_ms = heard.first_at_ms.or(report.camera.shown.first().map(|shown| shown.at_ms));
                heard.reports.push(*report);
            }
            Told::Answers(at_ms) => heard.answered_at_ms = Some(at_ms),
            Told::Ended => heard.has_ended = true,
        }
        keeps.1.notify_all();
    }
}
