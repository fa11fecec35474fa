//! The audit log: a hash chain, a tree over it whose root the relay signs, verifiable without the relay.

mod counts;
mod export;
mod verify;

use bezel_protocol::Hash;
use bezel_protocol::audit::{TreeHead, subtrees};

pub(crate) use counts::Counts;
pub use export::export;
pub use verify::{AuditFault, verify};

use crate::store::{StoreError, Unit};

/// How many entries there are, and the root of the tree over them. `None` while there is none.
pub(crate) async fn tree_head(unit: &mut Unit<'_>) -> Result<Option<TreeHead>, StoreError> {
    let Some((entries, _)) = unit.audit_head().await? else { return Ok(None) };
    Ok(Some(TreeHead { entries, root: unit.audit_root(&subtrees(0, entries)).await? }))
}

/// The hash of an entry in its place: SHA-256 of the hash before it and the entry's bytes.
#[must_use]
pub fn link(previous: Hash, entry: &[u8]) -> Hash {
    let mut bytes = previous.as_bytes().to_vec();
    bytes.extend_from_slice(entry);
    Hash::of(&bytes)
}

/// A line of an export. The last one is the checkpoint.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    /// An entry.
    Entry {
        /// Its number.
        sequence: u64,
        /// The bytes that were hashed, hexadecimal.
        entry: String,
        /// Its hash.
        hash: String,
        /// What it says, for people; the hash covers `entry`, not this.
        says: crate::store::AuditEntry,
    },
    /// The checkpoint.
    Checkpoint {
        /// The relay's public key, hexadecimal.
        relay_key: String,
        /// How many entries.
        entries: u64,
        /// The root of the tree over them (RFC 6962).
        root: String,
        /// When, milliseconds since the epoch.
        at_ms: i64,
        /// The relay's signature, hexadecimal.
        signature: String,
    },
}
