//! Sessions and first log-ins.

use async_trait::async_trait;
use bezel_protocol::{DeviceId, Hash};

use crate::store::{SessionRow, StoreError};

/// Sessions. All of it is the relay's own; others get [`StoreError::WrongCaller`].
#[async_trait]
pub trait Sessions {
    /// Keeps a session by the hash of its token, and forgets those that ended. Returns whether it was kept: a device that does not
    /// stand gets none.
    async fn insert_session(&mut self, token_hash: Hash, session: SessionRow, now_ms: i64) -> Result<bool, StoreError>;

    /// The session of a token.
    async fn session(&mut self, token_hash: Hash) -> Result<Option<SessionRow>, StoreError>;

    /// Ends a session.
    async fn delete_session(&mut self, token_hash: Hash) -> Result<(), StoreError>;

    /// Whether a device logged in before.
    async fn is_known_device(&mut self, device: DeviceId) -> Result<bool, StoreError>;

    /// A device logged in.
    async fn insert_known_device(&mut self, device: DeviceId, now_ms: i64) -> Result<(), StoreError>;
}
