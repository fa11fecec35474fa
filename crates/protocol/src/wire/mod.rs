//! Requests, answers and events between members and the relay. Bodies are CBOR (`application/cbor`); the paths stand here too, so that
//! both sides mean the same.

mod backup;
mod bytes;
mod call;
mod commit;
mod conversation;
mod error;
mod event;
mod file;
mod heal;
mod key_package;
mod login;
mod message;
mod relay;
mod roster;
mod sync;

pub use backup::{EpochKeys, SignedEpochKeys, StoredVault, WrappedEpochKey};
pub use bytes::Bytes;
pub use call::{
    CallJoined, CallParticipant, CallRecord, GuestLinkCreated, GuestMessage, IceServer, MAX_GUEST_LINK_MS, NewCall, NewGuestLink,
    OpenGuestLink, OpenGuestLinks, Participant,
};
pub use commit::{
    CommitAccepted, CommitUpload, Commits, GroupState, LeaveUpload, Leaves, StoredCommit, StoredLeave, Welcome, WelcomeUpload, Welcomes,
};
pub use conversation::NewConversation;
pub use error::{ErrorBody, code};
pub use event::Event;
pub use file::{FileAccess, FileLimits, FileLog, FileLogAction, FileLogEntry, FilePurpose, MAX_NAMED_USERS, tus};
pub use heal::{
    CommitAgain, Compare, Compared, LostTold, MAX_OFFERS, MAX_PLACES, NewGroupInfo, Offer, Offered, Offers, OffersTaken, SignedGeneration,
};
pub use key_package::{
    ClaimKeyPackages, ClaimedKeyPackage, ClaimedKeyPackages, KEY_PACKAGE_LIFETIME_MS, KeyPackageCounts, KeyPackageUpload, NewKeyPackage,
    SuiteCount,
};
pub use login::{Challenge, ChallengeRequest, LoginRequest, Session};
pub use message::{MAX_ENVELOPES, MessageAccepted, MessageKind, Messages, MessagesAccepted, NewMessages, StoredMessage};
pub use relay::RelayInfo;
pub use roster::{NewStatements, NewWorkspace, OfferedStatements, RosterAppended, RosterPage};
pub use sync::{AuditProof, ConversationHead, Heads, SignedCheckpoint};

/// The media type of every body.
pub const CONTENT_TYPE: &str = "application/cbor";
/// The most bytes of an envelope.
pub const MAX_ENVELOPE_BYTES: usize = 1024 * 1024;
/// The most bytes of a commit upload.
pub const MAX_COMMIT_BYTES: usize = 16 * 1024 * 1024;
/// The most bytes of a welcome: the tree is not in it.
pub const MAX_WELCOME_BYTES: usize = 256 * 1024;
/// The most bytes of an envelope that has no place: the signals of calls, that somebody is typing, a receipt.
pub const MAX_TRANSIENT_BYTES: usize = 64 * 1024;
/// The most messages in one page.
pub const MAX_PAGE: u32 = 200;
/// The most bytes of envelopes in one page, unless the first alone has more.
pub const MAX_PAGE_BYTES: usize = 4 * 1024 * 1024;

/// The most entries in one answer of a spine.
pub const MAX_SPINE: u32 = 50_000;

