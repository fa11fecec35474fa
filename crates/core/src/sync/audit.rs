//! The relay's audit log only grows: what this member saw of it is the beginning of what it is shown now (protocol §10).

use bezel_protocol::audit::extends;
use bezel_protocol::cbor;
use bezel_protocol::wire::{AuditProof, SignedCheckpoint, code, path};
use serde::Serialize;

use crate::alarm::Cause;
use crate::cache;
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::member::Member;
use crate::relay::RelayError;

/// The newest checkpoint of the relay's audit log that this member followed.
#[derive(Debug, Clone, Serialize)]
pub struct AuditCheckpoint {
    /// How many entries the log had.
    pub entries: u64,
    /// The root of the tree over them (RFC 6962), in hexadecimal.
    pub root: String,
    /// When the relay signed it.
    pub at: Timestamp,
    /// The relay's key, in hexadecimal.
    pub relay_key: String,
    /// The signed checkpoint, for `bezel-relay audit verify --checkpoint`, in hexadecimal.
    pub checkpoint: String,
}

/// The newest checkpoint that was followed; `None` where the relay keeps no audit log.
///
/// # Errors
/// When the local database fails.
pub async fn audit_checkpoint(member: &Member) -> Result<Option<AuditCheckpoint>> {
    let kept = cache::audit::checkpoint(&mut *member.cache.read().await?).await?;
    Ok(kept.map(|kept| AuditCheckpoint {
        entries: kept.tree.entries,
        root: kept.tree.root.to_string(),
        at: Timestamp::from_ms(kept.at_ms),
        relay_key: hexadecimal(member.profile().relay_key.as_bytes()),
        checkpoint: hexadecimal(&cbor::encode(&kept)),
    }))
}

/// Looks whether a checkpoint follows the one before, and keeps it; else an alarm is raised.
///
/// # Errors
/// When the relay can't be reached, or the local database fails.
pub(super) async fn follow_audit(member: &Member, shown: Option<&SignedCheckpoint>) -> Result<()> {
    let known = cache::audit::checkpoint(&mut *member.cache.read().await?).await?;
    let Some(shown) = shown else {
        return if known.is_some() { member.raise_alarm(&withheld(), Cause::WORKSPACE).await } else { Ok(()) };
    };
    if shown.verify(&member.profile().relay_key).is_err() {
        return member.raise_alarm(&unsigned(), Cause::WORKSPACE).await;
    }
    if let Some(known) = &known
        && !follows(member, known, shown).await?
    {
        return member.raise_alarm(&rewritten(known.tree.entries), Cause::WORKSPACE).await;
    }
    let mut tx = member.cache.begin().await?;
    cache::audit::keep_checkpoint(&mut tx, shown).await?;
    tx.commit().await?;
    Ok(())
}

/// Whether `known` is the beginning of `shown`: by the relay's proof, where the log has grown.
async fn follows(member: &Member, known: &SignedCheckpoint, shown: &SignedCheckpoint) -> Result<bool> {
    let (from, to) = (known.tree.entries, shown.tree.entries);
    if to <= from {
        return Ok(shown.tree == known.tree);
    }
    match member.client.get::<AuditProof>(&format!("{}?from={from}&to={to}", path::AUDIT_PROOF)).await {
        Ok(proof) => Ok(extends(known.tree, shown.tree, &proof.nodes)),
        // It has no proof of what it signed itself.
        Err(RelayError::Refused(refusal)) if [code::NOT_FOUND, code::MALFORMED].contains(&refusal.code.as_str()) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

const NEXT_STEP: &str = "Export the audit log and have it verified with your checkpoint (bezel audit); speak with whoever runs the relay.";

fn withheld() -> Error {
    Error::unverifiable("audit_withheld", "The relay kept an audit log before and shows none any more.", NEXT_STEP)
}

fn unsigned() -> Error {
    Error::unverifiable("audit_unsigned", "The checkpoint of the audit log is not signed by the relay's key.", NEXT_STEP)
}

fn rewritten(entries: u64) -> Error {
    let message = format!("The relay's audit log was rewritten: its first {entries} entries are no longer those that it showed before.");
    Error::unverifiable("audit_rewritten", message, NEXT_STEP)
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
