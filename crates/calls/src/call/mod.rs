//! The call as a state machine: fed with time and events, it says what is to be done. It does nothing itself.

mod machine;
mod peer;
#[cfg(test)]
mod tests;

use std::fmt;
use std::time::{Duration, Instant};

use bezel_protocol::content::{CallOutcome, Candidate, MediaState, SignalBody};
use bezel_protocol::{DeviceId, GuestId, UserId};
use serde::Serialize;

use crate::connection::LinkState;

pub use machine::Machine;

/// Somebody in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Peer {
    /// A member's device.
    Device(DeviceId),
    /// A guest's browser.
    Guest(GuestId),
}

impl Peer {
    /// The id in frame keys.
    #[must_use]
    pub const fn id(&self) -> &[u8; 16] {
        match self {
            Self::Device(device) => device.as_bytes(),
            Self::Guest(guest) => guest.as_bytes(),
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Device(device) => device.fmt(f),
            Self::Guest(guest) => guest.fmt(f),
        }
    }
}

/// Whose device a signal came from, as the roster says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// Another device of this user.
    Own(DeviceId),
    /// A device of another member.
    Member(DeviceId),
    /// A guest who was admitted.
    Guest(GuestId),
}

impl Sender {
    const fn peer(self) -> Peer {
        match self {
            Self::Own(device) | Self::Member(device) => Peer::Device(device),
            Self::Guest(guest) => Peer::Guest(guest),
        }
    }
}

/// So many signals may follow one coming-in.
const INCARNATION_BITS: u32 = 20;

/// The number of the first signal of a device that came in at `at_s`, in seconds since the epoch. Whoever comes in anew is known by it, even
/// where nobody saw that they had gone.
#[must_use]
pub const fn first_number(at_s: u64) -> u64 {
    (at_s << INCARNATION_BITS) + 1
}

/// Which coming-in of its sender a number belongs to.
#[must_use]
pub const fn incarnation(number: u64) -> u64 {
    number >> INCARNATION_BITS
}

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// A call rings so long.
    pub ring: Duration,
    /// An attempt to connect, or to connect again, has so long.
    pub attempt: Duration,
    /// So many attempts follow a loss before the person is asked.
    pub reconnection_attempts: u32,
    /// Alone in a call of more than two, one waits so long for somebody to come back.
    pub alone: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { ring: Duration::from_secs(45), attempt: Duration::from_secs(8), reconnection_attempts: 3, alone: Duration::from_secs(60) }
    }
}

/// What happens to a call.
#[derive(Debug, Clone)]
pub enum Input {
    /// The person answers, with these media.
    Answer(MediaState),
    /// The person does not want to, or is in another call.
    Decline {
        /// Because of another call.
        is_busy: bool,
    },
    /// The person leaves, or gives up.
    Leave,
    /// The person switched microphone, camera or screen.
    Media(MediaState),
    /// A call that rings is over, or somebody else answered: the core knows it from elsewhere.
    Dismiss(CallOutcome, End),
    /// The person wants to go on trying.
    Retry,
    /// The relay says that nobody else is in the call: the last ones left, and their word was lost.
    NobodyThere,
    /// Another person declined, on one of their devices or on several: a person counts once.
    Declined {
        /// Who.
        user: UserId,
        /// Because of another call.
        is_busy: bool,
    },
    /// A signal came; its envelope was verified. That another member declined is [`Input::Declined`] instead.
    Signal {
        /// From whom.
        from: Sender,
        /// Its number: in the upper bits when its sender came in, see [`incarnation`].
        number: u64,
        /// What it says.
        body: SignalBody,
    },
    /// A guest was admitted.
    Admit(GuestId),
    /// A guest's browser has gone, or was sent away.
    GuestGone(GuestId),
    /// Somebody is no longer in the conversation.
    Removed(DeviceId),
    /// The state of the path that carries, or carries now.
    Link(Peer, LinkState),
    /// The way to the relay is open again.
    RelayBack,
    /// This machine has other network addresses than before.
    NetworkChanged,
    /// Time went by.
    Tick,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Send a signal, to one or to all.
    Send(Option<Peer>, SignalBody),
    /// Begin an attempt: offer on a new path. One that carries is kept until the new one does.
    Open(Peer, u32),
    /// Answer the offer of an attempt on a new path.
    TakeOffer(Peer, u32, String),
    /// Take the answer of the last attempt.
    TakeAnswer(Peer, String),
    /// Take candidates of the last attempt.
    TakeCandidates(Peer, Vec<Candidate>),
    /// Drop every path.
    Close(Peer),
    /// What is shown has changed.
    Changed,
    /// The call is over.
    Ended(CallOutcome, End),
}

/// How it ended, for this device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// This person left, gave up or declined.
    Here,
    /// The others did.
    There,
    /// Another device of this person answered or declined.
    Elsewhere,
    /// Nobody answered in time.
    Time,
    /// No connection.
    Network,
}

/// Where a call stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Phase {
    /// This device calls; nobody has answered.
    Outgoing {
        /// Since when.
        since: Instant,
        /// Somebody's device shows it.
        is_ringing: bool,
    },
    /// Somebody calls.
    Ringing {
        /// Since when.
        since: Instant,
    },
    /// Answered; no media yet.
    Connecting {
        /// Since when.
        since: Instant,
    },
    /// Media flow.
    Live {
        /// Since media flowed first.
        since: Instant,
    },
    /// They did, and do not now.
    Reconnecting {
        /// Since media flowed first.
        live_since: Instant,
        /// Since they stopped.
        since: Instant,
        /// Which attempt, from 1.
        attempt: u32,
        /// The attempts are used up: the person is asked.
        asks: bool,
    },
    /// Over.
    Ended {
        /// What came of it.
        outcome: CallOutcome,
        /// How.
        end: End,
    },
}
