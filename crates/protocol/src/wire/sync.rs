//! Where everything stands.

use serde::{Deserialize, Serialize};

use super::Bytes;
use crate::envelope::RosterHead;
use crate::{ConversationId, Hash, Role};

/// Everything that a device compares with what it has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heads {
    /// The roster.
    pub roster: RosterHead,
    /// The caller's conversations.
    pub conversations: Vec<ConversationHead>,
    /// How many welcomes wait.
    pub welcomes: u32,
    /// The newest checkpoint of the audit log, where one is kept.
    pub audit: Option<SignedCheckpoint>,
}

/// A conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConversationHead {
    /// The conversation.
    pub conversation: ConversationId,
    /// The newest sequence; 0 when there is no message.
    pub last_sequence: u64,
    /// The epoch.
    pub epoch: u64,
    /// The caller's role in it.
    pub role: Role,
}

/// What the relay's audit log was at a moment, signed by the relay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedCheckpoint {
    /// How many entries the log has.
    pub entries: u64,
    /// Hash of the newest entry, which holds the hash of the one before.
    pub head: Hash,
    /// When, milliseconds since the epoch.
    pub at_ms: i64,
    /// Ed25519 by the relay's key over [`SignedCheckpoint::to_be_signed`].
    pub signature: Bytes,
}

impl SignedCheckpoint {
    /// The bytes that the relay signs.
    #[must_use]
    pub fn to_be_signed(entries: u64, head: Hash, at_ms: i64) -> Vec<u8> {
        let mut bytes = b"bezel/audit-checkpoint/1\0".to_vec();
        bytes.extend_from_slice(&crate::cbor::encode(&(entries, head, at_ms)));
        bytes
    }
}
