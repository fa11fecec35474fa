//! Commits and welcomes (RFC 9420 §12.4).

use serde::{Deserialize, Serialize};

use super::Bytes;
use crate::log::Place;
use crate::{ConversationId, DeviceId, Suite};

/// A commit; the relay accepts one an epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitUpload {
    /// The entry of the log, a [`crate::log::SignedCommit`].
    pub entry: Bytes,
    /// Group info of the epoch that it begins, without ratchet tree.
    pub group_info: Bytes,
    /// Welcomes of the devices that it adds: each has one.
    pub welcomes: Vec<WelcomeUpload>,
}

/// A welcome for a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WelcomeUpload {
    /// For whom.
    pub device: DeviceId,
    /// The welcome.
    pub welcome: Bytes,
}

/// The commit won its epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitAccepted {
    /// The epoch that begins.
    pub epoch: u64,
    /// Its place in the log.
    pub place: Place,
    /// When, by the relay's clock, milliseconds since the epoch.
    pub stored_at_ms: i64,
}

/// A commit as the relay hands it out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredCommit {
    /// The epoch that it ended.
    pub epoch: u64,
    /// Its place in the log.
    pub sequence: u64,
    /// The entry.
    pub entry: Bytes,
    /// When, by the relay's clock, milliseconds since the epoch.
    pub stored_at_ms: i64,
}

/// Commits from a given epoch on, in order; at most 200.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commits {
    /// The commits.
    pub commits: Vec<StoredCommit>,
}

/// An entry by which a user leaves, on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaveUpload {
    /// The entry of the log, a [`crate::log::Leave`].
    pub entry: Bytes,
}

/// An entry by which a user left, as the relay hands it out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredLeave {
    /// Its place in the log.
    pub sequence: u64,
    /// The entry.
    pub entry: Bytes,
    /// When, by the relay's clock, milliseconds since the epoch.
    pub stored_at_ms: i64,
}

/// Those who left behind a given place, in order; at most 200.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaves {
    /// The entries.
    pub leaves: Vec<StoredLeave>,
}

/// What is needed to rejoin; the tree is what an observer of the log has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupState {
    /// The epoch.
    pub epoch: u64,
    /// The suite.
    pub suite: Suite,
    /// Group info.
    pub group_info: Bytes,
}

/// A welcome that waits for the caller's device, with what is needed to use it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// The conversation.
    pub conversation: ConversationId,
    /// The suite.
    pub suite: Suite,
    /// The epoch into which it leads.
    pub epoch: u64,
    /// The welcome.
    pub welcome: Bytes,
    /// The place of the commit that adds the device: nothing before it can be read by its keys.
    pub sequence: u64,
    /// When, by the relay's clock, milliseconds since the epoch.
    pub created_at_ms: i64,
}

/// Welcomes that wait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcomes {
    /// The oldest first.
    pub welcomes: Vec<Welcome>,
}
