//! Messages.

use bezel_core::Result;
use bezel_core::message::{self, Answered, Encrypted, MessagePage, MessageView, SearchHit, Sent};
use serde::Deserialize;
use ts_rs::TS;

use super::id;
use crate::shell::Shell;

/// A page of a conversation.
#[derive(Deserialize, TS)]
pub(crate) struct ListRequest {
    conversation: String,
    before: Option<String>,
    limit: u32,
}

/// Words to send.
#[derive(Deserialize, TS)]
pub(crate) struct SendRequest {
    conversation: String,
    text: String,
    /// The message that it answers, and the device that sent that.
    reply_to: Option<String>,
    reply_device: Option<String>,
}

/// Words to find.
#[derive(Deserialize, TS)]
pub(crate) struct SearchRequest {
    query: String,
    limit: u32,
}

/// Words to seal.
#[derive(Deserialize, TS)]
pub(crate) struct EncryptRequest {
    conversation: String,
    text: String,
}

/// An envelope to open, Base64.
#[derive(Deserialize, TS)]
pub(crate) struct DecryptRequest {
    conversation: String,
    envelope: String,
}

pub(super) async fn message_list(shell: &Shell, request: ListRequest) -> Result<MessagePage> {
    message::list(&*shell.member()?, id(&request.conversation)?, request.before.as_deref(), request.limit).await
}

pub(super) async fn message_send(shell: &Shell, request: SendRequest) -> Result<Sent> {
    let device = request.reply_device.as_deref().map(id).transpose()?;
    let reply_to = request.reply_to.as_deref().map(id).transpose()?.map(|message| Answered { message, device });
    message::send(&*shell.member()?, id(&request.conversation)?, &request.text, reply_to).await
}

pub(super) async fn message_cancel(shell: &Shell, message: String) -> Result<()> {
    message::cancel(&*shell.member()?, id(&message)?).await
}

pub(super) async fn message_retry(shell: &Shell, message: String) -> Result<()> {
    message::retry(&*shell.member()?, id(&message)?).await
}

pub(super) async fn message_search(shell: &Shell, request: SearchRequest) -> Result<Vec<SearchHit>> {
    message::search(&*shell.member()?, &request.query, 0, request.limit).await
}

pub(super) async fn encrypt_message(shell: &Shell, request: EncryptRequest) -> Result<Encrypted> {
    message::encrypt(&*shell.member()?, id(&request.conversation)?, &request.text).await
}

pub(super) async fn decrypt_message(shell: &Shell, request: DecryptRequest) -> Result<MessageView> {
    message::decrypt(&*shell.member()?, id(&request.conversation)?, &request.envelope).await
}
