//! Writes messages: into the outbox first, then to the relay.

use core::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bezel_crypto::envelope::{Reader, seal};
use bezel_protocol::content::{Content, MAX_TEXT_BYTES, MessageRef, Text, is_blank};
use bezel_protocol::envelope::Envelope;
use bezel_protocol::{ConversationId, DeviceId, InvalidId, MessageId};
use serde::Serialize;
use ts_rs::TS;

use super::list::{Brought, MessageView, view};
use crate::cache::conversations::known;
use crate::cache::messages::{Kind, Message, State};
use crate::cache::{self, Connection};
use crate::change::Change;
use crate::error::{Class, Error, Result};
use crate::log::{header, may_post, not_waiting, pump, queue, withdraw};
use crate::member::Member;
use crate::vault;

/// A message that was written.
#[derive(Debug, Clone, Serialize, TS)]
pub struct Sent {
    /// Its id.
    pub message: String,
    /// Whether the relay has it.
    pub state: SentState,
}

/// Whether the relay has a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SentState {
    /// Not yet; it goes by itself.
    Queued,
    /// Yes, on its disk.
    Sent,
}

/// An envelope that was sealed but not sent.
#[derive(Debug, Clone, Serialize, TS)]
pub struct Encrypted {
    /// The envelope, Base64.
    pub envelope: String,
    /// The message's id.
    pub message: String,
}

/// The message that one answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answered {
    /// Its id.
    pub message: MessageId,
    /// The device that sent it. Without it, it must be the only one with its id: ids are chosen by senders.
    pub device: Option<DeviceId>,
}

impl From<MessageId> for Answered {
    fn from(message: MessageId) -> Self {
        Self { message, device: None }
    }
}

impl FromStr for Answered {
    type Err = InvalidId;

    /// `MESSAGE`, or `DEVICE/MESSAGE`.
    fn from_str(text: &str) -> core::result::Result<Self, InvalidId> {
        match text.split_once('/') {
            Some((device, message)) => Ok(Self { message: message.parse()?, device: Some(device.parse()?) }),
            None => Ok(Self { message: text.parse()?, device: None }),
        }
    }
}

/// Sends words. Offline, they wait in the outbox, survive a crash, and go once and only once.
///
/// # Errors
/// When there is no such conversation, this member may not write there, or the words are none or too many.
pub async fn send(member: &Member, conversation: ConversationId, text: &str, reply_to: Option<Answered>) -> Result<Sent> {
    let reply_to = match reply_to {
        Some(answered) => Some(named(member, conversation, answered).await?),
        None => None,
    };
    let content = checked(text, reply_to)?;
    may_post(member, conversation).await?;
    let name = queue(member, conversation, &content).await?;
    let message = name.message;
    if member.is_followed() {
        member.wake();
        return Ok(Sent { message: message.to_string(), state: SentState::Queued });
    }
    let _work = member.work.lock().await;
    let pumped = pump(member).await;
    let row = own(&mut *member.cache.read().await?, member, message).await?;
    // What is wrong in another conversation is no failure of this message.
    match row {
        Some(Message { state: State::Refused, problem, .. }) => Err(Error::refused(
            "refused",
            problem.unwrap_or_else(|| "The relay refused the message.".into()),
            "It is kept: retry it or cancel it.",
        )),
        Some(Message { state: State::Sent, .. }) => Ok(Sent { message: message.to_string(), state: SentState::Sent }),
        _ => match pumped {
            Err(error) if error.class != Class::Offline => Err(error),
            Err(_) | Ok(()) => Ok(Sent { message: message.to_string(), state: SentState::Queued }),
        },
    }
}

/// The message of a conversation that is answered.
async fn named(member: &Member, conversation: ConversationId, answered: Answered) -> Result<MessageRef> {
    let mut found = cache::messages::with_id(&mut *member.cache.read().await?, answered.message).await?;
    found.retain(|message| message.conversation == conversation && answered.device.is_none_or(|device| message.device == device));
    match found.as_slice() {
        [only] => Ok(only.name()),
        [] => Err(Error::new("no_message", "There is no such message in this conversation.", "Look at its messages.")),
        _ => Err(Error::new(
            "ambiguous",
            "Several messages of this conversation bear this id.",
            "Name the one that is meant, its device before it: DEVICE/MESSAGE.",
        )),
    }
}

/// The message of this device with an id.
async fn own(db: &mut Connection, member: &Member, id: MessageId) -> Result<Option<Message>> {
    Ok(cache::messages::with_id(db, id).await?.into_iter().find(|message| message.device == member.device()))
}

