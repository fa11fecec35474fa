//! A stretch of a log that the relay had acknowledged and lost.

use serde::{Deserialize, Serialize};

use super::{Place, SignedHead, Spine, SpineEntry};
use crate::cbor::MalformedCbor;
use crate::key::Ed25519PublicKey;
use crate::wire::Bytes;
use crate::{ConversationId, Hash, cbor};

/// The most entries of a lost stretch that are told.
pub const MAX_LOST: usize = 10_000;

/// What stood behind a place of a log before its relay was put back from a copy. The relay's own head over its end shows that it had stood
/// there: a commit that was never taken can't be told as one that was lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LostBranch {
    /// The newest place of both logs.
    pub base: Place,
    /// Every entry behind it, [`MAX_LOST`] at most.
    pub spine: Spine,
    /// The relay's word for where they ended.
    pub head: SignedHead,
    /// The bytes of the commits and leaves among them, in order.
    pub changes: Vec<Bytes>,
}

/// An entry of a lost stretch that changed the group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LostChange {
    /// Where it stood.
    pub place: Place,
    /// What the chain covered of it.
    pub entry: SpineEntry,
    /// Its bytes.
    pub bytes: Bytes,
}

impl LostBranch {
    /// Reads it; there is one way to write it.
    ///
    /// # Errors
    /// When the bytes are none, or written in another way.
    pub fn decode(bytes: &[u8]) -> Result<Self, MalformedCbor> {
        cbor::decode_canonical(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        cbor::encode(self)
    }

    /// Every entry with its place, as far as the chain goes.
    #[must_use]
    pub fn places(&self) -> Option<Vec<(Place, SpineEntry)>> {
        let entries = self.spine.entries().filter(|entries| entries.len() <= MAX_LOST)?;
        let mut place = self.base;
        let next = |entry: SpineEntry| {
            place = place.next(&entry);
            (place, entry)
        };
        Some(entries.into_iter().map(next).collect())
    }

    /// The changes of the group among them, if this relay had acknowledged all of it, and the bytes are those.
    #[must_use]
    pub fn changes(&self, conversation: ConversationId, relay: &Ed25519PublicKey) -> Option<Vec<LostChange>> {
        let places = self.places()?;
        let end = places.last().map_or(self.base, |(place, _)| *place);
        if self.head.conversation != conversation || self.head.place != end || !self.head.is_by(relay) {
            return None;
        }
        let changing: Vec<_> = places.into_iter().filter(|(_, entry)| entry.kind.changes_group()).collect();
        if changing.len() != self.changes.len() {
            return None;
        }
        let with_bytes = changing.into_iter().zip(&self.changes);
        let read = |((place, entry), bytes): ((Place, SpineEntry), &Bytes)| {
            (Hash::of(bytes.as_ref()) == entry.sha256).then(|| LostChange { place, entry, bytes: bytes.clone() })
        };
        with_bytes.map(read).collect()
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer as _, SigningKey};
    use proptest::prelude::*;

    use super::*;
    use crate::log::{EntryKind, Generation};

    const CONVERSATION: ConversationId = ConversationId::from_bytes([7; 16]);

    fn relay() -> SigningKey {
        SigningKey::from_bytes(&[5; 32])
    }

    fn relay_key() -> Ed25519PublicKey {
        Ed25519PublicKey::from_bytes(relay().verifying_key().as_bytes()).unwrap()
    }

    fn branch(kinds: &[EntryKind]) -> LostBranch {
        let base = Place { sequence: 4, hash: Hash::of(b"base") };
        let bytes: Vec<Bytes> = (0..kinds.len()).map(|at| format!("entry {at}").into_bytes().into()).collect();
        let entry =
            |(kind, bytes): (&EntryKind, &Bytes)| SpineEntry { kind: *kind, stored_at_ms: 1, roster: 1, sha256: Hash::of(bytes.as_ref()) };
        let entries: Vec<_> = kinds.iter().zip(&bytes).map(entry).collect();
        let place = entries.iter().fold(base, |place, entry| place.next(entry));
        let (generation, epoch, at_ms) = (Generation::from_bytes([1; 16]), 3, 9);
        let signature = relay().sign(&SignedHead::to_be_signed(generation, CONVERSATION, place, epoch, at_ms)).to_bytes().to_vec();
        let head = SignedHead { generation, conversation: CONVERSATION, place, epoch, at_ms, signature: signature.into() };
        let is_change = |kind: &EntryKind| matches!(kind, EntryKind::Commit | EntryKind::Leave);
        let changes = kinds.iter().zip(bytes).filter(|(kind, _)| is_change(kind)).map(|(_, bytes)| bytes).collect();
        LostBranch { base, spine: Spine::new(entries), head, changes }
    }

    fn kind() -> impl Strategy<Value = EntryKind> {
        prop_oneof![Just(EntryKind::Envelope), Just(EntryKind::Commit), Just(EntryKind::Leave), Just(EntryKind::Restored)]
    }

    proptest! {
        #[test]
        fn what_the_relay_acknowledged_is_read_with_its_places(kinds in proptest::collection::vec(kind(), 0..20)) {
            let branch = branch(&kinds);
            prop_assert_eq!(&LostBranch::decode(&branch.encode()).unwrap(), &branch);
            let changes = branch.changes(CONVERSATION, &relay_key()).unwrap();
            let places: Vec<_> = changes.iter().map(|change| change.place.sequence).collect();
            let is_change = |(at, kind): (usize, &EntryKind)| matches!(kind, EntryKind::Commit | EntryKind::Leave).then_some(at as u64 + 5);
            prop_assert_eq!(places, kinds.iter().enumerate().filter_map(is_change).collect::<Vec<_>>());
        }

        #[test]
        fn any_bytes_are_a_branch_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(branch) = LostBranch::decode(&bytes) {
                prop_assert_eq!(branch.encode(), bytes);
            }
        }
    }

