//! Rows as the rest of the relay knows them.

use bezel_protocol::login::Subject;
use bezel_protocol::wire::FileAccess;
use bezel_protocol::{CallId, ConversationId, DeviceId, FileId, GuestId, Hash, Role, Suite, UserId, WorkspaceId};
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

/// An upload that begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFile {
    /// Its id, chosen by the device.
    pub file: FileId,
    /// Where it is for.
    pub conversation: ConversationId,
    /// Its size, in bytes of ciphertext.
    pub size_bytes: u64,
    /// Who gets it.
    pub access: FileAccess,
    /// When it is given up, if nothing comes in; milliseconds since the epoch.
    pub upload_expires_at_ms: i64,
}

/// How far a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileState {
    /// It comes in.
    Uploading,
    /// It is there.
    Ready,
    /// It was revoked, or its time is over: nothing of it is there.
    Revoked,
}

/// A file, as the caller may see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileRow {
    /// The file.
    pub id: FileId,
    /// Its conversation.
    pub conversation: ConversationId,
    /// Whose it is.
    pub owner: UserId,
    /// The device that sends it.
    pub owner_device: DeviceId,
    /// Its size, in bytes of ciphertext.
    pub size_bytes: u64,
    /// How many of them are there.
    pub received_bytes: u64,
    /// How many parts they are in.
    pub parts: u64,
    /// How far it is.
    pub state: FileState,
    /// Whether the caller is among those who get it: its owner, one who is named, or anybody where nobody is.
    pub is_granted: bool,
    /// Only to be shown, not saved.
    pub view_only: bool,
    /// When it ends, milliseconds since the epoch.
    pub expires_at_ms: Option<i64>,
    /// When the upload is given up, milliseconds since the epoch.
    pub upload_expires_at_ms: i64,
    /// The caller's role in the conversation.
    pub role: Role,
}

/// A stretch of a file, which is one object in the store of blobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilePart {
    /// Where it begins.
    pub first_byte: u64,
    /// How long it is.
    pub bytes: u64,
    /// The name of the object.
    pub object: String,
}

/// What files take, with what is being uploaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// By the caller's workspace, in bytes.
    pub workspace_bytes: u64,
    /// Still to come in by uploads of the whole relay, in bytes.
    pub expected_bytes: u64,
}

/// What is over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leftovers {
    /// Objects of uploads that were given up.
    pub objects: Vec<String>,
    /// Files that were revoked.
    pub files: Vec<FileId>,
}

/// A link for guests, as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuestLinkRow {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The conversation whose members answer.
    pub conversation: ConversationId,
    /// The call to which it leads.
    pub call: CallId,
    /// Whether that call is over for good: to a link of several uses it may begin again.
    pub is_call_over: bool,
    /// Who made it.
    pub inviter: UserId,
    /// Whether it ends with the first guest who was admitted.
    pub is_single_use: bool,
    /// When it ends, milliseconds since the epoch.
    pub expires_at_ms: i64,
    /// Whether it was revoked.
    pub is_revoked: bool,
    /// Of a link of single use: the guest who was admitted.
    pub used_by: Option<GuestId>,
}
