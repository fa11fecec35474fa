//! What the relay says unasked: a wake-up, never the only word.

use serde::{Deserialize, Serialize};

use super::{Bytes, ConversationHead, GuestMessage};
use crate::ConversationId;
use crate::envelope::RosterHead;

/// An event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A conversation has a new message or epoch.
    Conversation(ConversationHead),
    /// The caller is no longer a member.
    Removed(ConversationId),
    /// The roster has grown.
    Roster(RosterHead),
    /// A welcome waits.
    Welcome,
    /// A transient envelope (signaling of calls, typing).
    Transient {
        /// The conversation.
        conversation: ConversationId,
        /// The envelope.
        envelope: Bytes,
    },
    /// A guest's browser speaks, or has gone.
    Guest(GuestMessage),
    /// Something was left out: compare the heads.
    Resync,
}
