//! Rows as the rest of the relay knows them.

use bezel_protocol::envelope::EnvelopeHeader;
use bezel_protocol::log::Place;
use bezel_protocol::login::Subject;
use bezel_protocol::wire::{Bytes, FileAccess, MessageAccepted, WelcomeUpload};
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
    /// Where its log ends.
    pub last: Place,
    /// The roster statement with which the newest entry is stamped.
    pub last_roster: u64,
    /// The caller's role.
    pub role: Role,
}

/// A log that takes back what it lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HealingLog {
    /// The conversation.
    pub id: ConversationId,
    /// Its suite.
    pub suite: Suite,
    /// Its epoch.
    pub epoch: u64,
    /// Where it ends.
    pub last: Place,
    /// The roster statement with which the newest entry is stamped.
    pub last_roster: u64,
}

/// How far the healing of a log or a roster went. Times in milliseconds since the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HealingState {
    /// When the first client came by.
    pub first_at_ms: Option<i64>,
    /// Since when new entries are taken again.
    pub healed_at_ms: Option<i64>,
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

/// A conversation that begins, judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewGroup {
    /// The conversation.
    pub conversation: ConversationId,
    /// Its suite.
    pub suite: Suite,
    /// Entry 1 of its log.
    pub begin: Bytes,
    /// Its group info.
    pub group_info: Bytes,
    /// The group as an observer sees it.
    pub observer: Vec<u8>,
}

/// A commit that was judged, and what it makes of its group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JudgedCommit {
    /// The entry of the log.
    pub entry: Bytes,
    /// Group info of the epoch that it begins.
    pub group_info: Bytes,
    /// The group in that epoch, as an observer sees it.
    pub observer: Vec<u8>,
    /// Who is in it then.
    pub after: Membership,
    /// Welcomes of the devices that it adds.
    pub welcomes: Vec<WelcomeUpload>,
}

/// What became of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Committed {
    /// It has this place.
    At(Place),
    /// Another one was faster, or the author is no member by now.
    StaleEpoch,
    /// Somebody left since it was judged: the epoch is the same, and the group is another.
    Overtaken,
    /// The newest entry is stamped with this newer roster statement.
    StaleRoster(u64),
}

impl Committed {
    /// The place, if it has one.
    #[must_use]
    pub const fn place(self) -> Option<Place> {
        match self {
            Self::At(place) => Some(place),
            Self::StaleEpoch | Self::Overtaken | Self::StaleRoster(_) => None,
        }
    }
}

/// Envelopes of one device for a conversation, in order.
#[derive(Clone, Debug)]
pub struct NewEnvelopes {
    /// Where they go.
    pub conversation: ConversationId,
    /// The envelopes.
    pub envelopes: Vec<NewEnvelope>,
    /// The time (milliseconds since the epoch) and the number of the newest roster statement, with which they are stamped.
    pub stamp: (i64, u64),
}

/// An envelope that has no place yet.
#[derive(Clone, Debug)]
pub struct NewEnvelope {
    header: EnvelopeHeader,
    bytes: Bytes,
    sha256: Hash,
}

impl NewEnvelope {
    /// An envelope with its header. Its hash is computed here, not by the one writer.
    #[must_use]
    pub fn new(header: EnvelopeHeader, bytes: Bytes) -> Self {
        let sha256 = Hash::of(bytes.as_ref());
        Self { header, bytes, sha256 }
    }

    pub(super) const fn header(&self) -> &EnvelopeHeader {
        &self.header
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.as_ref()
    }

    pub(super) const fn sha256(&self) -> Hash {
        self.sha256
    }
}

/// What was appended of several envelopes: a prefix, and why it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The places of the envelopes that are stored now, or were stored before, in order.
    pub accepted: Vec<MessageAccepted>,
    /// Why the one after them was not taken.
    pub end: AppendEnd,
}

/// Why an append ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppendEnd {
    /// All were taken; the log ends here, in this epoch.
    Whole(Place, u64),
    /// There is no such conversation for the caller's device.
    NotThere,
    /// The caller may read the conversation, not write in it.
    ReadOnly,
    /// The conversation is in another epoch, this one.
    StaleEpoch(u64),
    /// The envelope names an epoch or a place that is not there.
    Ahead,
    /// The envelope names a place with another hash than it has.
    Forked,
    /// The envelope repeats the id or the counter of another one.
    Repeated,
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

/// The key packages of a device that wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyPackageStock {
    /// One-time ones.
    pub one_time: u64,
    /// When the first of them ends, milliseconds since the epoch.
    pub first_ends_at_ms: Option<i64>,
    /// When the last-resort one ends, milliseconds since the epoch.
    pub last_resort_ends_at_ms: Option<i64>,
}

/// A statement of a roster that was checked, and what the relay's own limits count it as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedStatement {
    /// Its number.
    pub sequence: u64,
    /// The signed bytes.
    pub bytes: Vec<u8>,
    /// As what it counts.
    pub kind: &'static str,
    /// The device or user that it is about, where a limit asks for it.
    pub subject: Option<[u8; 16]>,
    /// The device that sent it; none for who joins or begins a workspace.
    pub by: Option<DeviceId>,
    /// When, by the relay's clock, milliseconds since the epoch.
    pub at_ms: i64,
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
