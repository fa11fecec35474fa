//! Takes envelopes from the log: verified and decrypted, or kept with the reason why not.

use bezel_crypto::envelope::{OpenError, Reader, Verified};
use bezel_protocol::content::{CallInvitation, Content};
use bezel_protocol::envelope::{Envelope, EnvelopeHeader};
use bezel_protocol::roster::{Roster, RosterError};
use bezel_protocol::wire::StoredMessage;
use bezel_protocol::{ConversationId, Hash, MessageId, Role, UserId};

use super::chain;
use crate::cache::conversations::Conversation;
use crate::cache::files::File;
use crate::cache::messages::{Held, Kind, Message, State};
use crate::cache::{self, Connection};
use crate::error::{Error, Result};
use crate::file;
use crate::member::Member;

/// What became of an envelope.
enum Outcome {
    /// Everything was checked.
    Read(Box<Read>),
    /// It may become readable: a key or a roster statement is missing.
    Later(Box<Message>),
    /// It never will be.
    Never(Box<Message>),
}

/// A message that was checked, and what it brings with it.
struct Read {
    message: Message,
    content: Option<Content>,
    verified: Verified,
    /// The sender's role when it was sent.
    role: Role,
    /// The file that it announces.
    file: Option<File>,
}

/// Takes envelopes of a conversation, in one transaction of the caller's. Returns an alarm, if one of them gives reason for it.
///
/// # Errors
/// When the local database fails.
pub(crate) async fn receive(
    member: &Member,
    db: &mut Connection,
    conversation: &Conversation,
    messages: &[StoredMessage],
) -> Result<Option<Error>> {
    let roster = member.roster();
    let mut alarm = None;
    // The oldest first, so that each finds the one before it.
    let mut in_order: Vec<&StoredMessage> = messages.iter().collect();
    in_order.sort_by_key(|message| message.sequence);
    for stored in in_order {
        let (outcome, raised) = judge(member, db, &roster, conversation, stored).await?;
        alarm = alarm.or(raised);
        keep(member, db, conversation.id, stored, outcome).await?;
    }
    Ok(alarm)
}

/// Tries again what could not be read so far.
///
/// # Errors
/// When the local database fails.
pub(crate) async fn retry_held(member: &Member) -> Result<bool> {
    let held = cache::messages::held(&mut *member.cache.read().await?).await?;
    if held.is_empty() {
        return Ok(false);
    }
    let mut tx = member.cache.begin().await?;
    for held in &held {
        let Some(conversation) = cache::conversations::get(&mut tx, held.conversation).await? else { continue };
        let stored = StoredMessage { sequence: held.sequence, stored_at_ms: 0, envelope: held.envelope.clone().into() };
        receive(member, &mut tx, &conversation, &[stored]).await?;
    }
    let left = cache::messages::held(&mut tx).await?.len();
    tx.commit().await?;
    Ok(left < held.len())
}

