//! Writes messages: into the outbox first, then to the relay.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bezel_crypto::envelope::{Reader, seal};
use bezel_protocol::content::{Content, MAX_TEXT_BYTES, Text};
use bezel_protocol::envelope::Envelope;
use bezel_protocol::{ConversationId, Hash, MessageId, Role};
use serde::Serialize;
use ts_rs::TS;

use super::list::{Brought, MessageView, view};
use super::outbox::{header, pump};
use super::receive::{kind_of, row_of};
use crate::cache::messages::{Kind, Message, State};
use crate::cache::outbox::Outgoing;
use crate::cache::{self, Connection};
use crate::change::Change;
use crate::conversation::{known, role_of};
use crate::error::{Class, Error, Result};
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

/// Sends words. Offline, they wait in the outbox, survive a crash, and go once and only once.
///
/// # Errors
/// When there is no such conversation, this member may not write there, or the words are none or too many.
pub async fn send(member: &Member, conversation: ConversationId, text: &str, reply_to: Option<MessageId>) -> Result<Sent> {
    let content = checked(text, reply_to)?;
    may_post(member, conversation).await?;
    let message = queue(member, conversation, &content).await?;
    if member.is_followed() {
        member.wake();
        return Ok(Sent { message: message.to_string(), state: SentState::Queued });
    }
    let _work = member.work.lock().await;
    match pump(member).await {
        Err(error) if error.class != Class::Offline => return Err(error),
        Err(_) | Ok(()) => {}
    }
    let row = cache::messages::get(&mut *member.cache.read().await?, message).await?;
    match row {
        Some(Message { state: State::Refused, problem, .. }) => Err(Error::refused(
            "refused",
            problem.unwrap_or_else(|| "The relay refused the message.".into()),
            "It is kept: retry it or cancel it.",
        )),
        Some(Message { state: State::Sent, .. }) => Ok(Sent { message: message.to_string(), state: SentState::Sent }),
        _ => Ok(Sent { message: message.to_string(), state: SentState::Queued }),
    }
}

fn checked(text: &str, reply_to: Option<MessageId>) -> Result<Content> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Error::new("empty_message", "There is nothing to send.", "Write something first."));
    }
    if text.len() > MAX_TEXT_BYTES {
        return Err(Error::new("message_too_long", "A message has at most 64 KiB of text.", "Send it in parts."));
    }
    Ok(Content::Text(Text { text: text.into(), reply_to }))
}

/// Whether this member may write in a conversation.
///
/// # Errors
/// When not, with the reason.
pub(crate) async fn may_post(member: &Member, conversation: ConversationId) -> Result<()> {
    let mut db = member.cache.read().await?;
    let known = known(&mut db, conversation).await?;
    let role = role_of(&cache::conversations::members(&mut db, conversation).await?, member.user());
    if known.removed_at_ms.is_some() {
        return Err(Error::refused(
            "not_a_member",
            "You are no longer a member of this conversation.",
            "Ask one of its owners or admins to add you again.",
        ));
    }
    if !role.is_some_and(Role::may_post) {
        return Err(Error::refused(
            "read_only",
            "You may read this conversation, not write in it.",
            "Ask one of its owners or admins for another role.",
        ));
    }
    Ok(())
}

/// Writes a content into the outbox.
pub(crate) async fn queue(member: &Member, conversation: ConversationId, content: &Content) -> Result<MessageId> {
    let mut tx = member.cache.begin().await?;
    let message = enqueue(member, &mut tx, conversation, content, None).await?;
    tx.commit().await?;
    member.changed([Change::Messages(conversation), Change::Conversations, Change::Connection]);
    Ok(message)
}

/// The same in the caller's transaction. `name` is the name of a file that the content announces.
pub(crate) async fn enqueue(
    member: &Member,
    db: &mut Connection,
    conversation: ConversationId,
    content: &Content,
    name: Option<&str>,
) -> Result<MessageId> {
    let now_ms = member.now_ms();
    let message = MessageId::new(now_ms, vault::id_bytes(&mut member.rng())?);
    let known = known(db, conversation).await?;
    let (kind, text, reply_to) = match content {
        Content::Text(text) => (Kind::Text, Some(text.text.clone()), text.reply_to),
        Content::File(_) => (Kind::File, name.map(str::to_owned), None),
        Content::Call(invitation) => (kind_of(db, message, invitation).await?, None, None),
        Content::Description(_) | Content::FileReceipt(_) | Content::FileRevocation(_) | Content::CallEnd(_) | Content::CallSignal(_) => {
            (Kind::Event, None, None)
        }
        Content::Unknown { .. } => (Kind::Unknown, None, None),
    };
    let row = Message {
        id: message,
        conversation,
        sequence: None,
        user: member.user(),
        device: member.device(),
        epoch: known.epoch,
        counter: 0,
        sent_at_ms: now_ms,
        hash: Hash::ZERO,
        previous: Hash::ZERO,
        kind,
        text,
        content: None,
        reply_to,
        problem: None,
        state: State::Queued,
    };
    cache::messages::put(db, &row).await?;
    if let Content::Call(invitation) = content {
        cache::calls::put(db, &row, invitation).await?;
    }
    let outgoing =
        Outgoing { message, conversation, content: content.encode(), created_at_ms: now_ms, attempt: None, attempts: Vec::new() };
    cache::outbox::put(db, &outgoing).await?;
    if kind != Kind::Event {
        cache::conversations::touch(db, conversation, now_ms).await?;
    }
    Ok(message)
}

/// Takes back a message that waits or was refused.
///
/// # Errors
/// When it is not in the outbox, or may have arrived already.
pub async fn cancel(member: &Member, message: MessageId) -> Result<()> {
    let _work = member.work.lock().await;
    let mut tx = member.cache.begin().await?;
    let row = cache::messages::get(&mut tx, message).await?;
    let attempted = cache::outbox::was_attempted(&mut tx, message).await?;
    let (Some(row), Some(attempted)) = (row, attempted) else { return Err(not_waiting()) };
    if attempted && row.state != State::Refused {
        return Err(Error::new(
            "may_have_arrived",
            "The message is on its way and may have arrived.",
            "Wait for the connection to come back.",
        ));
    }
    cache::outbox::delete(&mut tx, message).await?;
    cache::messages::delete(&mut tx, message).await?;
    tx.commit().await?;
    member.changed([Change::Messages(row.conversation), Change::Conversations, Change::Connection]);
    Ok(())
}

/// Tries a refused message again.
///
/// # Errors
/// When it is not in the outbox.
pub async fn retry(member: &Member, message: MessageId) -> Result<()> {
    let mut tx = member.cache.begin().await?;
    if !cache::outbox::set_refused(&mut tx, message, false).await? {
        return Err(not_waiting());
    }
    if let Some(row) = cache::messages::get(&mut tx, message).await? {
        cache::messages::put(&mut tx, &Message { state: State::Queued, problem: None, ..row.clone() }).await?;
        member.changed([Change::Messages(row.conversation)]);
    }
    tx.commit().await?;
    if member.is_followed() {
        member.wake();
        return Ok(());
    }
    let _work = member.work.lock().await;
    pump(member).await
}

fn not_waiting() -> Error {
    Error::new("not_waiting", "This message does not wait to be sent.", "Look at the conversation: it may have been sent already.")
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
    let envelope = seal(&content.encode(), &header, &key, &member.device_keys, &mut member.rng())?;
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
    let row = row_of(member, &verified, None);
    Ok(view(member, &member.roster(), &row, Brought::default()))
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
