//! Sends what waits, in order, once and only once.

use bezel_crypto::envelope::seal;
use bezel_crypto::group::EpochKey;
use bezel_protocol::envelope::{Envelope, EnvelopeHeader};
use bezel_protocol::log::{EntryKind, Place, SpineEntry};
use bezel_protocol::wire::{
    Bytes, ErrorBody, MAX_ENVELOPE_BYTES, MAX_ENVELOPES, MessageAccepted, MessageKind, MessagesAccepted, NewMessages, StoredMessage, code,
    path,
};
use bezel_protocol::{ConversationId, Hash, MessageId};

use super::take::take;
use super::take_over::take_over;
use super::{confirmed, content_of, dated_ahead};
use crate::alarm::Cause;
use crate::cache::conversations::known;
use crate::cache::log::{Placed, Row};
use crate::cache::messages::State;
use crate::cache::outbox::Outgoing;
use crate::cache::{self, Connection};
use crate::change::Change;
use crate::error::{Class, Error, Result, damaged};
use crate::member::Member;
use crate::relay::RelayError;
use crate::{group, spine};

/// How often messages are sealed again because the epoch moved on.
const ATTEMPTS: usize = 16;

/// Sends everything that waits. The caller holds the work lock. What fails in one conversation holds up no other.
///
/// # Errors
/// When the relay can't be reached or has no room; else the first conversation's error, when all others had their turn. What the relay
/// refuses is marked and left.
pub(crate) async fn pump(member: &Member) -> Result<()> {
    member.copied.refuse()?;
    // The keys by which one will read it later are safe before it shows as sent.
    group::back_up(member).await?;
    let mut db = member.cache.read().await?;
    let (waiting, healing) = (cache::outbox::waiting(&mut db).await?, cache::healing::all(&mut db).await?);
    drop(db);
    let mut first = None;
    for conversation in waiting.into_iter().filter(|waiting| !healing.contains(waiting)) {
        // It goes out by the new leaf.
        if group::is_former(member, &mut *member.cache.read().await?, conversation).await? {
            continue;
        }
        match deliver(member, conversation).await {
            Ok(()) => {}
            Err(error) if matches!(error.class, Class::Offline | Class::Disk) || concerns_all(error.code) => return Err(error),
            Err(error) => {
                tracing::warn!(code = error.code, "the outbox of a conversation stands still");
                if error.class == Class::Unverifiable {
                    member.raise_alarm(&error, Cause::conversation(conversation)).await?;
                }
                first.get_or_insert(error);
            }
        }
    }
    first.map_or(Ok(()), Err)
}

/// What waits, whatever the conversation: the relay has no room, fails, or does not let this device in.
fn concerns_all(code: &str) -> bool {
    matches!(code, "unauthenticated" | "relay_failed" | "too_many" | "no_room" | "home_copied")
}

async fn deliver(member: &Member, conversation: ConversationId) -> Result<()> {
    let (mut attempts, mut found) = (0, Vec::new());
    while attempts < ATTEMPTS {
        // An attempt that stands in the log is the message, whatever the relay answered to it: another one could count as well, for others.
        if let Some((sequence, own)) = standing(member, conversation, &found).await? {
            found.push(sequence);
            match own {
                Some(envelope) => take_own(member, conversation, sequence, envelope).await?,
                None => bring(member, conversation, sequence).await?,
            }
            continue;
        }
        take_over(member, conversation).await?;
        let batch = sealed(member, conversation).await?;
        let Some(first) = batch.first() else { return Ok(()) };
        let envelopes = batch.iter().filter_map(|outgoing| outgoing.envelope.clone().map(Bytes)).collect();
        let body = NewMessages { kind: MessageKind::Stored, envelopes };
        let refusal = match member.client.post::<MessagesAccepted>(&path::of(path::MESSAGES, conversation), &body).await {
            Ok(answer) if answer.accepted.len() <= batch.len() => {
                acknowledged(member, conversation, &batch, &answer).await?;
                let next = batch.get(answer.accepted.len());
                answer.refused.zip(next.cloned())
            }
            Ok(_) => return Err(foreign()),
            Err(RelayError::Refused(refusal)) => Some((refusal, first.clone())),
            Err(error) => return Err(error.into()),
        };
        let Some((refusal, of)) = refusal else {
            attempts = 0;
            continue;
        };
        attempts += 1;
        hear_refusal(member, conversation, refusal, &of).await?;
    }
    // The relay's word for one conversation: it must not end the round of the others.
    Err(Error::refused(
        "stale_epoch",
        "The relay says again and again that a conversation's keys have changed.",
        "What you wrote is kept and goes out by itself; if it stays so, speak with whoever runs the relay.",
    ))
}

