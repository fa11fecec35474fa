//! Where the connection to the relay stands.

use std::sync::PoisonError;

use serde::Serialize;
use ts_rs::TS;

use crate::cache;
use crate::change::Change;
use crate::error::Result;
use crate::member::Member;

/// The state of the connection.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum ConnectionState {
    /// Not tried yet, or trying.
    #[default]
    Connecting,
    /// The relay answers.
    Online,
    /// It does not.
    Offline {
        /// Why, in words.
        detail: String,
    },
}

/// The connection as it is shown.
#[derive(Debug, Clone, Serialize, TS)]
pub struct Connection {
    /// Its state.
    pub state: ConnectionName,
    /// How many messages wait to be sent.
    pub queued: u32,
    /// Why it is offline.
    pub detail: Option<String>,
}

/// The name of a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionName {
    /// The relay answers.
    Online,
    /// Trying.
    Connecting,
    /// It does not answer.
    Offline,
}

/// Where the connection stands.
///
/// # Errors
/// When the local database fails.
pub async fn connection(member: &Member) -> Result<Connection> {
    let queued = cache::outbox::count(&mut *member.cache.read().await?).await?;
    let state = member.connection.read().unwrap_or_else(PoisonError::into_inner).clone();
    Ok(match state {
        ConnectionState::Connecting => Connection { state: ConnectionName::Connecting, queued, detail: None },
        ConnectionState::Online => Connection { state: ConnectionName::Online, queued, detail: None },
        ConnectionState::Offline { detail } => Connection { state: ConnectionName::Offline, queued, detail: Some(detail) },
    })
}

/// Notes a new state, and tells when it is another.
pub(super) fn set(member: &Member, state: ConnectionState) {
    let mut current = member.connection.write().unwrap_or_else(PoisonError::into_inner);
    if *current != state {
        *current = state;
        drop(current);
        member.changed([Change::Connection]);
    }
}
