//! Entry 1 of a log: a conversation begins.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::cbor::MalformedCbor;
use crate::wire::Bytes;
use crate::{ConversationId, DeviceId, Suite, cbor};

/// How a conversation begins. Its id follows from this, so nobody can begin another one under the same id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begin {
    /// The device that begins it.
    pub device: DeviceId,
    /// Random, so that a device can begin many.
    #[serde(with = "serde_bytes")]
    pub random: [u8; 32],
    /// The suite of its first group.
    pub suite: Suite,
    /// Group info of epoch 0 (RFC 9420 §12.4.3), with the ratchet tree, which has one leaf.
    pub group_info: Bytes,
    /// Ed25519 by the device's message key over [`Self::to_be_signed`].
    pub signature: Bytes,
}

impl Begin {
    /// The conversation: the first 16 bytes of SHA-256("bezel/conversation" ‖ device ‖ random ‖ suite).
    #[must_use]
    pub fn conversation_of(device: DeviceId, random: &[u8; 32], suite: Suite) -> ConversationId {
        let hash: [u8; 32] = Sha256::new()
            .chain_update(b"bezel/conversation")
            .chain_update(device.as_bytes())
            .chain_update(random)
            .chain_update(suite.code().to_be_bytes())
            .finalize()
            .into();
        let (id, _) = hash.split_first_chunk::<16>().map_or(([0; 16], &[][..]), |(id, rest)| (*id, rest));
        ConversationId::from_bytes(id)
    }

    /// The conversation that begins.
    #[must_use]
    pub fn conversation(&self) -> ConversationId {
        Self::conversation_of(self.device, &self.random, self.suite)
    }

    /// The bytes that the device signs.
    #[must_use]
    pub fn to_be_signed(device: DeviceId, random: &[u8; 32], suite: Suite, group_info: &[u8]) -> Vec<u8> {
        let mut bytes = b"bezel/begin/1\0".to_vec();
        bytes.extend_from_slice(device.as_bytes());
        bytes.extend_from_slice(random);
        bytes.extend_from_slice(&suite.code().to_be_bytes());
        bytes.extend_from_slice(group_info);
        bytes
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The format is laid down: a change of it is a change of every conversation's id.
    #[test]
    fn the_id_is_the_hash_that_is_written_down() {
        let (device, random) = (DeviceId::from_bytes([7; 16]), [9; 32]);
        let mut bytes = b"bezel/conversation".to_vec();
        bytes.extend_from_slice(&[7; 16]);
        bytes.extend_from_slice(&[9; 32]);
        bytes.extend_from_slice(&[0, 7]);
        let hash = crate::Hash::of(&bytes);
        assert_eq!(Begin::conversation_of(device, &random, Suite::P384Aes256).as_bytes(), &hash.as_bytes()[..16]);
    }

    #[test]
    fn another_way_to_write_an_entry_is_refused() {
        let begin = Begin {
            device: DeviceId::from_bytes([1; 16]),
            random: [2; 32],
            suite: Suite::X25519ChaCha20,
            group_info: vec![3; 40].into(),
            signature: vec![4; 64].into(),
        };
        let mut bytes = begin.encode();
        assert_eq!(Begin::decode(&bytes), Ok(begin));
        // The map's head of one byte, written in two.
        assert_eq!(bytes[0], 0xa5);
        bytes.splice(0..1, [0xb8, 5]);
        assert!(Begin::decode(&bytes).is_err());
    }
}
