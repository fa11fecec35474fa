//! The call of the moment as it is shown.

use std::time::Instant;

use bezel_calls::call::{End, Phase};
use bezel_protocol::content::{CallMedia, CallOutcome};
use serde::Serialize;
use tokio::sync::watch;
use ts_rs::TS;

use crate::clock::Timestamp;
use crate::member::Member;

/// The call of the moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct CallView {
    /// The call.
    pub call: String,
    /// The conversation.
    pub conversation: String,
    /// Whether this device called.
    pub is_outgoing: bool,
    /// Handle of who called.
    pub from: String,
    /// What the caller wants it to carry.
    pub media: MediaName,
    /// Where it stands.
    pub phase: CallPhase,
    /// Since when.
    pub since: Timestamp,
    /// Since when media flow.
    pub live_since: Option<Timestamp>,
    /// Which attempt to connect again this is.
    pub attempt: u32,
    /// The microphone is on.
    pub microphone: bool,
    /// The camera is on.
    pub camera: bool,
    /// A screen is shared.
    pub screen: bool,
    /// Everyone else in it.
    pub people: Vec<CallPerson>,
    /// Clients who wait at the door, first the one at whose knock it rings.
    pub guests_waiting: Vec<GuestView>,
    /// What came of it, once it is over.
    pub outcome: Option<CallOutcomeName>,
    /// Whether another device of this person answered or declined.
    pub is_elsewhere: bool,
    /// What does not work at the moment.
    pub problem: Option<CallProblem>,
}

/// A device without which a call goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct CallProblem {
    /// Which one.
    pub gear: Gear,
    /// What is the matter with it, in words.
    pub message: String,
}

/// A kind of device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "they are what they are called")]
pub enum Gear {
    Camera,
    Microphone,
    Speaker,
    Screen,
}

/// Somebody in a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct CallPerson {
    /// The device, or the guest's browser: their pictures and statistics are under this id.
    pub id: String,
    /// What they are called.
    pub name: String,
    /// Whether it is a browser that was let in by a link.
    pub is_guest: bool,
    /// Their microphone is on.
    pub microphone: bool,
    /// Their camera is on.
    pub camera: bool,
    /// They share a screen.
    pub screen: bool,
    /// Whether media flow.
    pub is_connected: bool,
    /// Of a guest: the code to read to each other. Who hears the same speaks through nobody.
    pub safety_code: Option<String>,
}

/// A client who waits at the door.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct GuestView {
    /// The browser.
    pub id: String,
    /// What the client wants to be called.
    pub name: String,
}

/// `bezel_protocol::content::CallMedia`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename = "CallMedia")]
#[expect(missing_docs, reason = "they are documented where they are defined")]
pub enum MediaName {
    Audio,
    Video,
}

impl From<CallMedia> for MediaName {
    fn from(media: CallMedia) -> Self {
        match media {
            CallMedia::Audio => Self::Audio,
            CallMedia::Video => Self::Video,
        }
    }
}

/// Where a call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CallPhase {
    /// This device calls; nobody's device has shown it yet.
    Calling,
    /// Somebody's device shows it.
    Ringing,
    /// Somebody calls.
    Incoming,
    /// Answered; no media yet.
    Connecting,
    /// Media flow.
    Live,
    /// They did, and do not now.
    Reconnecting,
    /// They do not come back by themselves: the person is asked.
    Lost,
    /// Over.
    Ended,
}

/// `bezel_protocol::content::CallOutcome`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename = "CallOutcome")]
#[expect(missing_docs, reason = "they are documented where they are defined")]
pub enum CallOutcomeName {
    Completed,
    Missed,
    Declined,
    Busy,
    Cancelled,
    Failed,
}

impl From<CallOutcome> for CallOutcomeName {
    fn from(outcome: CallOutcome) -> Self {
        match outcome {
            CallOutcome::Completed => Self::Completed,
            CallOutcome::Missed => Self::Missed,
            CallOutcome::Declined => Self::Declined,
            CallOutcome::Busy => Self::Busy,
            CallOutcome::Cancelled => Self::Cancelled,
            CallOutcome::Failed => Self::Failed,
        }
    }
}

/// What a phase says, apart from the machine's own clock.
pub(super) struct Shown {
    pub(super) phase: CallPhase,
    pub(super) since: Option<Instant>,
    pub(super) live_since: Option<Instant>,
    pub(super) attempt: u32,
    pub(super) ended: Option<(CallOutcome, End)>,
}

impl From<Phase> for Shown {
    fn from(phase: Phase) -> Self {
        let shown = |phase, since| Self { phase, since: Some(since), live_since: None, attempt: 0, ended: None };
        match phase {
            Phase::Outgoing { since, is_ringing } => shown(if is_ringing { CallPhase::Ringing } else { CallPhase::Calling }, since),
            Phase::Ringing { since } => shown(CallPhase::Incoming, since),
            Phase::Connecting { since } => shown(CallPhase::Connecting, since),
            Phase::Live { since } => Self { live_since: Some(since), ..shown(CallPhase::Live, since) },
            Phase::Reconnecting { live_since, since, attempt, asks } => {
                let phase = if asks { CallPhase::Lost } else { CallPhase::Reconnecting };
                Self { live_since: Some(live_since), attempt, ..shown(phase, since) }
            }
            Phase::Ended { outcome, end } => {
                Self { phase: CallPhase::Ended, since: None, live_since: None, attempt: 0, ended: Some((outcome, end)) }
            }
        }
    }
}

/// The call of the moment, and each change of it. One that is over stays until the next begins.
#[must_use]
pub fn current(member: &Member) -> watch::Receiver<Option<CallView>> {
    member.calls.view.subscribe()
}