/// The place of an attempt of what waits that stands in the log and was not looked at yet; with its bytes, where they are here.
async fn standing(member: &Member, conversation: ConversationId, looked_at: &[u64]) -> Result<Option<(u64, Option<Vec<u8>>)>> {
    let mut db = member.cache.read().await?;
    let attempted = cache::outbox::attempted(&mut db, conversation).await?;
    if attempted.is_empty() {
        return Ok(None);
    }
    let is_out = known(&mut db, conversation).await?.removed_at_ms.is_some();
    for outgoing in attempted {
        for attempt in outgoing.attempts {
            let own = outgoing.envelope.as_ref().filter(|envelope| Hash::of(envelope) == attempt);
            let places = cache::spine::places_of(&mut db, conversation, attempt).await?;
            let place = places.into_iter().find(|place| !looked_at.contains(place));
            // Who was put out is handed nothing any more.
            if let Some(place) = place.filter(|_| own.is_some() || !is_out) {
                return Ok(Some((place, own.cloned())));
            }
        }
    }
    Ok(None)
}

/// Takes an entry of this device whose bytes are here.
async fn take_own(member: &Member, conversation: ConversationId, sequence: u64, envelope: Vec<u8>) -> Result<()> {
    let mut tx = member.cache.begin().await?;
    let here = known(&mut tx, conversation).await?;
    let stored_at_ms = cache::spine::get(&mut tx, conversation, sequence).await?.map_or(0, |entry| entry.stored_at_ms);
    let stored = StoredMessage { sequence, stored_at_ms, envelope: Bytes(envelope) };
    let taken = take(member, &mut tx, &here, std::slice::from_ref(&stored)).await?;
    tx.commit().await?;
    taken.tell(member).await
}

/// What a refusal asks for. `Ok` means: try again.
async fn hear_refusal(member: &Member, conversation: ConversationId, refusal: ErrorBody, of: &Outgoing) -> Result<()> {
    match refusal.code.as_str() {
        code::STALE_EPOCH | code::NOT_FOUND => {
            if !group::catch_up(member, conversation, None).await? {
                // It may have arrived before.
                if standing(member, conversation, &[]).await?.is_some() {
                    return Ok(());
                }
                return refused(member, of, "You are no longer a member of this conversation.").await;
            }
            group::back_up(member).await
        }
        code::AHEAD | code::FORKED | code::HEALING | code::UNAUTHENTICATED | code::INTERNAL | code::TOO_MANY | code::NO_ROOM => {
            Err(RelayError::Refused(refusal).into())
        }
        _ => refused(member, of, &Error::from(RelayError::Refused(refusal)).message).await,
    }
}

/// The envelopes of what waits longest, in order: those of the last attempt where they still hold, else new ones, kept on the disk before
/// they are sent.
async fn sealed(member: &Member, conversation: ConversationId) -> Result<Vec<Outgoing>> {
    let mut tx = member.cache.begin().await?;
    let mut batch = cache::outbox::next(&mut tx, conversation, MAX_ENVELOPES).await?;
    let (mut header, key) = header(member, &mut tx, conversation, MessageId::from_bytes([0; 16])).await?;
    let (mut bytes, mut fitting) = (0, 0);
    for outgoing in &mut batch {
        let kept = outgoing.envelope.as_deref().and_then(|envelope| Envelope::parse(envelope).ok());
        // A place that it names may be lost since.
        let seen = kept.as_ref().map(|kept| kept.header().seen);
        let is_seen = match seen {
            Some(seen) => cache::spine::hash_at(&mut tx, conversation, seen.sequence).await? == Some(seen.hash),
            None => false,
        };
        let still_holds = kept.as_ref().is_some_and(|kept| {
            let kept = kept.header();
            is_seen && (kept.epoch, kept.counter, kept.previous) == (header.epoch, header.counter, header.previous)
        });
        let hash = match kept.filter(|_| still_holds) {
            Some(kept) => kept.hash(),
            None => {
                let row = cache::log::by_number(&mut tx, outgoing.number).await?.ok_or_else(|| damaged("message"))?;
                let of_this = EnvelopeHeader { message: row.message, ..header };
                let envelope = seal(&row.content, &of_this, &key, &member.device_keys(), &mut member.rng())?;
                let hash = Hash::of(&envelope);
                outgoing.envelope = Some(envelope);
                outgoing.attempts.push(hash);
                cache::outbox::attempt(&mut tx, outgoing).await?;
                hash
            }
        };
        bytes += outgoing.envelope.as_ref().map_or(0, Vec::len);
        if fitting > 0 && bytes > MAX_ENVELOPE_BYTES {
            break;
        }
        fitting += 1;
        (header.counter, header.previous) = (header.counter + 1, hash);
    }
    tx.commit().await?;
    batch.truncate(fitting);
    Ok(batch)
}

