//! A call that runs: the machine's decisions carried out on connections, devices and keys, by one task.

mod path;
mod paths;
mod peer;
mod run;
mod stats;
mod verifier;

use std::sync::Arc;

use bezel_crypto::call::{CallSecret, Track};
use bezel_protocol::DeviceId;
use bezel_protocol::content::{CallOutcome, MediaState, SignalBody};
use bezel_protocol::wire::IceServer;
use tokio::sync::{mpsc, oneshot};

pub use stats::{CallStats, PeerStats};
pub use verifier::{Seen, Verifier};

use crate::call::{End, Input, Limits, Peer, Phase};
use crate::connection::ConnectionOptions;
use crate::device::{DeviceError, Microphone, Pictures, Speaker};
use crate::media::SharedProcessor;

/// So many commands and events wait.
const QUEUE: usize = 256;

/// Where opened pictures go. Called from the call's task: whoever needs time takes it elsewhere.
pub trait Sink: Send + Sync {
    /// A frame of VP8 of somebody, or, without a peer, of this device. `timestamp` in 1/90000 s.
    fn picture(&self, peer: Option<Peer>, track: Track, frame: &[u8], timestamp: i64);
}

/// How a call runs.
pub struct SessionOptions {
    /// This device.
    pub me: DeviceId,
    /// How many other people the conversation has.
    pub others: usize,
    /// Whether this device calls, with these media; else it is called.
    pub calls: Option<MediaState>,
    /// From which frame keys come.
    pub secret: CallSecret,
    /// How connections are made.
    pub connection: ConnectionOptions,
    /// How long things may take.
    pub limits: Limits,
    /// Where pictures go.
    pub sink: Arc<dyn Sink>,
}

/// What both sides of a conversation with a guest sign with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SafetyKeys {
    /// The members' Ed25519 public key.
    pub members: [u8; 32],
    /// The guest's.
    pub guest: [u8; 32],
}

/// What a call is told.
pub enum Command {
    /// What happens to it.
    Input(Input),
    /// Takes another camera, or none.
    Camera(Option<Box<dyn Pictures>>),
    /// Shares another screen, or none.
    Screen(Option<Box<dyn Pictures>>),
    /// Takes another microphone, or none.
    Microphone(Option<Box<dyn Microphone>>),
    /// Takes another loudspeaker.
    Speaker(Box<dyn Speaker>),
    /// Cleans what the microphone hears, from the next microphone and loudspeaker on.
    Processor(SharedProcessor),
    /// Frames are encrypted from a new secret from now on.
    Rekey(CallSecret),
    /// Somebody's pictures can't be decoded without a key frame.
    KeyFrame(Peer, Track),
    /// This device's own pictures can't be decoded without a key frame.
    OwnKeyFrame(Track),
    /// By what a code to read aloud is made with somebody: what both sides sign with.
    SafetyKeys(Peer, SafetyKeys),
    /// Servers for connections that are made from now on.
    IceServers(Vec<IceServer>),
    /// Whether connections that are made from now on go through a TURN server alone.
    HideAddress(bool),
    /// How does it do?
    Stats(oneshot::Sender<CallStats>),
}

/// What a call tells.
#[derive(Debug)]
pub enum Event {
    /// Send a signal, to one or to all.
    Send(Option<Peer>, SignalBody),
    /// What is shown has changed.
    Changed(CallView),
    /// A device is gone; the call goes on without.
    DeviceFailed(Track, DeviceError),
    /// The loudspeaker is gone; the call goes on unheard.
    SpeakerFailed(DeviceError),
    /// It is over; nothing more comes.
    Ended {
        /// What came of it.
        outcome: CallOutcome,
        /// How.
        end: End,
        /// How it did, at its end.
        stats: Box<CallStats>,
        /// For how long media flowed, in seconds.
        seconds: u32,
    },
}

/// A call as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct CallView {
    /// Where it stands.
    pub phase: Phase,
    /// What this device sends.
    pub media: MediaState,
    /// Who else is in it: what they send, and whether media flow to them.
    pub peers: Vec<(Peer, MediaState, bool)>,
}

/// The end by which a call is told.
#[derive(Clone)]
pub struct Session {
    commands: mpsc::Sender<Command>,
}

impl Session {
    /// Starts a call; what it tells comes out of the receiver.
    #[must_use]
    pub fn start(options: SessionOptions) -> (Self, mpsc::Receiver<Event>) {
        let (commands, inbox) = mpsc::channel(QUEUE);
        let (events, outbox) = mpsc::channel(QUEUE);
        tokio::spawn(run::run(options, inbox, events));
        (Self { commands }, outbox)
    }

    /// Tells it something. A call that is over hears nothing.
    pub async fn tell(&self, command: Command) {
        let _ = self.commands.send(command).await;
    }

    /// How it does; none when it is over.
    pub async fn stats(&self) -> Option<CallStats> {
        let (answer, stats) = oneshot::channel();
        self.tell(Command::Stats(answer)).await;
        stats.await.ok()
    }
}
