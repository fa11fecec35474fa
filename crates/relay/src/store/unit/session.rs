//! Sessions and first log-ins.

use async_trait::async_trait;
use bezel_protocol::login::SignedLogin;
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

    /// Notes a device's log-in, whose signatures were checked, if its number is higher than that of the last one.
    async fn note_login(&mut self, device: DeviceId, login: &SignedLogin, now_ms: i64) -> Result<LoginNoted, StoreError>;
}

/// What became of a log-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoginNoted {
    /// It is the last one now.
    Taken {
        /// The one before it.
        before: Option<SignedLogin>,
    },
    /// Its number is not higher; nothing changed.
    NotHigher {
        /// The last one.
        last: SignedLogin,
    },
}
