//! Storage behind a trait. The only way to it is a unit of work, begun in a caller's name.

mod sqlite;
mod types;
mod unit;
mod writer;

use core::future::Future;
use core::pin::Pin;

use bezel_protocol::{DeviceId, InviteId, UserId, WorkspaceId};

pub use sqlite::SqliteStore;
pub use types::{
    AppendEnd, Appended, AuditEntry, CheckedStatement, Committed, Conversation, FilePart, FileRow, FileState, GuestLinkRow, HealingLog,
    HealingState, JudgedCommit, KeyPackageStock, Leftovers, Membership, NewEnvelope, NewEnvelopes, NewFile, NewGroup, SessionRow,
    StoredAuditEntry, Usage,
};
pub use unit::{
    Admission, AuditLog, Backups, Calls, Conversations, Departure, Files, GuestLinks, Healing, KeyPackages, LoginNoted, Logs, LostBranches,
    Messages, Presence, Rosters, Sessions, Silence, Unit, UnitOfWork,
};

/// In whose name a unit of work is done. Rows that the caller may not see do not exist for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// A device of a user.
    Device {
        /// The workspace.
        workspace: WorkspaceId,
        /// The user.
        user: UserId,
        /// The device.
        device: DeviceId,
    },
    /// Someone who holds an invite.
    Invite {
        /// The workspace.
        workspace: WorkspaceId,
        /// The invite.
        invite: InviteId,
    },
    /// A user by the identity key.
    User {
        /// The workspace.
        workspace: WorkspaceId,
        /// The user.
        user: UserId,
    },
    /// The relay itself: log-ins, roster effects, upkeep.
    Relay,
}

/// Why a unit of work came to nothing. Nothing of it was kept.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The caller may not do this at all.
    #[error("the caller may not do this")]
    WrongCaller,
    /// The calling device is unknown, was revoked, or its user was suspended or removed.
    #[error("the caller's device does not stand in the roster")]
    ShutOut,
    /// A user or device id belongs to another workspace, or another user.
    #[error("the id of a user or device is taken")]
    IdTaken,
    /// The database failed.
    #[error("the database failed: {0}")]
    Database(#[source] sqlx::Error),
    /// The disk of the database is full.
    #[error("the disk of the database is full")]
    NoRoom,
    /// Another unit of work ended the transaction in which this one was, and nothing of either was kept.
    #[error("the database failed: {0}")]
    Failed(String),
    /// What is stored can't be read.
    #[error("the database holds a damaged {0}")]
    Damaged(&'static str),
    /// The writer is gone: the relay is shutting down.
    #[error("the relay is shutting down")]
    Closed,
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        if sqlite::is_full(&error) { Self::NoRoom } else { Self::Database(error) }
    }
}

/// A future that borrows the unit of work.
pub type Work<'u, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'u>>;

/// A storage engine. `read` and `write` run a unit of work in a transaction; an error takes all of it back. A unit of work in the name
/// of a device begins only while the device stands in the roster, by what that transaction itself sees.
pub trait Store: Send + Sync + 'static {
    /// Runs a unit of work that changes nothing.
    fn read<T, F>(&self, caller: Caller, work: F) -> impl Future<Output = Result<T, StoreError>> + Send
    where
        T: Send + 'static,
        F: for<'u> FnOnce(&'u mut Unit<'_>) -> Work<'u, T> + Send + 'static;

    /// Runs a unit of work that may change something. The answer comes when it is on disk.
    fn write<T, F>(&self, caller: Caller, work: F) -> impl Future<Output = Result<T, StoreError>> + Send
    where
        T: Send + 'static,
        F: for<'u> FnOnce(&'u mut Unit<'_>) -> Work<'u, T> + Send + 'static;

    /// Gives envelopes of the caller's device the next places of a conversation, in order and as far as they can be taken. One that the
    /// device stored before keeps the place that it has. The answer comes when they are on disk. Appends that wait at one time have no
    /// order among them and share their rounds to the database.
    ///
    /// # Errors
    /// [`StoreError::WrongCaller`] but for devices.
    fn append(&self, caller: Caller, new: NewEnvelopes) -> impl Future<Output = Result<Appended, StoreError>> + Send;

    /// Ends the engine and leaves its files in order. A unit of work that comes later is refused.
    fn close(&self) -> impl Future<Output = ()> + Send;
}
