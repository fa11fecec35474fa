//! Where the relay says that a log ends.

use serde::{Deserialize, Serialize};

use super::Place;
use crate::key::Ed25519PublicKey;
use crate::wire::Bytes;
use crate::{ConversationId, cbor};

/// One life of a relay's data. A relay that was put back from a copy begins another one, so that an honest loss and a lie differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Generation(#[serde(with = "serde_bytes")] [u8; 16]);

impl Generation {
    /// Takes 16 random bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The generation in a slice, if it has 16 bytes.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The 16 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// A place of a conversation's log, signed by the relay. Two of one generation that contradict each other prove that the relay keeps two
/// logs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedHead {
    /// In which life of the relay's data.
    pub generation: Generation,
    /// The conversation.
    pub conversation: ConversationId,
    /// The place: of the newest entry, or of the one that is acknowledged.
    pub place: Place,
    /// The epoch of the group there.
    pub epoch: u64,
    /// When it was signed, by the relay's clock, milliseconds since the epoch.
    pub at_ms: i64,
    /// Ed25519 by the relay's key over [`Self::to_be_signed`].
    pub signature: Bytes,
}

impl SignedHead {
    /// The bytes that the relay signs.
    #[must_use]
    pub fn to_be_signed(generation: Generation, conversation: ConversationId, place: Place, epoch: u64, at_ms: i64) -> Vec<u8> {
        let mut bytes = b"bezel/log-head/1\0".to_vec();
        bytes.extend_from_slice(&cbor::encode(&(generation, conversation, place.sequence, place.hash, epoch, at_ms)));
        bytes
    }

    /// Whether it is signed by this relay.
    #[must_use]
    pub fn is_by(&self, relay: &Ed25519PublicKey) -> bool {
        let message = Self::to_be_signed(self.generation, self.conversation, self.place, self.epoch, self.at_ms);
        relay.verify(&message, &self.signature.0).is_ok()
    }
}