/// The header of this device's next message in a conversation, and the key of the epoch.
pub(crate) async fn header(
    member: &Member,
    db: &mut Connection,
    conversation: ConversationId,
    message: MessageId,
) -> Result<(EnvelopeHeader, EpochKey)> {
    let here = known(db, conversation).await?;
    let epoch = cache::epochs::get(db, conversation, here.epoch).await?.ok_or_else(|| damaged("conversation key"))?;
    let (counter, previous) = cache::outbox::chain(db, conversation).await?;
    let header = EnvelopeHeader {
        algorithm: here.suite.algorithm(),
        conversation,
        epoch: here.epoch,
        device: member.device(),
        message,
        counter,
        sent_at_ms: member.now_ms(),
        previous,
        seen: spine::seen(db, conversation).await?,
        roster: member.roster().head(),
        epoch_authenticator: epoch.authenticator,
    };
    Ok((header, epoch.key))
}

/// The relay has them on disk: the messages have their places, and this device's chain goes on from them.
async fn acknowledged(member: &Member, conversation: ConversationId, batch: &[Outgoing], answer: &MessagesAccepted) -> Result<()> {
    let places: Vec<(Place, SpineEntry)> = answer.accepted.iter().map(entry).collect();
    if !spine::reaches(member, conversation, &places).await? {
        spine::extend(member, conversation, answer.head.as_ref()).await?;
    }
    let mut earlier = Vec::new();
    let mut tx = member.cache.begin().await?;
    spine::follow(member, &mut tx, conversation, &places, answer.head.as_ref()).await?;
    for (outgoing, accepted) in batch.iter().zip(&answer.accepted) {
        if !outgoing.attempts.contains(&accepted.sha256) {
            // What came before has its place all the same.
            tx.commit().await?;
            return Err(foreign());
        }
        let envelope = outgoing.envelope.as_deref().unwrap_or_default();
        if Hash::of(envelope) == accepted.sha256 {
            let header = *Envelope::parse(envelope).map_err(|_| damaged("envelope"))?.header();
            cache::entries::keep(&mut tx, conversation, (accepted.place.sequence, accepted.stored_at_ms), envelope).await?;
            placed(member, &mut tx, outgoing, &header, accepted).await?;
        } else {
            earlier.push(accepted.place.sequence);
        }
    }
    let latest_ms = places.iter().map(|(_, entry)| entry.stored_at_ms).max();
    let ahead = dated_ahead(member, &mut tx, conversation, latest_ms).await?;
    tx.commit().await?;
    if let Some((error, cause)) = ahead {
        member.raise_alarm(&error, cause).await?;
    }
    member.changed([Change::Messages(conversation), Change::Conversations, Change::Connection]);
    // Of an earlier attempt only the hash is here: what the relay stored says the rest.
    for sequence in earlier {
        bring(member, conversation, sequence).await?;
    }
    Ok(())
}

/// What the chain covers of an envelope that was accepted.
fn entry(accepted: &MessageAccepted) -> (Place, SpineEntry) {
    let MessageAccepted { place, stored_at_ms, roster, sha256 } = *accepted;
    (place, SpineEntry { kind: EntryKind::Envelope, stored_at_ms, roster, sha256 })
}

