//! A page of a conversation.

use std::collections::BTreeMap;

use bezel_protocol::roster::Roster;
use bezel_protocol::{ConversationId, FileId};
use serde::Serialize;
use ts_rs::TS;

use super::unconfirmed::unconfirmed;
use crate::cache;
use crate::cache::Connection;
use crate::cache::conversations::known;
use crate::cache::messages::{Kind, Message, State};
use crate::call::{self, CallSummary};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::file::{self, FileView};
use crate::member::Member;

/// A message as it is shown.
#[derive(Debug, Clone, Serialize, TS)]
pub struct MessageView {
    /// Id.
    pub id: String,
    /// Conversation.
    pub conversation: String,
    /// The device that sent it; with the id, it names one message of the conversation.
    pub device: String,
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
    /// The message that it answers: its id, and the device that sent it.
    pub reply_to: Option<String>,
    /// The device of that message.
    pub reply_device: Option<String>,
    /// Whether it was written before messages that stand above it.
    pub written_before: bool,
    /// Whether it is this member's own and nobody has confirmed it for a day, although somebody who reads here wrote elsewhere since.
    pub unconfirmed: bool,
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
    /// From somebody else, and not on the relay: it was put back from a copy, and nobody has brought the message there again.
    Lost,
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
    known(&mut db, conversation).await?;
    let limit = limit.clamp(1, MAX_PAGE);
    let (mut page, last) = cache::messages::page(&mut db, conversation, before, limit).await?;
    let earlier = last.filter(|_| page.len() == limit as usize);
    page.reverse();
    let brought = brought(member, &mut db, conversation, &page).await?;
    let before = written_before(&mut db, conversation, &page).await?;
    let roster = member.roster();
    let unconfirmed = unconfirmed(member, &mut db, &roster, conversation, &page).await?;
    let messages = page
        .iter()
        .zip(brought)
        .zip(before.into_iter().zip(unconfirmed))
        .map(|((message, brought), (written_before, unconfirmed))| MessageView {
            written_before,
            unconfirmed,
            ..view(member, &roster, message, brought)
        })
        .collect();
    Ok(MessagePage { messages, earlier: earlier.map(|position| position.to_string()) })
}

/// What a message brings with it.
#[derive(Default)]
pub(crate) struct Brought {
    file: Option<FileView>,
    call: Option<CallSummary>,
}

/// The files and calls that messages of a conversation bring, by a fixed number of queries.
pub(super) async fn brought(
    member: &Member,
    db: &mut Connection,
    conversation: ConversationId,
    messages: &[Message],
) -> Result<Vec<Brought>> {
    let roster = member.roster();
    let names = |kind: Kind| messages.iter().filter(|message| message.kind == kind).map(Message::name).collect::<Vec<_>>();
    let files = cache::files::of_messages(db, conversation, &names(Kind::File)).await?;
    let ids: Vec<FileId> = files.iter().map(|file| file.id).collect();
    let mut receipts = cache::files::receipts_of(db, &ids).await?;
    let mut files: BTreeMap<_, _> = files
        .into_iter()
        .map(|found| {
            let receipts = receipts.remove(&found.id).unwrap_or_default();
            ((found.device, found.message), file::view(member, &roster, &found, &receipts))
        })
        .collect();
    let calls = cache::calls::of_messages(db, conversation, &names(Kind::Call)).await?;
    let mut calls: BTreeMap<_, _> =
        calls.into_iter().map(|(name, found)| ((name.device, name.message), call::summary(member, &roster, found))).collect();
    Ok(messages
        .iter()
        .map(|message| {
            let name = (message.device, message.id);
            Brought { file: files.remove(&name), call: calls.remove(&name) }
        })
        .collect())
}

/// Within a minute two authors' clocks may differ, and what crosses on the way is no reason for a mark.
const CROSSING_MS: i64 = 60_000;

/// The most entries between which it is looked for one that the author of a message had not seen.
const MAX_OVERTAKING: u32 = 2000;

/// Which of the messages were written before entries of others that stand above them: their authors had not seen these, and the sending
/// times say so, or lie further apart than two clocks may. The times are the authors' own: the relay chooses the other.
async fn written_before(db: &mut Connection, conversation: ConversationId, page: &[Message]) -> Result<Vec<bool>> {
    let shown = page.iter().filter(|message| message.kind != Kind::Unreadable);
    let oldest_seen = shown.filter(|message| message.sequence.is_some()).map(|message| message.seen).min();
    let newest = page.iter().filter_map(|message| message.sequence).max();
    let (Some(oldest_seen), Some(newest)) = (oldest_seen, newest) else { return Ok(vec![false; page.len()]) };
    let entries = cache::messages::stretch(db, conversation, (oldest_seen, newest), MAX_OVERTAKING).await?;
    let is_overtaken = |message: &Message| {
        let Some(sequence) = message.sequence.filter(|_| message.kind != Kind::Unreadable) else { return false };
        entries
            .iter()
            .filter(|entry| entry.user != message.user && (message.seen + 1..sequence).contains(&entry.sequence))
            .any(|entry| message.sent_at_ms < entry.sent_at_ms || message.sent_at_ms.saturating_sub(entry.sent_at_ms) > CROSSING_MS)
    };
    Ok(page.iter().map(is_overtaken).collect())
}

/// A message as it is shown, with what it brings.
pub(crate) fn view(member: &Member, roster: &Roster, message: &Message, brought: Brought) -> MessageView {
    let verified = !matches!(message.kind, Kind::Unreadable);
    MessageView {
        id: message.id.to_string(),
        conversation: message.conversation.to_string(),
        device: message.device.to_string(),
        from: roster.user(message.user).map_or_else(|| "?".into(), |user| user.handle.to_string()),
        user: message.user.to_string(),
        mine: message.user == member.user(),
        sent_at: Timestamp::from_ms(message.sent_at_ms),
        sequence: message.sequence,
        epoch: message.epoch,
        text: if verified { message.text.clone() } else { None },
        reply_to: message.reply_to.map(|reply| reply.message.to_string()),
        reply_device: message.reply_to.map(|reply| reply.device.to_string()),
        written_before: false,
        unconfirmed: false,
        state: match message.state {
            State::Queued => MessageState::Queued,
            State::Sent => MessageState::Sent,
            State::Received => MessageState::Received,
            State::Refused => MessageState::Refused,
            State::Lost => MessageState::Lost,
        },
        verified,
        kind: match message.kind {
            Kind::Text => MessageKind::Text,
            Kind::File => MessageKind::File,
            Kind::Call => MessageKind::Call,
            Kind::Unknown => MessageKind::Unknown,
            Kind::Unreadable => MessageKind::Unreadable,
        },
        problem: message.problem.clone(),
        file: brought.file,
        call: brought.call,
    }
}
