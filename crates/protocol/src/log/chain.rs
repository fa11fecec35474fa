//! The chain of hashes over the entries of a log.

use core::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::Hash;
use crate::wire::Bytes;

/// What an entry of a log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
#[repr(u8)]
pub enum EntryKind {
    /// The conversation begins; the first entry and no other.
    Begin = 0,
    /// A message.
    Envelope = 1,
    /// The group enters its next epoch.
    Commit = 2,
    /// A user leaves.
    Leave = 3,
    /// The relay was put back from a copy and healed up to here.
    Restored = 6,
}

impl EntryKind {
    /// Whether such an entry changes who is in the group.
    #[must_use]
    pub const fn changes_group(self) -> bool {
        matches!(self, Self::Commit | Self::Leave)
    }
}

impl From<EntryKind> for u8 {
    fn from(kind: EntryKind) -> Self {
        kind as Self
    }
}

/// The number names no kind of entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not a kind of entry")]
pub struct UnknownKind(u8);

impl TryFrom<u8> for EntryKind {
    type Error = UnknownKind;

    fn try_from(number: u8) -> Result<Self, UnknownKind> {
        [Self::Begin, Self::Envelope, Self::Commit, Self::Leave, Self::Restored]
            .into_iter()
            .find(|kind| *kind as u8 == number)
            .ok_or(UnknownKind(number))
    }
}

/// A place in a log and the value of the chain there. Two logs with the same place are the same up to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The number of the entry; the first is 1.
    pub sequence: u64,
    /// The value of the chain behind it.
    pub hash: Hash,
}

impl Place {
    /// Before the first entry.
    pub const START: Self = Self { sequence: 0, hash: Hash::ZERO };

    /// The place of the entry that follows:
    /// `hn = SHA-256("bezel/log" ‖ hn−1 ‖ n ‖ kind ‖ stored_at ‖ roster ‖ SHA-256(bytes))`, numbers big-endian in 8 bytes, the kind in one.
    #[must_use]
    pub fn next(&self, entry: &SpineEntry) -> Self {
        let sequence = self.sequence.saturating_add(1);
        let hash = Sha256::new()
            .chain_update(b"bezel/log")
            .chain_update(self.hash.as_bytes())
            .chain_update(sequence.to_be_bytes())
            .chain_update([entry.kind as u8])
            .chain_update(entry.stored_at_ms.to_be_bytes())
            .chain_update(entry.roster.to_be_bytes())
            .chain_update(entry.sha256.as_bytes())
            .finalize();
        Self { sequence, hash: Hash::from_bytes(hash.into()) }
    }
}

/// What the chain covers of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpineEntry {
    /// What it is.
    pub kind: EntryKind,
    /// When the relay stored it, by the relay's clock, milliseconds since the epoch.
    pub stored_at_ms: i64,
    /// The number of the newest roster statement then. It never falls; by it all readers judge alike who was shut out at this place,
    /// whatever contents they hold.
    pub roster: u64,
    /// SHA-256 of its bytes.
    pub sha256: Hash,
}

/// How long an entry of a spine is.
pub const SPINE_ENTRY_BYTES: usize = 1 + 8 + 8 + 32;

/// A stretch of a log by its hashes alone, [`SPINE_ENTRY_BYTES`] an entry: enough to compute the chain before any content comes.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Spine(Bytes);

impl Spine {
    /// The entries, written one after the other.
    #[must_use]
    pub fn new(entries: impl IntoIterator<Item = SpineEntry>) -> Self {
        let mut bytes = Vec::new();
        for entry in entries {
            bytes.push(entry.kind as u8);
            bytes.extend_from_slice(&entry.stored_at_ms.to_be_bytes());
            bytes.extend_from_slice(&entry.roster.to_be_bytes());
            bytes.extend_from_slice(entry.sha256.as_bytes());
        }
        Self(Bytes(bytes))
    }