async fn placed(
    member: &Member,
    db: &mut Connection,
    outgoing: &Outgoing,
    header: &EnvelopeHeader,
    accepted: &MessageAccepted,
) -> Result<()> {
    let row = cache::log::by_number(db, outgoing.number).await?.ok_or_else(|| damaged("message"))?;
    let place = Placed { sequence: accepted.place.sequence, counter: header.counter, hash: accepted.sha256, previous: header.previous };
    let row = Row {
        place: Some(place),
        epoch: header.epoch,
        sent_at_ms: header.sent_at_ms,
        seen: header.seen.sequence,
        roster: header.roster.sequence,
        ..row
    };
    cache::log::place(db, &row).await?;
    cache::outbox::set_chain(db, row.conversation, header.counter + 1, accepted.sha256).await?;
    cache::outbox::delete(db, outgoing.number).await?;
    cache::confirmations::confirm(db, row.conversation, confirmed(&row)).await?;
    member.projections.apply(member, db, &row, &content_of(&row.content)).await?;
    Ok(())
}

/// A message of this very device was found in the log. Returns an alarm where this home never wrote it.
pub(super) async fn found(db: &mut Connection, row: &Row) -> Result<Option<Error>> {
    let Some(place) = row.place else { return Ok(None) };
    cache::outbox::set_chain(db, row.conversation, place.counter + 1, place.hash).await?;
    let name = bezel_protocol::content::MessageRef { device: row.device, message: row.message };
    let known = cache::log::get(db, row.conversation, name).await?;
    let outgoing = match &known {
        Some(known) => cache::outbox::get(db, known.number).await?,
        None => None,
    };
    match outgoing {
        Some(outgoing) if outgoing.attempts.contains(&place.hash) => {
            cache::outbox::delete(db, outgoing.number).await?;
            Ok(None)
        }
        _ => Ok(Some(foreign())),
    }
}

/// A message of another device of this user was found in the log. It may be one that this home sent while it was that device.
pub(super) async fn found_of_former(db: &mut Connection, row: &Row) -> Result<()> {
    let name = bezel_protocol::content::MessageRef { device: row.device, message: row.message };
    let (Some(place), Some(known)) = (row.place, cache::log::get(db, row.conversation, name).await?) else { return Ok(()) };
    if cache::outbox::get(db, known.number).await?.is_some_and(|outgoing| outgoing.attempts.contains(&place.hash)) {
        cache::outbox::delete(db, known.number).await?;
    }
    Ok(())
}

/// Fetches one entry and takes it.
async fn bring(member: &Member, conversation: ConversationId, sequence: u64) -> Result<()> {
    spine::extend(member, conversation, None).await?;
    let page = member.client.messages(conversation, sequence, sequence).await?;
    let mut tx = member.cache.begin().await?;
    let here = known(&mut tx, conversation).await?;
    let entry = cache::spine::get(&mut tx, conversation, sequence).await?;
    let is_it = |bytes: &[u8]| entry.is_some_and(|entry| entry.sha256 == Hash::of(bytes));
    let Some(stored) = page.messages.iter().find(|stored| stored.sequence == sequence && is_it(&stored.envelope.0)) else {
        return Err(Error::unverifiable(
            "messages_withheld",
            "The relay does not hand out a message of this very device that its log holds.",
            "Speak with whoever runs the relay; what you wrote is kept here.",
        ));
    };
    let taken = take(member, &mut tx, &here, std::slice::from_ref(stored)).await?;
    tx.commit().await?;
    taken.tell(member).await
}

/// The relay holds, under this device's signature, what this home never wrote.
fn foreign() -> Error {
    Error::unverifiable(
        "home_copied",
        "The relay holds a message of this very device that this home never wrote: its data was copied, or put back from a backup.",
        "If you did not do that yourself, revoke this device from another one; what you write goes on to be sent.",
    )
}

async fn refused(member: &Member, outgoing: &Outgoing, problem: &str) -> Result<()> {
    let mut tx = member.cache.begin().await?;
    cache::outbox::set_refused(&mut tx, outgoing.number, true).await?;
    // The chain of what waits behind it goes on without it.
    cache::outbox::forget_envelopes(&mut tx, outgoing.conversation).await?;
    cache::messages::set_state(&mut tx, outgoing.number, State::Refused, Some(problem)).await?;
    tx.commit().await?;
    member.changed([Change::Messages(outgoing.conversation), Change::Connection]);
    Ok(())
}
