//! Fetches the entries that are missing, the newest of every conversation first.

use bezel_protocol::log::SpineEntry;
use bezel_protocol::wire::{MAX_PAGE, Messages, StoredMessage};
use bezel_protocol::{ConversationId, Hash};

use super::once::Faults;
use crate::alarm::Cause;
use crate::cache::gaps::{self, Gap};
use crate::cache::{self, Connection, conversations};
use crate::change::Change;
use crate::error::{Error, Result};
use crate::member::Member;
use crate::relay::RelayError;
use crate::{log, roster};

/// Fetches until nothing is missing: a page of each conversation, then the next of each. A conversation whose relay does not hand out what
/// it should is left for the next round.
///
/// # Errors
/// When the relay can't be reached.
pub(super) async fn backfill(member: &Member, faults: &mut Faults) -> Result<()> {
    let mut tx = member.cache.begin().await?;
    cache::held::fetch_again(&mut tx).await?;
    tx.commit().await?;
    let all = conversations::all(&mut *member.cache.read().await?).await?;
    // What a relay that was put back from a copy may have lost is fetched when it has what will come back.
    let healing = cache::healing::all(&mut *member.cache.read().await?).await?;
    let is_open = |each: &&conversations::Conversation| each.removed_at_ms.is_none() && !healing.contains(&each.id);
    // Each goes down from its end: what was changed on its way is asked for again in the next round, not in this one.
    let mut open: Vec<(ConversationId, u64)> = all.iter().filter(is_open).map(|each| (each.id, each.last.sequence + 1)).collect();
    while !open.is_empty() {
        let mut left = Vec::with_capacity(open.len());
        for (conversation, end) in open {
            match page(member, conversation, end).await {
                Ok(Some(Page { from, forged })) => {
                    left.push((conversation, from));
                    if forged {
                        faults.note(member, Cause::conversation(conversation), Err(changed())).await?;
                    }
                }
                Ok(None) => {}
                Err(error) => faults.note(member, Cause::conversation(conversation), Err(error)).await?,
            }
        }
        open = left;
    }
    Ok(())
}

/// A page that was taken.
struct Page {
    /// Nothing from here on is to be fetched in this round.
    from: u64,
    /// Whether some of it was changed on its way.
    forged: bool,
}

/// The next page of a conversation, of what stands before a place. `None` when there is no other.
async fn page(member: &Member, id: ConversationId, end: u64) -> Result<Option<Page>> {
    let mut db = member.cache.read().await?;
    let Some(gap) = gaps::newest_before(&mut db, id, end).await? else { return Ok(None) };
    let wanted = cache::spine::envelopes(&mut db, id, (gap.first, gap.last), MAX_PAGE).await?;
    drop(db);
    let (Some((newest, _)), Some((oldest, _))) = (wanted.first(), wanted.last()) else {
        return close(member, id, gap, gap.first).await;
    };
    let answer = match member.client.messages(id, *oldest, *newest).await {
        // Removed meanwhile: the next round notices.
        Err(RelayError::Refused(refusal)) if refusal.code == bezel_protocol::wire::code::NOT_FOUND => return Ok(None),
        other => other?,
    };
    let restored_at = cache::spine::restored_at(&mut *member.cache.read().await?, id).await?;
    let Fitting { messages, lost, forged } = fitting(&wanted, answer, restored_at)?;
    if messages.iter().any(|message| log::refers_to_news(member, &message.envelope.0)) {
        roster::fetch(member).await?;
    }
    // Entries that come in pieces: everything from the oldest that is here on is done.
    let come = messages.len() + lost.len() + forged.len();
    let done = if come == wanted.len() && (wanted.len() as u64) < u64::from(MAX_PAGE) {
        gap.first
    } else {
        wanted.get(come.saturating_sub(1)).map_or(gap.last, |(sequence, _)| *sequence)
    };
    let mut tx = member.cache.begin().await?;
    let conversation = conversations::known(&mut tx, id).await?;
    for (sequence, stored_at_ms) in lost {
        log::show_lost(member, &mut tx, (id, sequence), stored_at_ms).await?;
    }
    // Closed first: whether a message is missing is judged by what is still to come.
    let ahead = close_from(member, &mut tx, id, gap, done).await?;
    for sequence in &forged {
        gaps::open(&mut tx, id, Gap { first: *sequence, last: *sequence }).await?;
    }
    let taken = log::take(member, &mut tx, &conversation, &messages).await?;
    tx.commit().await?;
    taken.tell(member).await?;
    member.changed([Change::Messages(id), Change::Conversations]);
    raise(member, ahead).await?;
    Ok(Some(Page { from: done, forged: !forged.is_empty() }))
}

/// What was handed out of what is wanted.
struct Fitting {
    /// The newest first and without a hole, as the spine says it.
    messages: Vec<StoredMessage>,
    /// Places of which only the hash is left, and when they were stored.
    lost: Vec<(u64, i64)>,
    /// Places whose bytes were changed.
    forged: Vec<u64>,
}

/// Looks what of an answer is wanted. That bytes are lost is believed only before a place at which the relay said that it was put back.
fn fitting(wanted: &[(u64, SpineEntry)], answer: Messages, restored_at: u64) -> Result<Fitting> {
    let mut handed: std::collections::BTreeMap<u64, StoredMessage> =
        answer.messages.into_iter().map(|message| (message.sequence, message)).collect();
    let mut fitting = Fitting { messages: Vec::with_capacity(handed.len()), lost: Vec::new(), forged: Vec::new() };
    for (sequence, entry) in wanted {
        let Some(message) = handed.remove(sequence) else {
            if *sequence < restored_at && answer.lost.contains(sequence) {
                fitting.lost.push((*sequence, entry.stored_at_ms));
                continue;
            }
            break;
        };
        if Hash::of(&message.envelope.0) == entry.sha256 {
            fitting.messages.push(StoredMessage { stored_at_ms: entry.stored_at_ms, ..message });
        } else {
            fitting.forged.push(*sequence);
        }
    }
    if fitting.messages.is_empty() && fitting.lost.is_empty() && fitting.forged.is_empty() {
        return Err(Error::unverifiable(
            "messages_withheld",
            "The relay does not hand out all messages of a conversation.",
            "Speak with whoever runs the relay; what came so far is here.",
        ));
    }
    Ok(fitting)
}

fn changed() -> Error {
    Error::unverifiable(
        "messages_changed",
        "The relay hands out other bytes of a message than its log holds.",
        "They are not shown. Speak with whoever runs the relay; what came so far is here.",
    )
}

async fn close(member: &Member, id: ConversationId, gap: Gap, from: u64) -> Result<Option<Page>> {
    let mut tx = member.cache.begin().await?;
    let ahead = close_from(member, &mut tx, id, gap, from).await?;
    tx.commit().await?;
    raise(member, ahead).await?;
    Ok(Some(Page { from, forged: false }))
}

/// Everything of a gap from `from` on is here. Returns the alarm that its times give reason for.
async fn close_from(member: &Member, db: &mut Connection, id: ConversationId, gap: Gap, from: u64) -> Result<Option<(Error, Cause)>> {
    gaps::close_from(db, id, gap, from).await?;
    let latest_ms = cache::spine::latest_time(db, id, (from, gap.last)).await?;
    log::dated_ahead(member, db, id, latest_ms).await
}

async fn raise(member: &Member, alarm: Option<(Error, Cause)>) -> Result<()> {
    match alarm {
        Some((error, cause)) => member.raise_alarm(&error, cause).await,
        None => Ok(()),
    }
}