async fn judge(
    member: &Member,
    db: &mut Connection,
    roster: &Roster,
    conversation: &Conversation,
    stored: &StoredMessage,
) -> Result<(Outcome, Option<Error>)> {
    let bytes = &stored.envelope.0;
    let envelope = match Envelope::parse(bytes) {
        Ok(envelope) => envelope,
        Err(error) => return Ok((Outcome::Never(Box::new(nameless(conversation.id, stored, &error.to_string()))), None)),
    };
    let header = *envelope.header();
    let unreadable = |problem: &str| Box::new(unreadable(roster, &header, envelope.hash(), stored.sequence, problem));
    match roster.compare(header.roster) {
        Ok(()) => {}
        Err(error @ RosterError::Forked { .. }) => {
            return Ok((Outcome::Never(unreadable("Its sender knows another history of the workspace.")), Some(error.into())));
        }
        Err(_) => return Ok((Outcome::Later(unreadable("It refers to news of the workspace that have not come yet.")), None)),
    }
    let epoch = cache::epochs::get(db, conversation.id, header.epoch).await?;
    let reader = Reader { conversation: conversation.id, algorithm: conversation.suite.algorithm(), roster };
    let verified = match reader.open(bytes, |_| epoch.as_ref().map(|epoch| &epoch.key)) {
        Ok(verified) => verified,
        Err(error @ OpenError::NoKey { .. }) => return Ok((Outcome::Later(unreadable(&sentence(&error))), None)),
        Err(error) => return Ok((Outcome::Never(unreadable(&sentence(&error))), None)),
    };
    let Some(epoch) = epoch else { return Ok((Outcome::Later(unreadable("The key of its epoch is missing.")), None)) };
    if epoch.authenticator != header.epoch_authenticator {
        let error = Error::unverifiable(
            "group_forked",
            "Somebody in a conversation sees another group than you do.",
            "Do not write there: speak with the conversation's owner outside Bezel.",
        );
        return Ok((Outcome::Never(unreadable("Its sender sees another group.")), Some(error)));
    }
    let Some(role) = epoch.roles.get(&verified.from()).copied().filter(|role| role.may_post()) else {
        return Ok((Outcome::Never(unreadable("Its sender had no right to write here.")), None));
    };
    let content = Content::decode(verified.content()).ok();
    if matches!(content, Some(Content::CallSignal(_))) {
        return Ok((Outcome::Never(unreadable("It is a step of a call and no message.")), None));
    }
    if let Some(problem) = chain::check(db, &header, envelope.hash()).await? {
        return Ok((Outcome::Never(unreadable(&problem)), None));
    }
    let file = match &content {
        Some(Content::File(file)) => match file::accept(member, roster, &verified, file) {
            Ok(file) => Some(file),
            Err(problem) => return Ok((Outcome::Never(unreadable(&problem)), None)),
        },
        _ => None,
    };
    let mut message = row_of(member, &verified, Some(stored.sequence));
    message.text = message.text.or_else(|| file.as_ref().map(|file| file.name.clone()).filter(|name| !name.is_empty()));
    Ok((Outcome::Read(Box::new(Read { message, content, verified, role, file })), None))
}

async fn keep(member: &Member, db: &mut Connection, conversation: ConversationId, stored: &StoredMessage, outcome: Outcome) -> Result<()> {
    match outcome {
        Outcome::Read(read) => {
            let Read { mut message, content, verified, role, file } = *read;
            if let Some(Content::Call(invitation)) = &content {
                message.kind = kind_of(db, message.id, invitation).await?;
            }
            cache::messages::forget_unreadable_at(db, conversation, stored.sequence).await?;
            cache::messages::put(db, &message).await?;
            cache::messages::release(db, conversation, stored.sequence).await?;
            if message.kind != Kind::Event {
                cache::conversations::touch(db, conversation, message.sent_at_ms.min(member.now_ms())).await?;
            }
            if let Some(file) = file {
                cache::files::put(db, &file).await?;
            }
            match content {
                Some(content @ Content::Description(_)) => describe(db, conversation, &content, message.sent_at_ms).await?,
                Some(Content::FileReceipt(receipt)) => file::believe_receipt(db, &verified, &receipt).await?,
                Some(Content::FileRevocation(revocation)) => file::apply_revocation(db, &verified, revocation, role).await?,
                Some(Content::Call(invitation)) => cache::calls::put(db, &message, &invitation).await?,
                Some(Content::CallEnd(end)) => {
                    cache::calls::believe_end(db, end.call, verified.header().device, end.outcome, end.seconds).await?;
                }
                // A signal is no part of the log.
                Some(Content::Text(_) | Content::File(_) | Content::CallSignal(_) | Content::Unknown { .. }) | None => {}
            }
        }
        Outcome::Later(message) => {
            let held = Held { conversation, sequence: stored.sequence, envelope: stored.envelope.0.clone() };
            cache::messages::hold(db, &held, message.problem.as_deref().unwrap_or_default(), member.now_ms()).await?;
            cache::messages::put_unreadable(db, &message).await?;
        }
        Outcome::Never(message) => {
            cache::messages::release(db, conversation, stored.sequence).await?;
            cache::messages::put_unreadable(db, &message).await?;
        }
    }
    Ok(())
}

