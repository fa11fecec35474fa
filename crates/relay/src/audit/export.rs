//! Writes the audit log as lines of JSON.

use std::io::Write;

use bezel_protocol::audit::TreeBuilder;
use bezel_protocol::cbor;

use super::Line;
use crate::relay_key::RelayKey;
use crate::store::{Caller, Store, StoreError, StoredAuditEntry};

/// Exports every entry and, at the end, a signed checkpoint.
///
/// # Errors
/// When the database or the output fails.
pub async fn export<S: Store>(store: &S, key: &RelayKey, now_ms: i64, output: &mut (impl Write + Send)) -> anyhow::Result<()> {
    let (mut last, mut tree) = (None, TreeBuilder::default());
    loop {
        let after = last.as_ref().map_or(0, |entry: &StoredAuditEntry| entry.sequence);
        let page = store.read(Caller::Relay, move |unit| Box::pin(unit.audit_entries(after, 1000))).await?;
        let Some(newest) = page.last().cloned() else { break };
        for stored in &page {
            tree.push(stored.hash);
            let says = cbor::decode(&stored.entry).map_err(|_| StoreError::Damaged("audit entry"))?;
            let line = Line::Entry { sequence: stored.sequence, entry: hex::encode(&stored.entry), hash: stored.hash.to_string(), says };
            writeln!(output, "{}", serde_json::to_string(&line)?)?;
        }
        last = Some(newest);
    }
    let signed = key.checkpoint(tree.head(), now_ms);
    let line = Line::Checkpoint {
        relay_key: hex::encode(key.public().as_bytes()),
        entries: signed.tree.entries,
        root: signed.tree.root.to_string(),
        at_ms: signed.at_ms,
        signature: hex::encode(&signed.signature.0),
    };
    writeln!(output, "{}", serde_json::to_string(&line)?)?;
    Ok(output.flush()?)
}
