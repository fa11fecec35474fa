//! What changed: the topics by which a screen knows what to read again.

use core::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use bezel_protocol::ConversationId;
use tokio::sync::broadcast;

/// Something that a screen may show has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Who this member is, or whether it is unlocked.
    AppState,
    /// The list of conversations.
    Conversations,
    /// One conversation's members, roles or keys.
    Conversation(ConversationId),
    /// One conversation's messages.
    Messages(ConversationId),
    /// The people of the workspace.
    People,
    /// This user's keys.
    Keys,
    /// The connection to the relay, or how many messages wait.
    Connection,
    /// Files, or who has seen them.
    Files,
    /// What is on its way.
    Transfers,
    /// The call of the moment.
    Call,
    /// Calls that were.
    Calls,
    /// Alarms.
    Alarm,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AppState => f.write_str("app_state"),
            Self::Conversations => f.write_str("conversations"),
            Self::Conversation(id) => write!(f, "conversation:{id}"),
            Self::Messages(id) => write!(f, "messages:{id}"),
            Self::People => f.write_str("people"),
            Self::Keys => f.write_str("keys"),
            Self::Connection => f.write_str("connection"),
            Self::Files => f.write_str("files"),
            Self::Transfers => f.write_str("transfers"),
            Self::Call => f.write_str("call"),
            Self::Calls => f.write_str("calls"),
            Self::Alarm => f.write_str("alarm"),
        }
    }
}

/// Tells the screens what changed. While a transaction is open it keeps quiet: a screen that read in between would show what was before
/// and never read again.
#[derive(Debug)]
pub(crate) struct Changes {
    listeners: broadcast::Sender<Change>,
    waiting: Mutex<Waiting>,
}

/// How many transactions are open, and what is told when the last of them ends.
#[derive(Debug, Default)]
struct Waiting {
    open: usize,
    changes: Vec<Change>,
}

/// While it lives, nobody is told anything.
#[derive(Debug)]
pub(crate) struct Quiet {
    changes: Arc<Changes>,
}

/// A listener that falls further behind than this reads everything again.
const MAX_BEHIND: usize = 256;

impl Changes {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { listeners: broadcast::channel(MAX_BEHIND).0, waiting: Mutex::default() })
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Change> {
        self.listeners.subscribe()
    }

    /// Tells the listeners, if there are any: now, or when the open transactions have ended.
    pub(crate) fn tell(&self, changes: impl IntoIterator<Item = Change>) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        for change in changes {
            if waiting.open == 0 {
                let _ = self.listeners.send(change);
            } else if !waiting.changes.contains(&change) {
                waiting.changes.push(change);
            }
        }
    }

    /// A transaction begins.
    pub(crate) fn quiet(self: &Arc<Self>) -> Quiet {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).open += 1;
        Quiet { changes: Arc::clone(self) }
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        let mut waiting = self.changes.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.open = waiting.open.saturating_sub(1);
        if waiting.open == 0 {
            for change in std::mem::take(&mut waiting.changes) {
                let _ = self.changes.listeners.send(change);
            }
        }
    }
}
