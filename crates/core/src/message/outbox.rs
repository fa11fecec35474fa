//! Sends what waits, in order, once and only once.

use bezel_crypto::envelope::seal;
use bezel_crypto::group::EpochKey;
use bezel_protocol::envelope::{Envelope, EnvelopeHeader};
use bezel_protocol::wire::{Bytes, MessageAccepted, MessageKind, NewMessage, code, path};
use bezel_protocol::{ConversationId, Hash, MessageId};

use crate::cache::gaps::{self, Gap};
use crate::cache::messages::{Message, State};
use crate::cache::outbox::Outgoing;
use crate::cache::{self, Connection};
use crate::change::Change;
use crate::conversation::known;
use crate::error::{Error, Result, damaged};
use crate::group;
use crate::member::Member;
use crate::relay::RelayError;

/// How often a message is sealed anew because the epoch moved on.
const ATTEMPTS: usize = 16;

/// Sends everything that waits. The caller holds the work lock.
///
/// # Errors
/// When the relay can't be reached; what the relay refuses is marked and left.
pub(crate) async fn pump(member: &Member) -> Result<()> {
    // The keys by which one will read it later are safe before it shows as sent.
    group::back_up(member).await?;
    let waiting = cache::outbox::waiting(&mut *member.cache.read().await?).await?;
    for conversation in waiting {
        loop {
            let next = cache::outbox::next(&mut *member.cache.read().await?, conversation).await?;
            let Some(outgoing) = next else { break };
            deliver(member, outgoing).await?;
        }
    }
    Ok(())
}

async fn deliver(member: &Member, mut outgoing: Outgoing) -> Result<()> {
    for _ in 0..ATTEMPTS {
        let envelope = sealed(member, &mut outgoing).await?;
        let body = NewMessage { kind: MessageKind::Stored, envelope: Bytes(envelope.clone()) };
        match member.client.post::<MessageAccepted>(&path::of(path::MESSAGES, outgoing.conversation), &body).await {
            Ok(accepted) => return acknowledged(member, &outgoing, &envelope, accepted).await,
            Err(error) if error.is(code::STALE_EPOCH) => {
                if !group::catch_up(member, outgoing.conversation).await? {
                    return refused(member, &outgoing, "You are no longer a member of this conversation.").await;
                }
                group::back_up(member).await?;
            }
            Err(RelayError::Refused(refusal))
                if refusal.code == code::UNAUTHENTICATED || refusal.code == code::INTERNAL || refusal.code == code::TOO_MANY =>
            {
                return Err(RelayError::Refused(refusal).into());
            }
            Err(RelayError::Refused(refusal)) => {
                return refused(member, &outgoing, &Error::from(RelayError::Refused(refusal)).message).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(Error::offline("the conversation's keys keep changing"))
}

/// The envelope of this attempt: the last one where its epoch still holds, else a new one, kept before it is sent.
async fn sealed(member: &Member, outgoing: &mut Outgoing) -> Result<Vec<u8>> {
    let mut tx = member.cache.begin().await?;
    let epoch = known(&mut tx, outgoing.conversation).await?.epoch;
    if let Some((of_epoch, envelope)) = &outgoing.attempt
        && *of_epoch == epoch
    {
        return Ok(envelope.clone());
    }
    let (header, key) = header(member, &mut tx, outgoing.conversation, outgoing.message).await?;
    let envelope = seal(&outgoing.content, &header, &key, &member.device_keys, &mut member.rng())?;
    outgoing.attempts.push(Hash::of(&envelope));
    cache::outbox::attempt(&mut tx, outgoing.message, epoch, &envelope, &outgoing.attempts).await?;
    tx.commit().await?;
    outgoing.attempt = Some((epoch, envelope.clone()));
    Ok(envelope)
}

/// The header of this device's next message in a conversation, and the key of the epoch.
pub(crate) async fn header(
    member: &Member,
    db: &mut Connection,
    conversation: ConversationId,
    message: MessageId,
) -> Result<(EnvelopeHeader, EpochKey)> {
    let known = known(db, conversation).await?;
    let epoch = cache::epochs::get(db, conversation, known.epoch).await?.ok_or_else(|| damaged("conversation key"))?;
    let (counter, previous) = cache::outbox::chain(db, conversation).await?;
    let header = EnvelopeHeader {
        algorithm: known.suite.algorithm(),
        conversation,
        epoch: known.epoch,
        device: member.device(),
        message,
        counter,
        sent_at_ms: member.now_ms(),
        previous,
        roster: member.roster().head(),
        epoch_authenticator: epoch.authenticator,
    };
    Ok((header, epoch.key))
}

/// The relay has it on disk: the message has its place, and this device's chain goes on from it.
async fn acknowledged(member: &Member, outgoing: &Outgoing, envelope: &[u8], accepted: MessageAccepted) -> Result<()> {
    if !outgoing.attempts.contains(&accepted.sha256) {
        let error = Error::unverifiable(
            "foreign_message",
            "The relay says that it holds another message under the id of yours.",
            "Do not go on: speak with whoever runs the relay.",
        );
        member.raise_alarm(&error).await?;
        return Err(error);
    }
    let header = *Envelope::parse(envelope).map_err(|_| damaged("envelope"))?.header();
    let conversation = outgoing.conversation;
    let mut tx = member.cache.begin().await?;
    let row = cache::messages::get(&mut tx, outgoing.message).await?.ok_or_else(|| damaged("message"))?;
    let row = Message {
        sequence: Some(accepted.sequence),
        epoch: header.epoch,
        counter: header.counter,
        sent_at_ms: header.sent_at_ms,
        hash: accepted.sha256,
        previous: header.previous,
        state: State::Sent,
        problem: None,
        ..row
    };
    cache::messages::put(&mut tx, &row).await?;
    cache::outbox::set_chain(&mut tx, conversation, header.counter + 1, accepted.sha256).await?;
    cache::outbox::delete(&mut tx, outgoing.message).await?;
    let last = known(&mut tx, conversation).await?.last_sequence;
    // What others sent in between is still to come.
    gaps::open(&mut tx, conversation, Gap { first: last + 1, last: accepted.sequence.saturating_sub(1) }).await?;
    cache::conversations::set_last_sequence(&mut tx, conversation, accepted.sequence).await?;
    tx.commit().await?;
    member.changed([Change::Messages(conversation), Change::Conversations, Change::Connection]);
    Ok(())
}

async fn refused(member: &Member, outgoing: &Outgoing, problem: &str) -> Result<()> {
    let mut tx = member.cache.begin().await?;
    cache::outbox::set_refused(&mut tx, outgoing.message, true).await?;
    if let Some(row) = cache::messages::get(&mut tx, outgoing.message).await? {
        cache::messages::put(&mut tx, &Message { state: State::Refused, problem: Some(problem.into()), ..row }).await?;
    }
    tx.commit().await?;
    member.changed([Change::Messages(outgoing.conversation), Change::Connection]);
    Ok(())
}