    /// The entries, or `None` when the bytes are no whole number of them or name an unknown kind.
    #[must_use]
    pub fn entries(&self) -> Option<Vec<SpineEntry>> {
        let (entries, rest) = self.0.0.as_chunks::<SPINE_ENTRY_BYTES>();
        if !rest.is_empty() {
            return None;
        }
        entries.iter().map(read).collect()
    }
}

fn read(bytes: &[u8; SPINE_ENTRY_BYTES]) -> Option<SpineEntry> {
    let (kind, rest) = bytes.split_first()?;
    let (stored_at_ms, rest) = rest.split_first_chunk::<8>()?;
    let (roster, sha256) = rest.split_first_chunk::<8>()?;
    Some(SpineEntry {
        kind: EntryKind::try_from(*kind).ok()?,
        stored_at_ms: i64::from_be_bytes(*stored_at_ms),
        roster: u64::from_be_bytes(*roster),
        sha256: Hash::from_slice(sha256)?,
    })
}

impl fmt::Debug for Spine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Spine({} entries)", self.0.0.len() / SPINE_ENTRY_BYTES)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry() -> impl Strategy<Value = SpineEntry> {
        let kinds = [EntryKind::Begin, EntryKind::Envelope, EntryKind::Commit, EntryKind::Leave, EntryKind::Restored];
        let kind = proptest::sample::select(kinds.to_vec());
        (kind, any::<i64>(), any::<u64>(), any::<[u8; 32]>()).prop_map(|(kind, stored_at_ms, roster, sha256)| SpineEntry {
            kind,
            stored_at_ms,
            roster,
            sha256: Hash::from_bytes(sha256),
        })
    }

    fn end(entries: &[SpineEntry]) -> Place {
        entries.iter().fold(Place::START, |place, entry| place.next(entry))
    }

    proptest! {
        #[test]
        fn a_spine_reads_back_as_it_was_written(entries in proptest::collection::vec(entry(), 0..40)) {
            prop_assert_eq!(Spine::new(entries.clone()).entries(), Some(entries));
        }

        #[test]
        fn any_bytes_are_a_spine_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Some(entries) = Spine(Bytes(bytes.clone())).entries() {
                prop_assert_eq!(Spine::new(entries), Spine(Bytes(bytes)));
            }
        }

        /// A relay that cuts, swaps, dates or changes anything behind one's back ends in another value.
        #[test]
        fn whatever_differs_in_two_logs_shows_in_the_place(
            entries in proptest::collection::vec(entry(), 1..20), other in entry(), at in any::<proptest::sample::Index>()
        ) {
            let at = at.index(entries.len());
            let mut changed = entries.clone();
            changed[at] = other;
            prop_assert_eq!(end(&changed) == end(&entries), other == entries[at]);
            let mut shorter = entries.clone();
            shorter.remove(at);
            prop_assert_ne!(end(&shorter), end(&entries));
            if at > 0 && entries[at] != entries[at - 1] {
                let mut swapped = entries.clone();
                swapped.swap(at, at - 1);
                prop_assert_ne!(end(&swapped), end(&entries));
            }
        }
    }

    /// The format is laid down: a change of it is a change of every log.
    #[test]
    fn the_chain_is_the_one_that_is_written_down() {
        let entry = SpineEntry { kind: EntryKind::Commit, stored_at_ms: 1_764_460_800_000, roster: 7, sha256: Hash::of(b"commit") };
        let place = Place { sequence: 41, hash: Hash::of(b"before") }.next(&entry);
        let mut bytes = b"bezel/log".to_vec();
        bytes.extend_from_slice(Hash::of(b"before").as_bytes());
        bytes.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 42, 2]);
        bytes.extend_from_slice(&1_764_460_800_000_i64.to_be_bytes());
        bytes.extend_from_slice(&7_u64.to_be_bytes());
        bytes.extend_from_slice(Hash::of(b"commit").as_bytes());
        assert_eq!(place, Place { sequence: 42, hash: Hash::of(&bytes) });
    }
}