fn checked(text: &str, reply_to: Option<MessageRef>) -> Result<Content> {
    let text = text.trim();
    if is_blank(text) {
        return Err(Error::new("empty_message", "There is nothing to send.", "Write something first."));
    }
    if text.len() > MAX_TEXT_BYTES {
        return Err(Error::new("message_too_long", "A message has at most 64 KiB of text.", "Send it in parts."));
    }
    Ok(Content::Text(Text { text: text.into(), reply_to }))
}

/// Takes back a message that waits or was refused.
///
/// # Errors
/// When it is not in the outbox, or may have arrived already.
pub async fn cancel(member: &Member, message: MessageId) -> Result<()> {
    let found = own(&mut *member.cache.read().await?, member, message).await?.ok_or_else(not_waiting)?;
    withdraw(member, found.conversation, found.name()).await
}

/// Tries a refused message again.
///
/// # Errors
/// When it is not in the outbox.
pub async fn retry(member: &Member, message: MessageId) -> Result<()> {
    let mut tx = member.cache.begin().await?;
    let row = own(&mut tx, member, message).await?.ok_or_else(not_waiting)?;
    if !cache::outbox::set_refused(&mut tx, row.number, false).await? {
        return Err(not_waiting());
    }
    cache::messages::set_state(&mut tx, row.number, State::Queued, None).await?;
    tx.commit().await?;
    member.changed([Change::Messages(row.conversation), Change::Connection]);
    if member.is_followed() {
        member.wake();
        return Ok(());
    }
    let _work = member.work.lock().await;
    pump(member).await
}

/// Seals words into an envelope as they would be sent now, without sending them.
///
/// # Errors
/// As [`send`].
pub async fn encrypt(member: &Member, conversation: ConversationId, text: &str) -> Result<Encrypted> {
    let content = checked(text, None)?;
    may_post(member, conversation).await?;
    let mut db = member.cache.read().await?;
    let message = MessageId::new(member.now_ms(), vault::id_bytes(&mut member.rng())?);
    let (header, key) = header(member, &mut db, conversation, message).await?;
    let envelope = seal(&content.encode(), &header, &key, &member.device_keys(), &mut member.rng())?;
    Ok(Encrypted { envelope: STANDARD.encode(envelope), message: message.to_string() })
}

/// Verifies and decrypts an envelope of a conversation.
///
/// # Errors
/// When it is not one, or can't be verified or decrypted.
pub async fn decrypt(member: &Member, conversation: ConversationId, envelope: &str) -> Result<MessageView> {
    let bytes = STANDARD
        .decode(envelope.trim())
        .map_err(|_| Error::new("bad_envelope", "This is not Base64.", "Give the envelope as it was handed out."))?;
    let mut db = member.cache.read().await?;
    let verified = verify(member, &mut db, conversation, &bytes).await?;
    Ok(view(member, &member.roster(), &row_of(member, &verified), Brought::default()))
}

/// A verified message that stands in no log here.
fn row_of(member: &Member, verified: &bezel_crypto::envelope::Verified) -> Message {
    let header = verified.header();
    let (kind, text, reply_to) = match Content::decode(verified.content()) {
        Ok(Content::Text(text)) => (Kind::Text, Some(text.text), text.reply_to),
        Ok(Content::File(_)) => (Kind::File, None, None),
        Ok(Content::Call(_)) => (Kind::Call, None, None),
        _ => (Kind::Unknown, None, None),
    };
    Message {
        number: 0,
        conversation: header.conversation,
        device: header.device,
        id: header.message,
        user: verified.from(),
        sequence: None,
        epoch: header.epoch,
        sent_at_ms: header.sent_at_ms,
        seen: header.seen.sequence,
        kind,
        text,
        reply_to,
        problem: None,
        state: if verified.from() == member.user() { State::Sent } else { State::Received },
    }
}

async fn verify(
    member: &Member,
    db: &mut Connection,
    conversation: ConversationId,
    bytes: &[u8],
) -> Result<bezel_crypto::envelope::Verified> {
    let known = known(db, conversation).await?;
    let envelope = Envelope::parse(bytes).map_err(bezel_crypto::envelope::OpenError::from)?;
    let epoch = cache::epochs::get(db, conversation, envelope.header().epoch).await?;
    let roster = member.roster();
    let reader = Reader { conversation, algorithm: known.suite.algorithm(), roster: &roster };
    Ok(reader.open(bytes, |_| epoch.as_ref().map(|epoch| &epoch.key))?)
}

impl From<bezel_crypto::envelope::OpenError> for Error {
    fn from(error: bezel_crypto::envelope::OpenError) -> Self {
        Self::unverifiable(
            "unreadable",
            format!("The message can't be read: {error}."),
            "Synchronise; if it stays so, ask the sender to send it again.",
        )
    }
}

impl From<bezel_crypto::envelope::SealError> for Error {
    fn from(error: bezel_crypto::envelope::SealError) -> Self {
        Self::new("seal", format!("The message can't be encrypted: {error}."), "Start again.")
    }
}
