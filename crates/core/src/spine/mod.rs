//! The spine of a conversation's log: the chain over its entries, computed here from the hashes that the relay hands out.
//!
//! The one invariant: a place in the cache was computed from the first entry on, without a gap. What a device signs names the newest such
//! place behind which it has judged every commit ([`seen`]).

use bezel_protocol::log::{EntryKind, Place, SignedHead, Spine, SpineEntry};
use bezel_protocol::wire::{MAX_SPINE, path};
use bezel_protocol::{ConversationId, Hash};

use crate::cache::conversations::{self, Conversation, known};
use crate::cache::gaps::{self, Gap};
use crate::cache::{self, Connection};
use crate::error::{Error, Result};
use crate::member::Member;
use crate::roster;

/// The most entries that are taken at once: 41 bytes each on the way, some hundred in memory.
const MAX_ENTRIES: u64 = 1_000_000;

/// The log of a conversation by its hashes, from its first entry to the relay's head.
#[derive(Clone)]
pub(crate) struct Whole {
    head: SignedHead,
    /// Every entry with its place.
    pub(crate) entries: Vec<(Place, SpineEntry)>,
}

impl Whole {
    /// The chain at a place.
    pub(crate) fn hash_at(&self, sequence: u64) -> Option<Hash> {
        if sequence == Place::START.sequence {
            return Some(Place::START.hash);
        }
        self.at(sequence).map(|(place, _)| place.hash)
    }

    /// The commit at a place.
    pub(crate) fn commit_at(&self, sequence: u64) -> Option<(Place, SpineEntry)> {
        self.at(sequence).filter(|(_, entry)| entry.kind == EntryKind::Commit)
    }

    /// The place of the first commit behind a place.
    pub(crate) fn commit_after(&self, sequence: u64) -> Option<u64> {
        let is_next = |(place, entry): &&(Place, SpineEntry)| place.sequence > sequence && entry.kind == EntryKind::Commit;
        self.entries.iter().find(is_next).map(|(place, _)| place.sequence)
    }

    /// The entry at a place.
    pub(crate) fn at(&self, sequence: u64) -> Option<(Place, SpineEntry)> {
        usize::try_from(sequence).ok()?.checked_sub(1).and_then(|index| self.entries.get(index)).copied()
    }
}

/// The whole spine of a conversation, also of one that this device is not in (any more): what is here, and what follows it up to the relay's
/// head. Nothing is kept yet.
///
/// # Errors
/// When the relay can't be reached, or what it says contradicts itself, what it said before, or its own hashes.
pub(crate) async fn whole(member: &Member, conversation: ConversationId) -> Result<Whole> {
    let mut db = member.cache.read().await?;
    let mut entries = cache::spine::all(&mut db, conversation).await?;
    let before = cache::spine::head(&mut db, conversation).await?;
    drop(db);
    let last = entries.last().copied();
    let (head, fresh) = news(member, conversation, None, before.as_ref(), last).await?;
    entries.extend(fresh);
    Ok(Whole { head, entries })
}

/// Keeps a spine, and notes what is to be fetched: what was said before this device came in is not for it.
///
/// # Errors
/// When the local database fails.
pub(crate) async fn adopt(db: &mut Connection, conversation: ConversationId, whole: &Whole) -> Result<()> {
    let here = known(db, conversation).await?;
    let fresh: Vec<_> = whole.entries.iter().filter(|(place, _)| place.sequence > here.last.sequence).copied().collect();
    keep(db, &here, &whole.head, &fresh).await
}

/// Brings the spine of a conversation up to a head of the relay, asked for where none is at hand, and notes what is to be fetched.
///
/// # Errors
/// When the relay can't be reached, or what it says contradicts itself, what it said before, or its own hashes: then nothing was changed.
pub(crate) async fn extend(member: &Member, conversation: ConversationId, head: Option<&SignedHead>) -> Result<Conversation> {
    let mut db = member.cache.read().await?;
    let here = known(&mut db, conversation).await?;
    let before = cache::spine::head(&mut db, conversation).await?;
    let last = cache::spine::get(&mut db, conversation, here.last.sequence).await?.map(|entry| (here.last, entry));
    drop(db);
    let (head, fresh) = news(member, conversation, head, before.as_ref(), last).await?;
    let mut tx = member.cache.begin().await?;
    keep(&mut tx, &here, &head, &fresh).await?;
    let here = known(&mut tx, conversation).await?;
    tx.commit().await?;
    Ok(here)
}

