//! The entry of a commit.

use serde::{Deserialize, Serialize};

use crate::cbor::MalformedCbor;
use crate::envelope::RosterHead;
use crate::log::Place;
use crate::wire::Bytes;
use crate::{Hash, cbor};

/// A commit as it stands in the log. MLS signs neither the confirmation tag nor the membership tag (RFC 9420 §6.1), so a relay could change one
/// and have the author blamed: the device signs the bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedCommit {
    /// The commit, a PublicMessage (RFC 9420 §6.2).
    pub commit: Bytes,
    /// SHA-256 of the group info of the epoch that it begins. The group info stands beside the log.
    pub group_info: Hash,
    /// Ed25519 by the device's message key over [`Self::to_be_signed`].
    pub signature: Bytes,
}

impl SignedCommit {
    /// The bytes that the device signs. The commit names its group and epoch.
    #[must_use]
    pub fn to_be_signed(commit: &[u8], group_info: Hash) -> Vec<u8> {
        let mut bytes = b"bezel/commit/1\0".to_vec();
        bytes.extend_from_slice(Hash::of(commit).as_bytes());
        bytes.extend_from_slice(group_info.as_bytes());
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

/// What the author of a commit knew: its authenticated data (RFC 9420 §6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitContext {
    /// The newest place of the log whose hash the author has computed.
    pub seen: Place,
    /// The roster by which the commit is to be judged: the relay's newest when it takes the commit.
    pub roster: RosterHead,
}
