//! Where everything stands.

use serde::{Deserialize, Serialize};

use super::{Bytes, SignedGeneration};
use crate::audit::TreeHead;
use crate::envelope::RosterHead;
use crate::key::{BadSignature, Ed25519PublicKey};
use crate::log::SignedHead;
use crate::{ConversationId, Hash, Role};

/// Everything that a device compares with what it has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heads {
    /// In which life of the relay's data all this holds.
    pub generation: SignedGeneration,
    /// The roster.
    pub roster: RosterHead,
    /// The caller's conversations.
    pub conversations: Vec<SignedHead>,
    /// Those of them of which a device told what the relay lost ([`super::LostTold`]).
    pub lost: Vec<ConversationId>,
    /// How many welcomes wait.
    pub welcomes: u32,
    /// The newest checkpoint of the audit log, where one is kept.
    pub audit: Option<SignedCheckpoint>,
}

/// A conversation has grown: a wake-up, which nobody need believe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConversationHead {
    /// The conversation.
    pub conversation: ConversationId,
    /// The number of the newest entry of its log.
    pub last_sequence: u64,
    /// The epoch.
    pub epoch: u64,
    /// The caller's role in it.
    pub role: Role,
}

/// What the relay's audit log was at a moment, signed by the relay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedCheckpoint {
    /// How many entries the log has, and the root of the tree over them.
    pub tree: TreeHead,
    /// When, milliseconds since the epoch.
    pub at_ms: i64,
    /// Ed25519 by the relay's key over [`SignedCheckpoint::to_be_signed`].
    pub signature: Bytes,
}

impl SignedCheckpoint {
    /// The bytes that the relay signs.
    #[must_use]
    pub fn to_be_signed(tree: TreeHead, at_ms: i64) -> Vec<u8> {
        let mut bytes = b"bezel/audit-checkpoint/2\0".to_vec();
        bytes.extend_from_slice(&crate::cbor::encode(&(tree, at_ms)));
        bytes
    }

    /// Checks the signature.
    ///
    /// # Errors
    /// When it is not by `relay`.
    pub fn verify(&self, relay: &Ed25519PublicKey) -> Result<(), BadSignature> {
        relay.verify(&Self::to_be_signed(self.tree, self.at_ms), &self.signature.0)
    }
}

/// That one state of the audit log is a prefix of another (RFC 9162 §2.1.4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditProof {
    /// Nodes of the tree, in the order of the RFC.
    pub nodes: Vec<Hash>,
}
