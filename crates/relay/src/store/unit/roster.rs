//! Workspaces, their rosters, and what follows from them.

use async_trait::async_trait;
use bezel_protocol::roster::{Roster, Status};
use bezel_protocol::{DeviceId, Role, UserId, WorkspaceId};

use crate::store::{CheckedStatement, StoreError};

/// Rosters. What writes, and the list of workspaces, is the relay's own; others get [`StoreError::WrongCaller`].
#[async_trait]
pub trait Rosters {
    /// Every workspace.
    async fn workspaces(&mut self) -> Result<Vec<WorkspaceId>, StoreError>;

    /// A new workspace.
    async fn insert_workspace(&mut self, workspace: WorkspaceId, now_ms: i64) -> Result<(), StoreError>;

    /// The statements after a given one (`None`: from the first), in order: at least one, and at most `max_bytes`; none of another workspace
    /// than the caller's.
    async fn statements(&mut self, workspace: WorkspaceId, after: Option<u64>, max_bytes: usize) -> Result<Vec<Vec<u8>>, StoreError>;

    /// Appends a statement that was checked.
    async fn append_statement(&mut self, workspace: WorkspaceId, statement: &CheckedStatement) -> Result<(), StoreError>;

    /// How many statements of a kind about a device or user were appended within `span`, by the relay's clock: after its first time and
    /// until its second. What a clock that ran ahead has dated later does not count: it would for as long.
    async fn count_statements_about(
        &mut self,
        workspace: WorkspaceId,
        kind: &'static str,
        subject: [u8; 16],
        span: (i64, i64),
    ) -> Result<u64, StoreError>;

    /// How many statements a device has sent within `span`, by the relay's clock.
    async fn count_statements_by(&mut self, device: DeviceId, span: (i64, i64)) -> Result<u64, StoreError>;

    /// Keeps what a user is now.
    ///
    /// # Errors
    /// [`StoreError::IdTaken`] when the id is another workspace's.
    async fn put_user(&mut self, workspace: WorkspaceId, user: UserId, role: Role, status: Status) -> Result<(), StoreError>;

    /// Keeps what a device is now; `revoked_at_ms` is `None` while it may act.
    ///
    /// # Errors
    /// [`StoreError::IdTaken`] when the id is another user's.
    async fn put_device(&mut self, device: DeviceId, user: UserId, revoked_at_ms: Option<i64>) -> Result<(), StoreError>;

    /// Brings users, devices, sessions and `user_encryption_keys` in step with a roster: all of it, or what differs from `before`.
    ///
    /// # Errors
    /// [`StoreError::IdTaken`] when it names a user or device of another workspace.
    async fn apply_roster(&mut self, before: Option<&Roster>, after: &Roster, now_ms: i64) -> Result<(), StoreError>;

    /// Whether a device of the caller's workspace may act, by the roster as it is in this unit of work.
    async fn stands(&mut self, device: DeviceId) -> Result<bool, StoreError>;
}
