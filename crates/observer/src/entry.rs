//! What can be read of a commit before it is judged.

use bezel_protocol::envelope::RosterHead;
use bezel_protocol::log::{CommitContext, Place, SignedCommit};
use bezel_protocol::{ConversationId, Hash, cbor};
use mls_rs::group::{ContentType, Sender};
use mls_rs::{MlsMessage, MlsMessageDescription};

use crate::error::ObserveError;
use crate::group_id::GroupId;
use crate::leaf::Leaf;

/// What the author of a commit says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommitHeader {
    /// The group.
    pub group: GroupId,
    /// The epoch of the conversation that it ends.
    pub epoch: u64,
    /// The newest place of the log whose hash its author has computed.
    pub seen: Place,
    /// The roster by which it is to be judged.
    pub roster: RosterHead,
}

impl CommitHeader {
    /// The conversation.
    #[must_use]
    pub const fn conversation(&self) -> ConversationId {
        self.group.conversation
    }
}

/// The entry of a commit, read: its author has signed it, and nothing more is known of it.
#[derive(Clone, Debug)]
pub struct CommitEntry {
    sha256: Hash,
    header: CommitHeader,
    author: Leaf,
    is_external: bool,
    group_info: Hash,
    message: MlsMessage,
}

impl CommitEntry {
    /// Reads an entry, and checks that it is signed by the device whose new leaf it holds. Every commit has one: it renews its author's keys.
    ///
    /// # Errors
    /// [`ObserveError::Malformed`] when it is not a commit of ours, [`ObserveError::Signature`] when somebody else signed it.
    pub fn parse(bytes: &[u8]) -> Result<Self, ObserveError> {
        let malformed = || ObserveError::Malformed("commit");
        let entry = SignedCommit::decode(bytes).map_err(|_| malformed())?;
        // The signature of MLS does not cover the wrapper's version (RFC 9420 §6).
        if !entry.commit.0.starts_with(&[0, 1]) {
            return Err(malformed());
        }
        let message = MlsMessage::from_bytes(&entry.commit.0).map_err(|_| malformed())?;
        let MlsMessageDescription::PublicProtocolMessage { group_id, epoch_id, content_type, sender, authenticated_data } =
            message.description()
        else {
            return Err(malformed());
        };
        let is_external = match sender {
            Sender::Member(_) => false,
            Sender::NewMemberCommit => true,
            _ => return Err(malformed()),
        };
        if content_type != ContentType::Commit {
            return Err(malformed());
        }
        let group = GroupId::from_slice(group_id)?;
        let context: CommitContext = cbor::decode_canonical(authenticated_data).map_err(|_| malformed())?;
        let epoch = Some(group.epoch(epoch_id)).filter(|epoch| i64::try_from(*epoch).is_ok()).ok_or_else(malformed)?;
        let header = CommitHeader { group, epoch, seen: context.seen, roster: context.roster };
        let leaf = message.commit_path_leaf_node().ok_or_else(malformed)?;
        let author = Leaf::read(0, &leaf.signing_identity)?;
        let signed = SignedCommit::to_be_signed(&entry.commit.0, entry.group_info);
        author.certificate().certificate().message_key.verify(&signed, &entry.signature.0).map_err(|_| ObserveError::Signature)?;
        Ok(Self { sha256: Hash::of(bytes), header, author, is_external, group_info: entry.group_info, message })
    }

    /// SHA-256 of the entry, by which the log names it.
    #[must_use]
    pub const fn sha256(&self) -> Hash {
        self.sha256
    }

    /// What the author says of it.
    #[must_use]
    pub const fn header(&self) -> &CommitHeader {
        &self.header
    }

    /// Whose it is, by the leaf that it brings; its index is not known yet.
    #[must_use]
    pub const fn author(&self) -> &Leaf {
        &self.author
    }

    /// Whether a device comes (back) in by it.
    #[must_use]
    pub const fn is_external(&self) -> bool {
        self.is_external
    }

    /// SHA-256 of the group info that the author made for the epoch that it begins.
    #[must_use]
    pub const fn group_info(&self) -> Hash {
        self.group_info
    }

    /// The commit itself, for the library.
    #[must_use]
    pub const fn message(&self) -> &MlsMessage {
        &self.message
    }

    /// Compares the entry with where a group stands.
    ///
    /// # Errors
    /// [`ObserveError::WrongConversation`], [`ObserveError::WrongEpoch`].
    pub fn follows(&self, group: GroupId, epoch: u64) -> Result<(), ObserveError> {
        if self.header.group.conversation != group.conversation {
            return Err(ObserveError::WrongConversation(group.conversation));
        }
        if self.header.epoch != epoch {
            return Err(ObserveError::WrongEpoch { expected: epoch, found: self.header.epoch });
        }
        if self.header.group == group { Ok(()) } else { Err(ObserveError::WrongConversation(group.conversation)) }
    }
}