/// What follows the end of a spine, up to a head of the relay.
async fn news(
    member: &Member,
    conversation: ConversationId,
    head: Option<&SignedHead>,
    before: Option<&SignedHead>,
    last: Option<(Place, SpineEntry)>,
) -> Result<(SignedHead, Vec<(Place, SpineEntry)>)> {
    let head = match head {
        Some(head) => head.clone(),
        None => member.client.get::<SignedHead>(&path::of(path::HEAD, conversation)).await?,
    };
    let mut db = member.cache.read().await?;
    let is_healing = cache::healing::heals(&mut db, conversation).await?;
    if !follows(&mut db, &head).await? {
        return Err(put_back());
    }
    drop(db);
    let here = last.map_or(Place::START, |(place, _)| place);
    if is_healing && head.place.sequence < here.sequence {
        return Err(healing());
    }
    believe(member, conversation, &head, before)?;
    if head.place.sequence < here.sequence {
        return Err(truncated());
    }
    let entries = fetch(member, conversation, here, head.place.sequence).await?;
    believe_stamps(member, last.map_or(0, |(_, entry)| entry.roster), &entries).await?;
    match entries.last().map_or(here, |(place, _)| *place) {
        end if end == head.place => Ok((head, entries)),
        _ if is_healing => Err(healing()),
        _ => Err(forked()),
    }
}

async fn keep(db: &mut Connection, here: &Conversation, head: &SignedHead, fresh: &[(Place, SpineEntry)]) -> Result<()> {
    cache::healing::set_first_generation(db, head.generation).await?;
    cache::spine::append(db, here.id, fresh).await?;
    cache::spine::put_head(db, head).await?;
    // What was said before this device came in is not for it.
    let first = here.last.sequence.max(here.first_sequence) + 1;
    gaps::open(db, here.id, Gap { first, last: head.place.sequence }).await
}

/// The newest place whose hash was computed here, behind which every commit was judged.
pub(crate) async fn seen(db: &mut Connection, conversation: ConversationId) -> Result<Place> {
    let here = known(db, conversation).await?;
    let sequence = here.judged_sequence.min(here.last.sequence);
    let hash = cache::spine::hash_at(db, conversation, sequence).await?;
    Ok(hash.map_or(Place::START, |hash| Place { sequence, hash }))
}

/// Whether the spine goes up to the first of these places that is not in it. Else it must be extended first: no place is believed that
/// was not computed here.
///
/// # Errors
/// When the local database fails.
pub(crate) async fn reaches(member: &Member, conversation: ConversationId, accepted: &[(Place, SpineEntry)]) -> Result<bool> {
    let last = known(&mut *member.cache.read().await?, conversation).await?.last.sequence;
    let next = accepted.iter().map(|(place, _)| place.sequence).find(|sequence| *sequence > last);
    Ok(next.is_none_or(|next| next == last + 1))
}

/// Takes the places that the relay gave to what this device sent: those behind the end of the spine, which [`reaches`] them, are computed and
/// added; the others must stand in it.
///
/// # Errors
/// When the relay's own words contradict each other, or the spine.
pub(crate) async fn follow(
    member: &Member,
    db: &mut Connection,
    conversation: ConversationId,
    accepted: &[(Place, SpineEntry)],
    head: Option<&SignedHead>,
) -> Result<()> {
    if let Some(head) = head
        && !follows(db, head).await?
    {
        return Err(put_back());
    }
    let here = known(db, conversation).await?;
    let mut place = here.last;
    let mut fresh = Vec::new();
    for (given, entry) in accepted {
        if given.sequence > here.last.sequence {
            place = place.next(entry);
            if place != *given {
                return Err(forked());
            }
            fresh.push((place, *entry));
        } else if cache::spine::hash_at(db, conversation, given.sequence).await? != Some(given.hash)
            || cache::spine::get(db, conversation, given.sequence).await?.is_none_or(|there| there.sha256 != entry.sha256)
        {
            return Err(forked());
        }
    }
    if fresh.is_empty() {
        return Ok(());
    }
    let head = head.ok_or_else(withheld)?;
    let before = cache::spine::head(db, conversation).await?;
    believe(member, conversation, head, before.as_ref())?;
    if head.place != place {
        return Err(forked());
    }
    cache::healing::set_first_generation(db, head.generation).await?;
    cache::spine::append(db, conversation, &fresh).await?;
    cache::spine::put_head(db, head).await?;
    if here.judged_sequence == here.last.sequence && fresh.iter().all(|(_, entry)| entry.kind == EntryKind::Envelope) {
        conversations::set_judged(db, conversation, place.sequence).await?;
    }
    Ok(())
}

