//! The audit log: a hash chain, checkpoints signed by the relay, verifiable without it.

mod export;
mod verify;

use bezel_protocol::Hash;

pub use export::export;
pub use verify::{AuditFault, verify};

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
        /// The hash of the newest.
        head: String,
        /// When, milliseconds since the epoch.
        at_ms: i64,
        /// The relay's signature, hexadecimal.
        signature: String,
    },
}