/// Paths, with `{…}` where an id stands.
pub mod path {
    /// `GET` → [`super::RelayInfo`]; anybody.
    pub const RELAY: &str = "/v1/relay";
    /// `POST` [`super::NewWorkspace`]; anybody, as long as the relay takes workspaces.
    pub const WORKSPACES: &str = "/v1/workspaces";
    /// `POST` [`super::ChallengeRequest`] → [`super::Challenge`]; anybody.
    pub const CHALLENGE: &str = "/v1/login/challenge";
    /// `POST` [`super::LoginRequest`] → [`super::Session`].
    pub const LOGIN: &str = "/v1/login";
    /// `POST`; ends the session.
    pub const LOGOUT: &str = "/v1/logout";
    /// `GET ?after=N` → [`super::RosterPage`]; `POST` [`super::NewStatements`] → [`super::RosterAppended`]. Devices and invites.
    pub const ROSTER: &str = "/v1/roster";
    /// `POST` [`super::OfferedStatements`] → [`super::RosterAppended`]: statements that the relay lost, which prove themselves, as long as it
    /// heals. Anybody.
    pub const ROSTER_OFFERS: &str = "/v1/roster/offers";
    /// `POST` [`super::KeyPackageUpload`]; `GET` → [`super::KeyPackageCounts`]. Devices.
    pub const KEY_PACKAGES: &str = "/v1/key-packages";
    /// `POST` [`super::ClaimKeyPackages`] → [`super::ClaimedKeyPackages`]. Devices.
    pub const CLAIM: &str = "/v1/key-packages/claim";
    /// `POST` [`super::NewConversation`]. Devices of members who may start conversations.
    pub const CONVERSATIONS: &str = "/v1/conversations";
    /// `GET` → [`super::Bytes`]: entry 1 of the log. Members, and who was one.
    pub const BEGIN: &str = "/v1/conversations/{conversation}/begin";
    /// `POST` [`super::CommitUpload`] → [`super::CommitAccepted`]; `GET ?from=EPOCH` → [`super::Commits`]. Members; who was one gets what
    /// stands up to the removal.
    pub const COMMITS: &str = "/v1/conversations/{conversation}/commits";
    /// `POST` [`super::LeaveUpload`]: the caller's user leaves. `GET ?after=SEQUENCE` → [`super::Leaves`]. As for [`COMMITS`].
    pub const LEAVE: &str = "/v1/conversations/{conversation}/leave";
    /// `GET` → [`super::GroupState`]; `PUT` [`super::NewGroupInfo`], where the relay has none. Members.
    pub const GROUP: &str = "/v1/conversations/{conversation}/group";
    /// `POST` [`super::NewMessages`] → [`super::MessagesAccepted`]; `GET ?first=N&last=M` → [`super::Messages`]. Members.
    pub const MESSAGES: &str = "/v1/conversations/{conversation}/messages";
    /// `GET` → [`crate::log::SignedHead`]: where the log ends. Members; for who was one it ends with the removal.
    pub const HEAD: &str = "/v1/conversations/{conversation}/head";
    /// `POST` [`super::Compare`] → [`super::Compared`]: a log with the relay's, in another life of its data than the first. Devices.
    pub const COMPARE: &str = "/v1/conversations/{conversation}/compare";
    /// `POST` [`super::CommitAgain`] → [`super::CommitAccepted`]: a commit that a healed log lacks, by whoever holds it. Devices.
    pub const COMMIT_AGAIN: &str = "/v1/conversations/{conversation}/commits/again";
    /// `POST` [`super::Offers`] → [`super::OffersTaken`]: what the relay lost, as long as it heals. Devices.
    pub const OFFERS: &str = "/v1/conversations/{conversation}/offers";
    /// `POST` [`super::Bytes`], a [`crate::log::LostBranch`]: what did not come back, as the caller's device had verified it; `GET` →
    /// [`super::LostTold`]: the first by device; `DELETE ?device=ID`: it was answered, or is not needed any more. Members; devices tell.
    pub const LOST: &str = "/v1/conversations/{conversation}/lost";
    /// `GET ?first=N&last=M` → [`crate::log::Spine`]: the hashes of a stretch, at most [`super::MAX_SPINE`] entries from the first on. Members,
    /// and who was one up to the removal.
    pub const SPINE: &str = "/v1/conversations/{conversation}/spine";
    /// `GET` → [`super::Messages`]: the newest receipt of each device, with sequence 0. Members.
    pub const RECEIPTS: &str = "/v1/conversations/{conversation}/receipts";
    /// `GET` → [`super::Heads`]. Devices.
    pub const HEADS: &str = "/v1/heads";
    /// `GET ?from=N&to=M` → [`super::AuditProof`] that the first N entries of the audit log are the beginning of the first M. Devices.
    pub const AUDIT_PROOF: &str = "/v1/audit/proof";
    /// `GET` → [`super::Welcomes`]. Devices.
    pub const WELCOMES: &str = "/v1/welcomes";
    /// `DELETE`: the welcome to this conversation was taken. Devices.
    pub const WELCOME: &str = "/v1/welcomes/{conversation}";
    /// `PUT` [`super::SignedEpochKeys`]; `GET` → [`super::EpochKeys`]. The caller's user.
    pub const EPOCH_KEYS: &str = "/v1/backup/epoch-keys";
    /// `PUT` [`super::StoredVault`]; `GET` → [`super::StoredVault`]. The caller's user.
    pub const VAULT: &str = "/v1/backup/vault";
    /// The tus 1.0 endpoint of uploads: `OPTIONS`, and `POST` by the creation extension; [`super::tus`]. `GET` → [`super::FileLimits`]. Devices.
    pub const FILES: &str = "/v1/files";
    /// `HEAD`, `PATCH` by tus 1.0, by the device that began the upload. `DELETE`: an upload is given up, or a file revoked, by its owner or
    /// an owner or admin of the conversation.
    pub const FILE: &str = "/v1/files/{file}";
    /// `GET ?purpose=preview|download` with `Range` → ciphertext. Members of the conversation, as the file's access allows.
    pub const FILE_CONTENT: &str = "/v1/files/{file}/content";
    /// `GET` → [`super::FileAccess`]; `PUT` [`super::FileAccess`]. The file's owner.
    pub const FILE_ACCESS: &str = "/v1/files/{file}/access";
    /// `GET` → [`super::FileLog`]. The file's owner, and owners and admins of the conversation.
    pub const FILE_LOG: &str = "/v1/files/{file}/log";
    /// `POST` [`super::NewCall`] → [`super::CallJoined`]. Devices that read the conversation.
    pub const CALLS: &str = "/v1/calls";
    /// `GET` → [`super::CallRecord`]; `PUT` → [`super::CallJoined`]: the device is in the call, or still is; `DELETE`: it has left. Devices that
    /// read the conversation.
    pub const CALL: &str = "/v1/calls/{call}";
    /// `POST` [`super::NewGuestLink`] → [`super::GuestLinkCreated`]. Devices of members who may write in the conversation; refused where browsers
    /// would not give a camera. `GET` → [`super::OpenGuestLinks`] of the conversations that the device reads.
    pub const GUEST_LINKS: &str = "/v1/guest-links";
    /// `DELETE`: the link ends, and whoever waits at it is sent away. Devices of members who may write in the conversation.
    pub const GUEST_LINK: &str = "/v1/guest-links/{link}";
    /// `POST` [`super::Bytes`]: a sealed signal to the browser; `PUT`: it is admitted; `DELETE`: it is sent away. Devices of members who may
    /// write in the conversation.
    pub const GUEST: &str = "/v1/guest-links/{link}/guests/{guest}";
    /// The page of a guest. Anybody.
    pub const GUEST_PAGE: &str = "/call/{link}";
    /// What the page loads.
    pub const GUEST_ASSET: &str = "/call/assets/{name}";
    /// WebSocket of a guest's page: [`crate::guest::GuestNotice`]s as text, sealed signals as binary; `?guest=ID&token=TOKEN` comes back.
    pub const GUEST_EVENTS: &str = "/v1/guest/{link}";
    /// WebSocket of binary [`super::Event`]s. Devices.
    pub const EVENTS: &str = "/v1/events";

    /// A path of a conversation.
    #[must_use]
    pub fn of(path: &str, conversation: crate::ConversationId) -> String {
        path.replace("{conversation}", &conversation.to_string())
    }

    /// A path of a call.
    #[must_use]
    pub fn of_call(path: &str, call: crate::CallId) -> String {
        path.replace("{call}", &call.to_string())
    }

    /// A path of a link for guests.
    #[must_use]
    pub fn of_link(path: &str, link: crate::GuestLinkId) -> String {
        path.replace("{link}", &link.to_string())
    }

    /// The path of a guest.
    #[must_use]
    pub fn of_guest(link: crate::GuestLinkId, guest: crate::GuestId) -> String {
        of_link(GUEST, link).replace("{guest}", &guest.to_string())
    }

    /// A path of a file.
    #[must_use]
    pub fn of_file(path: &str, file: crate::FileId) -> String {
        path.replace("{file}", &file.to_string())
    }
}
