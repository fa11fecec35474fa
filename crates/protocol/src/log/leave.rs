//! The entry by which a user leaves.

use serde::{Deserialize, Serialize};

use super::Place;
use crate::cbor::MalformedCbor;
use crate::envelope::RosterHead;
use crate::wire::Bytes;
use crate::{ConversationId, DeviceId, cbor};

/// A user leaves a conversation: from its place on nothing of that user counts, and whoever may remove the revoked removes the leaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leave {
    /// The conversation.
    pub conversation: ConversationId,
    /// The epoch at its place; in another one it is worth nothing.
    pub epoch: u64,
    /// The device that says so, for its user.
    pub device: DeviceId,
    /// The newest place of the log whose hash the device has computed.
    pub seen: Place,
    /// The roster as the device knows it.
    pub roster: RosterHead,
    /// Ed25519 by the device's message key over [`Self::to_be_signed`].
    pub signature: Bytes,
}

impl Leave {
    /// The bytes that the device signs.
    #[must_use]
    pub fn to_be_signed(conversation: ConversationId, epoch: u64, device: DeviceId, seen: Place, roster: RosterHead) -> Vec<u8> {
        let mut bytes = b"bezel/leave/1\0".to_vec();
        bytes.extend_from_slice(&cbor::encode(&(conversation, epoch, device, seen, roster)));
        bytes
    }

    /// What of this entry is signed.
    #[must_use]
    pub fn signed(&self) -> Vec<u8> {
        Self::to_be_signed(self.conversation, self.epoch, self.device, self.seen, self.roster)
    }

    /// The bytes of the entry.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        cbor::encode(self)
    }

    /// Reads an entry; there is one way to write it.
    ///
    /// # Errors
    /// When the bytes are none, or written in another way.
    pub fn decode(bytes: &[u8]) -> Result<Self, MalformedCbor> {
        cbor::decode_canonical(bytes)
    }
}
