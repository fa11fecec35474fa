//! Verifies an exported audit log, without the relay.

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
}

/// Verifies every line. Returns how many entries there are, and the relay's key that signed them.
///
/// # Errors
/// At the first line that is not as it should be.
pub fn verify(export: &str) -> Result<(u64, Ed25519PublicKey), AuditFault> {
    let mut newest = (0, Hash::ZERO);
    let mut checkpoint = None;
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
            }
            Line::Checkpoint { relay_key, entries, head, at_ms, signature } => {
                if (entries, head) != (newest.0, newest.1.to_string()) {
                    return Err(AuditFault::Truncated);
                }
                checkpoint = Some((relay_key, at_ms, signature));
            }
        }
    }
    let (relay_key, at_ms, signature) = checkpoint.ok_or(AuditFault::Truncated)?;
    let key = hex::decode(relay_key).ok().and_then(|key| Ed25519PublicKey::from_bytes(&key).ok()).ok_or(AuditFault::BadSignature)?;
    let signature = hex::decode(signature).map_err(|_| AuditFault::BadSignature)?;
    key.verify(&SignedCheckpoint::to_be_signed(newest.0, newest.1, at_ms), &signature).map_err(|_| AuditFault::BadSignature)?;
    Ok((newest.0, key))
}
