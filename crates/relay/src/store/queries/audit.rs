//! The audit log: appended to in the unit of work of what it tells of.

use async_trait::async_trait;
use bezel_protocol::{Hash, cbor};
use sqlx::Row as _;

use super::super::EngineUnit;
use super::{hash, signed, unsigned};
use crate::audit::link;
use crate::store::{AuditEntry, AuditLog, Caller, StoreError, StoredAuditEntry};

#[async_trait]
impl AuditLog for EngineUnit<'_> {
    async fn audit(&mut self, action: &str, subject: Option<String>, at_ms: i64) -> Result<(), StoreError> {
        let (user, device) = match self.caller {
            Caller::Device { user, device, .. } => (Some(user), Some(device)),
            Caller::Invite { .. } | Caller::Relay => (None, None),
        };
        let entry = cbor::encode(&AuditEntry { at_ms, user, device, action: action.into(), subject });
        let (sequence, previous) = self.audit_head().await?.unwrap_or((0, Hash::ZERO));
        sqlx::query("INSERT INTO encryption_audit_logs (sequence, entry, hash) VALUES ($1, $2, $3)")
            .bind(signed(sequence + 1))
            .bind(entry.as_slice())
            .bind(link(previous, &entry).as_bytes().as_slice())
            .execute(&mut *self.connection)
            .await?;
        Ok(())
    }

    async fn audit_head(&mut self) -> Result<Option<(u64, Hash)>, StoreError> {
        let row = sqlx::query("SELECT sequence, hash FROM encryption_audit_logs ORDER BY sequence DESC LIMIT 1")
            .fetch_optional(&mut *self.connection)
            .await?;
        row.map(|row| Ok((unsigned(&row, "sequence")?, hash(&row, "hash")?))).transpose()
    }

    async fn audit_entries(&mut self, after: u64, limit: u32) -> Result<Vec<StoredAuditEntry>, StoreError> {
        self.relay()?;
        let rows = sqlx::query("SELECT sequence, entry, hash FROM encryption_audit_logs WHERE sequence > $1 ORDER BY sequence LIMIT $2")
            .bind(signed(after))
            .bind(i64::from(limit))
            .fetch_all(&mut *self.connection)
            .await?;
        rows.iter()
            .map(|row| {
                Ok(StoredAuditEntry { sequence: unsigned(row, "sequence")?, entry: row.try_get("entry")?, hash: hash(row, "hash")? })
            })
            .collect()
    }
}
