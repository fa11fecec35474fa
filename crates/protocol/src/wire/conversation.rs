//! A conversation begins.

use serde::{Deserialize, Serialize};

use super::{Bytes, MemberRole};
use crate::{ConversationId, DeviceId, Suite};

/// A conversation in epoch 0, with its creator's device alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewConversation {
    /// The conversation.
    pub conversation: ConversationId,
    /// Its suite.
    pub suite: Suite,
    /// The newest group info (RFC 9420 §12.4.3), without ratchet tree.
    pub group_info: Bytes,
    /// The ratchet tree.
    pub ratchet_tree: Bytes,
    /// The members: the caller, as owner.
    pub members: Vec<MemberRole>,
    /// The devices: the caller's.
    pub devices: Vec<DeviceId>,
}
