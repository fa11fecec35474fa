//! Conversations.

use bezel_core::Result;
use bezel_core::conversation::{self, ConversationDetails, ConversationSummary, Created, EncryptionStatus, NewMember};
use bezel_protocol::{Algorithm, Role};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::id;
use crate::shell::Shell;

/// A conversation to begin.
#[derive(Deserialize, TS)]
pub(crate) struct NewConversation {
    title: String,
    members: Vec<MemberRole>,
    #[ts(as = "Option<bezel_core::AlgorithmName>")]
    algorithm: Option<Algorithm>,
}

/// Somebody, and the role.
#[derive(Deserialize, TS)]
pub(crate) struct MemberRole {
    user: String,
    #[ts(as = "bezel_core::RoleName")]
    role: Role,
}

/// Somebody in a conversation, and the role.
#[derive(Deserialize, TS)]
pub(crate) struct ConversationMember {
    conversation: String,
    user: String,
    #[ts(as = "bezel_core::RoleName")]
    role: Role,
}

/// Somebody in a conversation.
#[derive(Deserialize, TS)]
pub(crate) struct ConversationPerson {
    conversation: String,
    user: String,
}

/// An epoch.
#[derive(Serialize, TS)]
pub(crate) struct EpochView {
    #[ts(type = "number")]
    epoch: u64,
}

pub(super) async fn conversation_list(shell: &Shell) -> Result<Vec<ConversationSummary>> {
    conversation::list(&*shell.member()?).await
}

pub(super) async fn conversation_show(shell: &Shell, conversation: String) -> Result<ConversationDetails> {
    conversation::show(&*shell.member()?, id(&conversation)?).await
}

pub(super) async fn conversation_create(shell: &Shell, request: NewConversation) -> Result<Created> {
    let members =
        request.members.iter().map(|each| Ok(NewMember { user: id(&each.user)?, role: each.role })).collect::<Result<Vec<_>>>()?;
    conversation::create(&*shell.member()?, &request.title, &members, request.algorithm).await
}

pub(super) async fn conversation_add(shell: &Shell, request: ConversationMember) -> Result<()> {
    let new = NewMember { user: id(&request.user)?, role: request.role };
    conversation::add(&*shell.member()?, id(&request.conversation)?, new).await
}

pub(super) async fn conversation_remove(shell: &Shell, request: ConversationPerson) -> Result<()> {
    conversation::remove(&*shell.member()?, id(&request.conversation)?, id(&request.user)?).await
}

pub(super) async fn conversation_leave(shell: &Shell, conversation: String) -> Result<()> {
    conversation::leave(&*shell.member()?, id(&conversation)?).await
}

pub(super) async fn conversation_set_role(shell: &Shell, request: ConversationMember) -> Result<()> {
    conversation::set_role(&*shell.member()?, id(&request.conversation)?, id(&request.user)?, request.role).await
}

pub(super) async fn conversation_rotate(shell: &Shell, conversation: String) -> Result<EpochView> {
    Ok(EpochView { epoch: conversation::rotate(&*shell.member()?, id(&conversation)?).await? })
}

pub(super) async fn conversation_read(shell: &Shell, conversation: String) -> Result<()> {
    conversation::mark_read(&*shell.member()?, id(&conversation)?).await
}

pub(super) async fn encryption_status(shell: &Shell, conversation: String) -> Result<EncryptionStatus> {
    conversation::status(&*shell.member()?, id(&conversation)?).await
}
