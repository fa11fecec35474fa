//! Rows as the rest of the relay knows them.

use bezel_protocol::login::Subject;
use bezel_protocol::{ConversationId, DeviceId, Hash, Role, Suite, UserId, WorkspaceId};
use serde::{Deserialize, Serialize};

/// A conversation that the caller's device is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// The conversation.
    pub id: ConversationId,
    /// Its suite.
    pub suite: Suite,
    /// Its epoch.
    pub epoch: u64,
    /// Its newest sequence.
    pub last_sequence: u64,
    /// The caller's role.
    pub role: Role,
}

/// Who is in a conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Membership {
    /// Users and roles, by user.
    pub members: Vec<(UserId, Role)>,
    /// Devices and their users, by device.
    pub devices: Vec<(DeviceId, UserId)>,
}

impl Membership {
    /// The devices, each with the role of its user.
    pub fn readers(&self) -> impl Iterator<Item = (DeviceId, Role)> {
        self.devices.iter().filter_map(|(device, user)| {
            let member = self.members.iter().find(|(member, _)| member == user);
            member.map(|(_, role)| (*device, *role))
        })
    }
}

/// A session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// Whose it is.
    pub subject: Subject,
    /// When it ends, milliseconds since the epoch.
    pub expires_at_ms: i64,
}

/// Something that happened: who did what to whom. Ids only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// When, milliseconds since the epoch.
    pub at_ms: i64,
    /// The user who did it; none for the relay.
    pub user: Option<UserId>,
    /// The device by which.
    pub device: Option<DeviceId>,
    /// What was done.
    pub action: String,
    /// To what.
    pub subject: Option<String>,
}

/// An audit entry in its place in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAuditEntry {
    /// Its number, from 1.
    pub sequence: u64,
    /// The entry, in CBOR, as it was hashed.
    pub entry: Vec<u8>,
    /// SHA-256 of the hash before it (zero for the first) and the entry.
    pub hash: Hash,
}
