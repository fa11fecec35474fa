//! The audit log: appended to in the unit of work of what it tells of.

use async_trait::async_trait;
use bezel_protocol::Hash;

use crate::store::{StoreError, StoredAuditEntry};

/// The audit log.
#[async_trait]
pub trait AuditLog {
    /// Appends an entry in the caller's name. `subject` names ids only.
    async fn audit(&mut self, action: &str, subject: Option<String>, at_ms: i64) -> Result<(), StoreError>;

    /// How many entries there are, and the hash of the newest. `None` while there is none.
    async fn audit_head(&mut self) -> Result<Option<(u64, Hash)>, StoreError>;

    /// At most `limit` entries after a given one, in order. The relay's own.
    ///
    /// # Errors
    /// [`StoreError::WrongCaller`] for everybody else.
    async fn audit_entries(&mut self, after: u64, limit: u32) -> Result<Vec<StoredAuditEntry>, StoreError>;
}
