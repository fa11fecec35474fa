//! Commits and welcomes (RFC 9420 §12.4).

use serde::{Deserialize, Serialize};

use super::Bytes;
use crate::{ConversationId, DeviceId, Role, Suite, UserId};

/// A member of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MemberRole {
    /// The user.
    pub user: UserId,
    /// The role in the conversation.
    pub role: Role,
}

/// A commit; the relay accepts one an epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitUpload {
    /// The epoch that it ends.
    pub epoch: u64,
    /// The commit, a PublicMessage.
    pub commit: Bytes,
    /// Group info of the new epoch, without ratchet tree.
    pub group_info: Bytes,
    /// Ratchet tree of the new epoch.
    pub ratchet_tree: Bytes,
    /// Welcomes of the devices that it adds.
    pub welcomes: Vec<WelcomeUpload>,
    /// All members after it, by user id. Every client compares this with the group.
    pub members: Vec<MemberRole>,
    /// All devices after it, by id.
    pub devices: Vec<DeviceId>,
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
    /// When, by the relay's clock, milliseconds since the epoch.
    pub created_at_ms: i64,
}

/// A commit as the relay hands it out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredCommit {
    /// The epoch that it ended.
    pub epoch: u64,
    /// The commit.
    pub commit: Bytes,
    /// The device that uploaded it.
    pub device: DeviceId,
    /// When, by the relay's clock, milliseconds since the epoch.
    pub created_at_ms: i64,
    /// All members after it, as uploaded.
    pub members: Vec<MemberRole>,
    /// All devices after it, as uploaded.
    pub devices: Vec<DeviceId>,
}

/// Commits from a given epoch on, in order; at most 200.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commits {
    /// The commits.
    pub commits: Vec<StoredCommit>,
}

/// What is needed to join or rejoin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupState {
    /// The epoch.
    pub epoch: u64,
    /// The suite.
    pub suite: Suite,
    /// Group info.
    pub group_info: Bytes,
    /// Ratchet tree.
    pub ratchet_tree: Bytes,
    /// The newest sequence of the conversation's messages.
    pub last_sequence: u64,
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
    /// The ratchet tree of that epoch.
    pub ratchet_tree: Bytes,
    /// The newest sequence when the device was added: nothing up to it can be read by its keys.
    pub last_sequence: u64,
    /// When, by the relay's clock, milliseconds since the epoch.
    pub created_at_ms: i64,
}

/// Welcomes that wait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcomes {
    /// The oldest first.
    pub welcomes: Vec<Welcome>,
}
