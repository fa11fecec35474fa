//! A relay that was put back from a copy gets back from its members what it lost (protocol §"A relay put back from a copy").

use serde::{Deserialize, Serialize};

use super::{Bytes, ErrorBody};
use crate::key::Ed25519PublicKey;
use crate::log::{EntryKind, Generation, Place, SignedHead, SpineEntry};
use crate::{DeviceId, Hash};

/// The most places of one's own that a comparison names.
pub const MAX_PLACES: usize = 64;
/// The most entries in one offer.
pub const MAX_OFFERS: usize = 64;

/// Which life of its data the relay is in, signed by it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedGeneration {
    /// The life.
    pub generation: Generation,
    /// When it was signed, by the relay's clock, milliseconds since the epoch.
    pub at_ms: i64,
    /// Ed25519 by the relay's key over [`Self::to_be_signed`].
    pub signature: Bytes,
}

impl SignedGeneration {
    /// The bytes that the relay signs.
    #[must_use]
    pub fn to_be_signed(generation: Generation, at_ms: i64) -> Vec<u8> {
        let mut bytes = b"bezel/generation/1\0".to_vec();
        bytes.extend_from_slice(&crate::cbor::encode(&(generation, at_ms)));
        bytes
    }

    /// Whether it is signed by this relay.
    #[must_use]
    pub fn is_by(&self, relay: &Ed25519PublicKey) -> bool {
        relay.verify(&Self::to_be_signed(self.generation, self.at_ms), &self.signature.0).is_ok()
    }
}

/// A device compares a log with the relay's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compare {
    /// In which life of the relay's data.
    pub generation: Generation,
    /// The newest place that the device has computed.
    pub end: Place,
    /// Places that it has computed, [`MAX_PLACES`] at most, in rising order: by them both sides find where their logs part. One of them must be
    /// a place of the relay's log where the caller is no member.
    pub places: Vec<Place>,
}

/// How the relay's log compares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compared {
    /// Where the relay's log ends.
    pub head: SignedHead,
    /// The newest of the places that is one of the relay's log; [`Place::START`] where none is.
    pub shared: Place,
    /// Whether the relay still takes back what it lost. New entries wait until then.
    pub heals: bool,
    /// Whether the relay has no group info of the newest epoch: whoever is in that epoch makes one ([`NewGroupInfo`]).
    pub lacks_group_info: bool,
}

/// Entries that the relay lost, from the exact next one on: at most [`MAX_OFFERS`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offers {
    /// In which life of the relay's data.
    pub generation: Generation,
    /// The end of the relay's log, behind which the first one stands.
    pub after: Place,
    /// The entries, in order.
    pub entries: Vec<Offer>,
}

/// An entry that the relay lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// What it is.
    pub kind: EntryKind,
    /// The time with which it was stamped.
    pub stored_at_ms: i64,
    /// The roster head with which it was stamped.
    pub roster: u64,
    /// The chain behind it: what must come out.
    pub hash: Hash,
    /// What it says.
    pub content: Offered,
}

/// The content of an entry that is offered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Offered {
    /// Its bytes.
    Bytes(Bytes),
    /// Their hash, where nobody keeps the bytes any more.
    Hash(Hash),
}

impl Offer {
    /// What the chain covers of it.
    #[must_use]
    pub fn entry(&self) -> SpineEntry {
        let sha256 = match &self.content {
            Offered::Bytes(bytes) => Hash::of(&bytes.0),
            Offered::Hash(hash) => *hash,
        };
        SpineEntry { kind: self.kind, stored_at_ms: self.stored_at_ms, roster: self.roster, sha256 }
    }
}

/// What the relay took back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OffersTaken {
    /// How many, from the first on; they are on disk.
    pub taken: u32,
    /// Where its log ends now.
    pub head: SignedHead,
    /// Why the next one was not taken.
    pub refused: Option<ErrorBody>,
}

/// Group info of the newest epoch of a conversation, where the relay has none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewGroupInfo {
    /// The epoch.
    pub epoch: u64,
    /// Group info, without ratchet tree, signed by a leaf of the caller's device.
    pub group_info: Bytes,
}

/// A commit that a healed log lacks, as it was: it may stand at a later place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitAgain {
    /// The entry.
    pub entry: Bytes,
}

/// What a device tells of a stretch of a log that the relay lost, and that did not come back: for who acts as owner to answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LostTold {
    /// The device.
    pub device: DeviceId,
    /// A [`crate::log::LostBranch`].
    pub branch: Bytes,
}
