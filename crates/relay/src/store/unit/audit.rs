//! The audit log: appended to in the unit of work of what it tells of.

use async_trait::async_trait;
use bezel_protocol::audit::Subtree;
use bezel_protocol::{DeviceId, Hash, UserId};

use crate::store::{StoreError, StoredAuditEntry};

/// The audit log.
#[async_trait]
pub trait AuditLog {
    /// Appends an entry in the caller's name. `subject` names ids only.
    async fn audit(&mut self, action: &str, subject: Option<String>, at_ms: i64) -> Result<(), StoreError>;

    /// Appends an entry about what somebody else did. The relay's own.
    ///
    /// # Errors
    /// [`StoreError::WrongCaller`] for everybody else.
    async fn audit_as(
        &mut self,
        who: Option<(UserId, DeviceId)>,
        action: &str,
        subject: Option<String>,
        at_ms: i64,
    ) -> Result<(), StoreError>;

    /// How many entries there are, and the hash of the newest. `None` while there is none.
    async fn audit_head(&mut self) -> Result<Option<(u64, Hash)>, StoreError>;

    /// The root of the tree over these subtrees of the log, from left to right (RFC 6962 §2.1).
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when one of them is not there, or not whole yet.
    async fn audit_root(&mut self, subtrees: &[Subtree]) -> Result<Hash, StoreError>;

    /// At most `limit` entries after a given one, in order. The relay's own.
    ///
    /// # Errors
    /// [`StoreError::WrongCaller`] for everybody else.
    async fn audit_entries(&mut self, after: u64, limit: u32) -> Result<Vec<StoredAuditEntry>, StoreError>;
}
