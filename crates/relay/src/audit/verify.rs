//! Verifies an exported audit log, without the relay.

use bezel_protocol::audit::TreeBuilder;
use bezel_protocol::key::Ed25519PublicKey;
use bezel_protocol::wire::SignedCheckpoint;
use bezel_protocol::{Hash, cbor};

use super::{Line, link};
use crate::store::AuditEntry;

/// What is wrong with an export, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuditFault {
    /// Not a line of an export.
    #[error("line {0} can't be read")]
    Unreadable(usize),
    /// An entry is missing, repeated or out of order.
    #[error("line {line}: entry {expected} should follow, but {found} came")]
    OutOfOrder {
        /// The line.
        line: usize,
        /// The number that should have come.
        expected: u64,
        /// The number that came.
        found: u64,
    },
    /// The hash does not follow from what comes before.
    #[error("line {line}: entry {sequence} was changed, or one before it")]
    Changed {
        /// The line.
        line: usize,
        /// The entry.
        sequence: u64,
    },
    /// There is no checkpoint at the end, or it is of another log.
    #[error("the export does not end with a checkpoint over all of it: it was cut short")]
    Truncated,
    /// The checkpoint is not by the relay.
    #[error("the checkpoint is not signed by the relay's key")]
    BadSignature,
    /// The checkpoint that somebody kept is by another relay, or was changed.
    #[error("the checkpoint that was kept is not signed by the key that signed the export")]
    ForeignCheckpoint,
    /// What the checkpoint saw is not the beginning of the export.
    #[error("the export is not what was shown before: its first {entries} entries are others than the checkpoint of {entries} entries saw")]
    Rewritten {
        /// How many entries the checkpoint saw.
        entries: u64,
    },
    /// The export has fewer entries than the checkpoint saw.
    #[error("the export has {found} entries, but the checkpoint saw {entries}: it was cut short")]
    Shorter {
        /// How many there are.
        found: u64,
        /// How many the checkpoint saw.
        entries: u64,
    },
}

/// Verifies every line, and that the export begins with what `kept`, a checkpoint that a member kept, saw. Returns how many entries there are,
/// and the relay's key that signed them.
///
/// # Errors
/// At the first line that is not as it should be.
pub fn verify(export: &str, kept: Option<&SignedCheckpoint>) -> Result<(u64, Ed25519PublicKey), AuditFault> {
    let mut newest = (0, Hash::ZERO);
    let (mut tree, mut checkpoint) = (TreeBuilder::default(), None);
    for (line, text) in (1..).zip(export.lines()) {
        if checkpoint.is_some() {
            return Err(AuditFault::Unreadable(line));
        }
        match serde_json::from_str(text).map_err(|_| AuditFault::Unreadable(line))? {
            Line::Entry { sequence, entry, hash, says } => {
                let entry = hex::decode(entry).map_err(|_| AuditFault::Unreadable(line))?;
                if sequence != newest.0 + 1 {
                    return Err(AuditFault::OutOfOrder { line, expected: newest.0 + 1, found: sequence });
                }
                let expected = link(newest.1, &entry);
                let is_said = cbor::decode::<AuditEntry>(&entry).is_ok_and(|entry| entry == says);
                if expected.to_string() != hash || !is_said {
                    return Err(AuditFault::Changed { line, sequence });
                }
                newest = (sequence, expected);
                tree.push(expected);
                if kept.is_some_and(|kept| kept.tree.entries == sequence && kept.tree != tree.head()) {
                    return Err(AuditFault::Rewritten { entries: sequence });
                }
            }
            Line::Checkpoint { relay_key, entries, root, at_ms, signature } => {
                if (entries, root) != (newest.0, tree.head().root.to_string()) {
                    return Err(AuditFault::Truncated);
                }
                checkpoint = Some((relay_key, at_ms, signature));
            }
        }
    }
    let (relay_key, at_ms, signature) = checkpoint.ok_or(AuditFault::Truncated)?;
    let key = hex::decode(relay_key).ok().and_then(|key| Ed25519PublicKey::from_bytes(&key).ok()).ok_or(AuditFault::BadSignature)?;
    let signature = hex::decode(signature).map_err(|_| AuditFault::BadSignature)?;
    key.verify(&SignedCheckpoint::to_be_signed(tree.head(), at_ms), &signature).map_err(|_| AuditFault::BadSignature)?;
    if let Some(kept) = kept {
        kept.verify(&key).map_err(|_| AuditFault::ForeignCheckpoint)?;
        if kept.tree.entries > newest.0 {
            return Err(AuditFault::Shorter { found: newest.0, entries: kept.tree.entries });
        }
    }
    Ok((newest.0, key))
}
