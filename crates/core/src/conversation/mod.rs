//! Conversations: begun, shared, shown.

mod create;
mod list;
mod members;
mod show;
mod status;

pub use create::{Created, create};
pub use list::{ConversationSummary, LastMessage, list, mark_read};
pub use members::{add, remove, rotate, set_role};
pub use show::{ConversationDetails, MemberView, Rights, show};
pub use status::{EncryptionStatus, Reader, Warning, status};

use bezel_protocol::{ConversationId, Role, UserId};

use crate::cache::Connection;
use crate::cache::conversations::{self, Conversation, Member as Membership};
use crate::error::{Error, Result};

/// Who may begin with which role.
#[derive(Debug, Clone, Copy)]
pub struct NewMember {
    /// The user.
    pub user: UserId,
    /// The role in the conversation.
    pub role: Role,
}

/// The conversation, which must be known here.
pub(crate) async fn known(db: &mut Connection, conversation: ConversationId) -> Result<Conversation> {
    conversations::get(db, conversation).await?.ok_or_else(|| {
        Error::new("no_conversation", "There is no such conversation on this device.", "Synchronise, or look at the list of conversations.")
    })
}

/// The role of a user among members.
pub(crate) fn role_of(members: &[Membership], user: UserId) -> Option<Role> {
    members.iter().find(|member| member.user == user).map(|member| member.role)
}
