//! Where the connection to the relay stands.

use std::sync::PoisonError;

use serde::Serialize;
use ts_rs::TS;

use crate::cache;
use crate::change::Change;
use crate::error::{Class, Result};
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
    /// The relay answers, and this computer can't keep what it says.
    Disk {
        /// Whether the disk is full; else it fails.
        is_full: bool,
        /// Why, in words.
        detail: String,
    },
}

impl ConnectionState {
    /// What the outcome of a round shows.
    pub(super) fn after(round: &Result<()>) -> Self {
        match round {
            Err(error) if error.class == Class::Offline => Self::Offline { detail: error.message.clone() },
            Err(error) if error.class == Class::Disk => Self::Disk { is_full: error.code == "disk_full", detail: error.to_string() },
            Ok(()) | Err(_) => Self::Online,
        }
    }
}

/// The connection as it is shown.
#[derive(Debug, Clone, Serialize, TS)]
pub struct Connection {
    /// Its state.
    pub state: ConnectionName,
    /// How many messages wait to be sent.
    pub queued: u32,
    /// Why nothing comes and goes.
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
    /// It answers, but this computer's disk is full.
    DiskFull,
    /// It answers, but this computer's disk can't be read or written.
    DiskFailed,
}

/// Where the connection stands.
///
/// # Errors
/// When the local database fails.
pub async fn connection(member: &Member) -> Result<Connection> {
    let queued = cache::outbox::count(&mut *member.cache.read().await?).await?;
    let state = member.connection.read().unwrap_or_else(PoisonError::into_inner).clone();
    let (state, detail) = match state {
        ConnectionState::Connecting => (ConnectionName::Connecting, None),
        ConnectionState::Online => (ConnectionName::Online, None),
        ConnectionState::Offline { detail } => (ConnectionName::Offline, Some(detail)),
        ConnectionState::Disk { is_full: true, detail } => (ConnectionName::DiskFull, Some(detail)),
        ConnectionState::Disk { is_full: false, detail } => (ConnectionName::DiskFailed, Some(detail)),
    };
    Ok(Connection { state, queued, detail })
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
