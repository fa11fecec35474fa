//! A process that is one end of a call: told by lines of JSON on its standard input, telling by lines on its standard output.

use std::io::{BufRead as _, Write as _};
use std::net::SocketAddr;
use std::time::Duration;

use bezel_calls::call::{Input, Limits, Phase, Sender};
use bezel_calls::connection::ConnectionOptions;
use bezel_calls::device::{SilentSpeaker, SyntheticMicrophone, SyntheticPictures, open_screen};
use bezel_calls::session::{Command, Event, Session, SessionOptions};
use bezel_crypto::Secret;
use bezel_crypto::call::CallSecret;
use bezel_protocol::content::{MediaState, SignalBody};
use bezel_protocol::wire::IceServer;
use bezel_protocol::{CallId, DeviceId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::epoch_ms;
use super::watcher::{Kept, Seen, Watcher};

/// Holds the settings of an end.
pub const VARIABLE: &str = "BEZEL_CALL_END";

const VIDEO: MediaState = MediaState { microphone: true, camera: true, screen: false };

/// What an end is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Settings {
    /// Every byte of the device's id. The lower of two offers.
    pub id: u8,
    /// Calls; else it is called.
    pub calls: bool,
    pub addresses: Vec<SocketAddr>,
    pub ice_servers: Vec<IceServer>,
    pub is_relay_only: bool,
    /// How long an attempt to connect may take.
    pub attempt_ms: u64,
    /// Shares the first screen of this X display.
    pub shares_screen: bool,
    /// Where it has a camera.
    pub has_camera: bool,
}

impl Settings {
    pub fn new(id: u8, calls: bool) -> Self {
        let addresses = vec!["0.0.0.0:0".parse().unwrap()];
        let (ice_servers, attempt_ms) = (Vec::new(), Limits::default().attempt.as_millis() as u64);
        Self { id, calls, addresses, ice_servers, is_relay_only: false, attempt_ms, shares_screen: false, has_camera: true }
    }
}

/// What an end is told.
#[derive(Debug, Serialize, Deserialize)]
pub enum Order {
    /// A signal of the other end, with its number.
    Signal(u8, u64, SignalBody),
    /// The way to the other end is open again.
    RelayBack,
    /// Goes on trying.
    Retry,
    /// Leaves.
    Leave,
    /// Answers with [`Told::Report`].
    Report,
}

/// What an end tells.
#[derive(Debug, Serialize, Deserialize)]
pub enum Told {
    /// A signal for the other end.
    Send(SignalBody),
    /// Where the call stands, by name; whether the person is asked; and when that was.
    Phase(String, bool, u64),
    /// It answers now: in milliseconds since the epoch.
    Answers(u64),
    /// What it saw since the last report, and how the call does.
    Report(Box<Report>),
    /// It is over.
    Ended,
}

/// What an end saw.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Report {
    pub camera: Seen,
    pub screen: Seen,
    /// [`bezel_calls::session::CallStats`].
    pub stats: Value,
}

impl Report {
    /// A number of the connection to the other end.
    pub fn peer(&self, name: &str) -> &Value {
        &self.stats["peers"][0][name]
    }
}

/// Runs an end, if this process was started as one.
pub fn run_if_asked() -> bool {
    let Ok(settings) = std::env::var(VARIABLE) else { return false };
    let settings: Settings = serde_json::from_str(&settings).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(run(settings));
    // The thread that reads waits for a line that does not come.
    std::process::exit(0);
}

async fn run(settings: Settings) {
    let (watcher, kept) = Watcher::new();
    let options = SessionOptions {
        me: DeviceId::from_bytes([settings.id; 16]),
        others: 1,
        calls: settings.calls.then_some(VIDEO),
        secret: CallSecret::new(CallId::from_bytes([7; 16]), 0, Secret::from_slice(&[9; 32]).unwrap()),
        connection: ConnectionOptions {
            ice_servers: settings.ice_servers.clone(),
            is_relay_only: settings.is_relay_only,
            addresses: settings.addresses.clone(),
        },
        limits: Limits { attempt: Duration::from_millis(settings.attempt_ms), ..Limits::default() },
        sink: watcher,
    };
    let (session, mut events) = Session::start(options);
    let (orders, mut inbox) = tokio::sync::mpsc::unbounded_channel::<Order>();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let Ok(line) = line else { return };
            if orders.send(serde_json::from_str(&line).unwrap()).is_err() {
                return;
            }
        }
    });
    if settings.calls {
        begin(&session, &settings).await;
    }
    let mut has_answered = settings.calls;
    loop {
        tokio::select! {
            order = inbox.recv() => match order {
                Some(order) => obey(order, &session, &kept).await,
                None => return,
            },
            event = events.recv() => match event {
                Some(Event::Send(_, body)) => tell(&Told::Send(body)),
                Some(Event::Changed(view)) => {
                    if matches!(view.phase, Phase::Ringing { .. }) && !has_answered && !view.peers.is_empty() {
                        has_answered = true;
                        begin(&session, &settings).await;
                        tell(&Told::Answers(epoch_ms()));
                        session.tell(Command::Input(Input::Answer(VIDEO))).await;
                    }
                    let (name, asks) = named(&view.phase);
                    tell(&Told::Phase(name.into(), asks, epoch_ms()));
                }
                Some(Event::DeviceFailed(track, error)) => panic!("{track:?}: {error}"),
                Some(Event::SpeakerFailed(error)) => panic!("{error}"),
                Some(Event::Ended { .. }) | None => return tell(&Told::Ended),
            },
        }
    }
}

async fn begin(session: &Session, settings: &Settings) {
    if settings.has_camera {
        session.tell(Command::Camera(Some(Box::new(SyntheticPictures::new(1280, 720, 30))))).await;
    }
    if settings.shares_screen {
        session.tell(Command::Screen(Some(open_screen(None, 15).unwrap()))).await;
    }
    session.tell(Command::Microphone(Some(Box::new(SyntheticMicrophone::new(440.0))))).await;
    session.tell(Command::Speaker(Box::<SilentSpeaker>::default())).await;
}

async fn obey(order: Order, session: &Session, kept: &Kept) {
    match order {
        Order::Signal(from, number, body) => {
            let from = Sender::Member(DeviceId::from_bytes([from; 16]));
            session.tell(Command::Input(Input::Signal { from, number, body })).await;
        }
        Order::RelayBack => session.tell(Command::Input(Input::RelayBack)).await,
        Order::Retry => session.tell(Command::Input(Input::Retry)).await,
        Order::Leave => session.tell(Command::Input(Input::Leave)).await,
        Order::Report => {
            let Some(stats) = session.stats().await else { return };
            let [camera, screen] = kept.take();
            tell(&Told::Report(Box::new(Report { camera, screen, stats: serde_json::to_value(stats).unwrap() })));
        }
    }
}

const fn named(phase: &Phase) -> (&'static str, bool) {
    match phase {
        Phase::Outgoing { .. } => ("outgoing", false),
        Phase::Ringing { .. } => ("ringing", false),
        Phase::Connecting { .. } => ("connecting", false),
        Phase::Live { .. } => ("live", false),
        Phase::Reconnecting { asks, .. } => ("reconnecting", *asks),
        Phase::Ended { .. } => ("ended", false),
    }
}

fn tell(told: &Told) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", serde_json::to_string(told).unwrap()).unwrap();
    out.flush().unwrap();
}
