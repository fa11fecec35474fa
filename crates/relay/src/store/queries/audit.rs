//! The audit log: appended to in the unit of work of what it tells of.

use async_trait::async_trait;
use bezel_protocol::audit::{self as tree, Subtree};
use bezel_protocol::{DeviceId, Hash, UserId, cbor};
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
            Caller::User { user, .. } => (Some(user), None),
            Caller::Invite { .. } | Caller::Relay => (None, None),
        };
        self.append_entry(&AuditEntry { at_ms, user, device, action: action.into(), subject }).await
    }

    async fn audit_as(
        &mut self,
        who: Option<(UserId, DeviceId)>,
        action: &str,
        subject: Option<String>,
        at_ms: i64,
    ) -> Result<(), StoreError> {
        self.relay()?;
        let (user, device) = who.unzip();
        self.append_entry(&AuditEntry { at_ms, user, device, action: action.into(), subject }).await
    }

    async fn audit_head(&mut self) -> Result<Option<(u64, Hash)>, StoreError> {
        let row = sqlx::query("SELECT sequence, hash FROM encryption_audit_logs ORDER BY sequence DESC LIMIT 1")
            .fetch_optional(&mut *self.connection)
            .await?;
        row.map(|row| Ok((unsigned(&row, "sequence")?, hash(&row, "hash")?))).transpose()
    }

    async fn audit_root(&mut self, subtrees: &[Subtree]) -> Result<Hash, StoreError> {
        let mut nodes = Vec::with_capacity(subtrees.len());
        for subtree in subtrees {
            nodes.push(self.audit_node(*subtree).await?);
        }
        Ok(tree::root(&nodes))
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

impl EngineUnit<'_> {
    async fn append_entry(&mut self, entry: &AuditEntry) -> Result<(), StoreError> {
        let entry = cbor::encode(entry);
        let (sequence, previous) = self.audit_head().await?.unwrap_or((0, Hash::ZERO));
        let chained = link(previous, &entry);
        sqlx::query("INSERT INTO encryption_audit_logs (sequence, entry, hash) VALUES ($1, $2, $3)")
            .bind(signed(sequence + 1))
            .bind(entry.as_slice())
            .bind(chained.as_bytes().as_slice())
            .execute(&mut *self.connection)
            .await?;
        self.grow_audit_tree(sequence, tree::leaf(chained)).await
    }

    /// Adds the leaf at `position`, and every subtree that it makes whole.
    async fn grow_audit_tree(&mut self, position: u64, leaf: Hash) -> Result<(), StoreError> {
        let (mut at, mut node) = (Subtree { level: 0, position }, leaf);
        loop {
            sqlx::query("INSERT INTO audit_tree (level, position, hash) VALUES ($1, $2, $3)")
                .bind(i64::from(at.level))
                .bind(signed(at.position))
                .bind(node.as_bytes().as_slice())
                .execute(&mut *self.connection)
                .await?;
            if at.position.is_multiple_of(2) {
                return Ok(());
            }
            let left = self.audit_node(Subtree { position: at.position - 1, ..at }).await?;
            node = tree::parent(left, node);
            at = Subtree { level: at.level + 1, position: at.position / 2 };
        }
    }

    async fn audit_node(&mut self, subtree: Subtree) -> Result<Hash, StoreError> {
        let row = sqlx::query("SELECT hash FROM audit_tree WHERE level = $1 AND position = $2")
            .bind(i64::from(subtree.level))
            .bind(signed(subtree.position))
            .fetch_optional(&mut *self.connection)
            .await?;
        hash(&row.ok_or(StoreError::Damaged("audit tree"))?, "hash")
    }
}
