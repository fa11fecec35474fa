//! Conversations: begun, shared, shown.

mod confirm;
mod create;
mod describe;
mod find;
mod list;
mod members;
mod show;
mod status;

pub use create::{Created, create};
pub use find::{find, named};
pub use list::{ConversationSummary, LastMessage, list, mark_read};
pub use members::{add, leave, remove, rotate, set_role};
pub use show::{ConversationDetails, MemberView, Rights, show};
pub use status::{EncryptionStatus, Reader, Warning, status};

pub(crate) use describe::{describe_again, note_return};

use bezel_protocol::{Role, UserId};

/// Who may begin with which role.
#[derive(Debug, Clone, Copy)]
pub struct NewMember {
    /// The user.
    pub user: UserId,
    /// The role in the conversation.
    pub role: Role,
}