/// A call is begun by one message; a later one adds a link to it, and is an event.
pub(super) async fn kind_of(db: &mut Connection, message: MessageId, invitation: &CallInvitation) -> Result<Kind> {
    let is_known = cache::calls::get(db, invitation.call).await?.is_some();
    Ok(if is_known && cache::calls::of_message(db, message).await?.is_none() { Kind::Event } else { Kind::Call })
}

async fn describe(db: &mut Connection, conversation: ConversationId, content: &Content, at_ms: i64) -> Result<()> {
    let Content::Description(description) = content else { return Ok(()) };
    cache::conversations::set_description(db, conversation, &description.title, &content.encode(), at_ms).await
}

/// The row of a verified message.
pub(super) fn row_of(member: &Member, verified: &Verified, sequence: Option<u64>) -> Message {
    let header = verified.header();
    let (kind, text, content, reply_to, problem) = match Content::decode(verified.content()) {
        Ok(Content::Text(text)) => (Kind::Text, Some(text.text), None, text.reply_to, None),
        Ok(Content::File(_)) => (Kind::File, None, None, None, None),
        Ok(Content::Call(_)) => (Kind::Call, None, None, None, None),
        Ok(
            Content::Description(_) | Content::FileReceipt(_) | Content::FileRevocation(_) | Content::CallEnd(_) | Content::CallSignal(_),
        ) => (Kind::Event, None, None, None, None),
        Ok(Content::Unknown { bytes, .. }) => (Kind::Unknown, None, Some(bytes), None, Some("Sent by a newer version.".into())),
        Err(_) => (Kind::Unknown, None, Some(verified.content().to_vec()), None, Some("Its content can't be read.".into())),
    };
    Message {
        id: header.message,
        conversation: header.conversation,
        sequence,
        user: verified.from(),
        device: header.device,
        epoch: header.epoch,
        counter: header.counter,
        sent_at_ms: header.sent_at_ms,
        hash: verified.envelope().hash(),
        previous: header.previous,
        kind,
        text,
        content,
        reply_to,
        problem,
        state: if verified.from() == member.user() { State::Sent } else { State::Received },
    }
}

/// What is shown in place of a message that can't be read. Its id is made from its envelope, so that a forgery never takes the place
/// of the message whose id it claims.
fn unreadable(roster: &Roster, header: &EnvelopeHeader, hash: Hash, sequence: u64, problem: &str) -> Message {
    let user = roster.device(header.device).map_or(UserId::from_bytes([0; 16]), |device| device.user);
    Message {
        id: id_of(hash),
        conversation: header.conversation,
        sequence: Some(sequence),
        user,
        device: header.device,
        epoch: header.epoch,
        counter: header.counter,
        sent_at_ms: header.sent_at_ms,
        hash,
        previous: header.previous,
        kind: Kind::Unreadable,
        text: None,
        content: None,
        reply_to: None,
        problem: Some(problem.into()),
        state: State::Received,
    }
}

/// The same for bytes that are no envelope at all.
fn nameless(conversation: ConversationId, stored: &StoredMessage, problem: &str) -> Message {
    let hash = Hash::of(&stored.envelope.0);
    Message {
        id: id_of(hash),
        conversation,
        sequence: Some(stored.sequence),
        user: UserId::from_bytes([0; 16]),
        device: bezel_protocol::DeviceId::from_bytes([0; 16]),
        epoch: 0,
        counter: 0,
        sent_at_ms: stored.stored_at_ms,
        hash,
        previous: Hash::ZERO,
        kind: Kind::Unreadable,
        text: None,
        content: None,
        reply_to: None,
        problem: Some(problem.into()),
        state: State::Received,
    }
}

fn id_of(hash: Hash) -> MessageId {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(hash.as_bytes().split_at(16).0);
    MessageId::from_bytes(bytes)
}

fn sentence(error: &OpenError) -> String {
    let text = error.to_string();
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect::<String>() + ".").unwrap_or_default()
}