/// A head must be the relay's word for this conversation, and go on from its words before.
fn believe(member: &Member, conversation: ConversationId, head: &SignedHead, before: Option<&SignedHead>) -> Result<()> {
    if head.conversation != conversation || !head.is_by(&member.profile().relay_key) {
        return Err(head_forged());
    }
    // What was said in another life of the relay's data was compared when that ended.
    let Some(before) = before.filter(|before| before.generation == head.generation) else { return Ok(()) };
    if head.place.sequence < before.place.sequence {
        return Err(truncated());
    }
    if head.place.sequence == before.place.sequence && head.place.hash != before.place.hash {
        return Err(forked());
    }
    Ok(())
}

/// The roster heads with which entries are stamped never fall, and are there.
async fn believe_stamps(member: &Member, before: u64, entries: &[(Place, SpineEntry)]) -> Result<()> {
    let stamps = std::iter::once(before).chain(entries.iter().map(|(_, entry)| entry.roster));
    let is_rising = stamps.clone().zip(stamps.skip(1)).all(|(one, next)| one <= next);
    let Some(newest) = entries.last().map(|(_, entry)| entry.roster) else { return Ok(()) };
    if is_rising && newest > member.roster().head().sequence {
        roster::fetch(member).await?;
    }
    if is_rising && newest <= member.roster().head().sequence { Ok(()) } else { Err(forked()) }
}

async fn fetch(member: &Member, conversation: ConversationId, last: Place, to: u64) -> Result<Vec<(Place, SpineEntry)>> {
    if to - last.sequence > MAX_ENTRIES {
        return Err(Error::unverifiable(
            "log_too_long",
            "The relay says that a conversation has grown by more than a million entries.",
            "Speak with whoever runs the relay.",
        ));
    }
    let mut entries = Vec::new();
    let mut place = last;
    while place.sequence < to {
        let first = place.sequence + 1;
        let path = format!("{}?first={first}&last={to}", path::of(path::SPINE, conversation));
        let page = member.client.get::<Spine>(&path).await?.entries().ok_or_else(withheld)?;
        if page.is_empty() || page.len() as u64 > (to - place.sequence).min(u64::from(MAX_SPINE)) {
            return Err(withheld());
        }
        for entry in page {
            place = place.next(&entry);
            entries.push((place, entry));
        }
    }
    Ok(entries)
}

/// The next round compares all logs.
fn put_back() -> Error {
    Error::offline("it was put back from a copy at this moment")
}

/// The relay's word for where a log ends, or of which life of its data, is not signed by it.
pub(crate) fn head_forged() -> Error {
    Error::unverifiable(
        "head_forged",
        "Where a conversation ends is not signed by this workspace's relay.",
        "Do not go on: speak with whoever runs the relay.",
    )
}

fn withheld() -> Error {
    Error::unverifiable(
        "log_withheld",
        "The relay does not hand out the log of a conversation up to where it says that it ends.",
        "Speak with whoever runs the relay; what came so far is here.",
    )
}

fn truncated() -> Error {
    Error::unverifiable(
        "log_truncated",
        "The relay has lost entries of a conversation that it had stored before.",
        "Your copy is still here, and nothing is sent there. Speak with whoever runs the relay before you go on.",
    )
}

fn forked() -> Error {
    Error::unverifiable(
        "log_forked",
        "The relay shows another history of a conversation than it showed before, or than its own hashes give.",
        "Nothing is sent there. Speak with whoever runs the relay, and with the others in the conversation, outside Bezel.",
    )
}

/// Whether a head is of the life that is known. Before the first round none is: then this is it.
async fn follows(db: &mut Connection, head: &SignedHead) -> Result<bool> {
    Ok(cache::healing::generation(db).await?.is_none_or(|known| known == head.generation))
}

/// The log of a conversation is still compared with the relay's.
pub(crate) fn healing() -> Error {
    Error::refused(
        "healing",
        "The relay was put back from a copy, and this conversation waits for what it lost.",
        "Wait: it goes on by itself, ten minutes after the first of its members came by at the latest.",
    )
}