    /// Nobody makes up what a relay had acknowledged, and nobody cuts or swaps it.
    #[test]
    fn what_the_relay_did_not_acknowledge_is_refused() {
        let good = branch(&[EntryKind::Commit, EntryKind::Envelope, EntryKind::Leave]);
        let refused = |branch: &LostBranch| branch.changes(CONVERSATION, &relay_key()).is_none();
        assert!(!refused(&good));
        let entries = good.spine.entries().unwrap();
        let other = Hash::of(b"other");
        for (what, bad) in [
            ("another base", LostBranch { base: Place { hash: other, ..good.base }, ..good.clone() }),
            ("a shorter spine", LostBranch { spine: Spine::new(entries.iter().take(2).copied()), ..good.clone() }),
            ("a change that is missing", LostBranch { changes: good.changes.iter().take(1).cloned().collect(), ..good.clone() }),
            ("changes that are swapped", LostBranch { changes: good.changes.iter().rev().cloned().collect(), ..good.clone() }),
            ("a head for another place", LostBranch { head: SignedHead { place: good.base, ..good.head.clone() }, ..good.clone() }),
            ("a head for another epoch", LostBranch { head: SignedHead { epoch: 4, ..good.head.clone() }, ..good.clone() }),
        ] {
            assert!(refused(&bad), "{what}");
        }
        assert!(good.changes(ConversationId::from_bytes([8; 16]), &relay_key()).is_none(), "another conversation");
        let stranger = SigningKey::from_bytes(&[6; 32]).verifying_key();
        let stranger = Ed25519PublicKey::from_bytes(stranger.as_bytes()).unwrap();
        assert!(good.changes(CONVERSATION, &stranger).is_none(), "another relay");
        assert!(refused(&branch(&vec![EntryKind::Envelope; MAX_LOST + 1])), "too many");
    }
}
