//! What changed: the topics by which a screen knows what to read again.

use core::fmt;

use bezel_protocol::ConversationId;

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
    /// An alarm.
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
