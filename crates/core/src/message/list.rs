//! A page of a conversation.

use bezel_protocol::ConversationId;
use bezel_protocol::roster::Roster;
use serde::Serialize;
use ts_rs::TS;

use crate::cache::Connection;
use crate::cache::messages::{Kind, Message, State};
use crate::call::{self, CallSummary};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::file::{self, FileView};
use crate::member::Member;
use crate::{cache, conversation};

/// A message as it is shown.
#[derive(Debug, Clone, Serialize, TS)]
pub struct MessageView {
    /// Id.
    pub id: String,
    /// Conversation.
    pub conversation: String,
    /// Handle of the sender.
    pub from: String,
    /// The sender.
    pub user: String,
    /// Whether this member sent it.
    pub mine: bool,
    /// When, by the sender's clock.
    pub sent_at: Timestamp,
    /// Its place in the conversation; none while it waits.
    #[ts(type = "number | null")]
    pub sequence: Option<u64>,
    /// The epoch whose key encrypts it.
    #[ts(type = "number")]
    pub epoch: u64,
    /// The words, where it has some.
    pub text: Option<String>,
    /// The message that it answers.
    pub reply_to: Option<String>,
    /// Where it stands.
    pub state: MessageState,
    /// Whether signature, hash, chain and roster were all checked.
    pub verified: bool,
    /// What it is.
    pub kind: MessageKind,
    /// Why it can't be read, or was refused.
    pub problem: Option<String>,
    /// The file that it announces.
    pub file: Option<FileView>,
    /// The call that it begins.
    pub call: Option<CallSummary>,
}

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum MessageState {
    /// Written, waiting for the relay.
    Queued,
    /// On the relay's disk.
    Sent,
    /// From somebody else.
    Received,
    /// The relay refused it; it can be retried or cancelled.
    Refused,
}

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    /// Words.
    Text,
    /// A file.
    File,
    /// A call.
    Call,
    /// Something that happened to the conversation.
    Event,
    /// Sent by a newer version.
    Unknown,
    /// Could not be decrypted or verified; never shown as content.
    Unreadable,
}

/// Messages, the oldest first.
#[derive(Debug, Clone, Serialize, TS)]
pub struct MessagePage {
    /// The messages.
    pub messages: Vec<MessageView>,
    /// Where to go on towards the past; none at the beginning.
    pub earlier: Option<String>,
}

/// The most messages in one page.
const MAX_PAGE: u32 = 500;

/// Up to `limit` messages before the cursor `before`, or the newest.
///
/// # Errors
/// When there is no such conversation, or the cursor is not one.
pub async fn list(member: &Member, conversation: ConversationId, before: Option<&str>, limit: u32) -> Result<MessagePage> {
    let before = before
        .map(|cursor| {
            cursor.parse().map_err(|_| Error::new("bad_cursor", "This is no place in a conversation.", "List from the newest message."))
        })
        .transpose()?;
    let mut db = member.cache.read().await?;
    conversation::known(&mut db, conversation).await?;
    let limit = limit.clamp(1, MAX_PAGE);
    let mut page = cache::messages::page(&mut db, conversation, before, limit).await?;
    let earlier = if page.len() == limit as usize { page.last().and_then(|oldest| oldest.sequence) } else { None };
    page.reverse();
    let roster = member.roster();
    let mut messages = Vec::with_capacity(page.len());
    for message in &page {
        let brought = brought(member, &mut db, &roster, message).await?;
        messages.push(view(member, &roster, message, brought));
    }
    Ok(MessagePage { messages, earlier: earlier.map(|sequence| sequence.to_string()) })
}

/// What a message brings with it.
#[derive(Default)]
pub(crate) struct Brought {
    file: Option<FileView>,
    call: Option<CallSummary>,
}

/// The file or the call that a message brings, if it does.
pub(super) async fn brought(member: &Member, db: &mut Connection, roster: &Roster, message: &Message) -> Result<Brought> {
    let mut brought = Brought::default();
    if message.kind == Kind::File
        && let Some(found) = cache::files::of_message(db, message.id).await?
    {
        let receipts = cache::files::receipts(db, found.id).await?;
        brought.file = Some(file::view(member, roster, &found, &receipts));
    }
    if message.kind == Kind::Call {
        brought.call = cache::calls::of_message(db, message.id).await?.map(|found| call::summary(member, roster, found));
    }
    Ok(brought)
}

/// A message as it is shown, with what it brings.
pub(crate) fn view(member: &Member, roster: &Roster, message: &Message, brought: Brought) -> MessageView {
    let verified = !matches!(message.kind, Kind::Unreadable);
    MessageView {
        id: message.id.to_string(),
        conversation: message.conversation.to_string(),
        from: roster.user(message.user).map_or_else(|| "?".into(), |user| user.handle.to_string()),
        user: message.user.to_string(),
        mine: message.user == member.user(),
        sent_at: Timestamp::from_ms(message.sent_at_ms),
        sequence: message.sequence,
        epoch: message.epoch,
        text: if verified { message.text.clone() } else { None },
        reply_to: message.reply_to.map(|id| id.to_string()),
        state: match message.state {
            State::Queued => MessageState::Queued,
            State::Sent => MessageState::Sent,
            State::Received => MessageState::Received,
            State::Refused => MessageState::Refused,
        },
        verified,
        kind: match message.kind {
            Kind::Text => MessageKind::Text,
            Kind::File => MessageKind::File,
            Kind::Call => MessageKind::Call,
            Kind::Event => MessageKind::Event,
            Kind::Unknown => MessageKind::Unknown,
            Kind::Unreadable => MessageKind::Unreadable,
        },
        problem: message.problem.clone(),
        file: brought.file,
        call: brought.call,
    }
}
