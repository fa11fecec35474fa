//! Brings a group up to date with the commits that the relay accepted.

use bezel_crypto::group::{Applied, CommitEntry, GroupError, Judge};
use bezel_protocol::log::{EntryKind, Leave, SignedHead};
use bezel_protocol::{ConversationId, DeviceId};

use super::follow::{Handed, forged, hand, names, read};
use super::join::come_back;
use super::{Began, load, roster_as_of, store, withheld};
use crate::cache::{self, Connection, conversations};
use crate::change::Change;
use crate::error::{Error, Result};
use crate::member::Member;
use crate::{conversation as use_cases, spine};

/// Brings the spine up to the relay's head, given where it is at hand, and judges every commit in it. Returns whether this member is still
/// inside: only a commit that was verified ends a membership.
///
/// # Errors
/// When the relay can't be reached, contradicts itself, or a commit is forged or forbidden: then nothing of it is applied.
pub(crate) async fn catch_up(member: &Member, conversation: ConversationId, head: Option<&SignedHead>) -> Result<bool> {
    if !is_inside(member, conversation).await? {
        return Ok(false);
    }
    spine::extend(member, conversation, head).await.map_err(not_there)?;
    loop {
        let mut db = member.cache.read().await?;
        let known = conversations::known(&mut db, conversation).await?;
        let next = cache::spine::change_after(&mut db, conversation, known.judged_sequence).await?;
        drop(db);
        let Some((_, next)) = next else {
            let mut tx = member.cache.begin().await?;
            conversations::set_judged(&mut tx, conversation, known.last.sequence).await?;
            tx.commit().await?;
            return Ok(true);
        };
        let page = hand(member, conversation, next.kind, known.epoch, known.judged_sequence).await;
        let page = page.map_err(|error| not_there(error.into()))?;
        let mut applied = false;
        for handed in &page {
            match apply(member, conversation, handed).await? {
                Step::Applied => applied = true,
                Step::Over => return Ok(false),
                Step::NotNext => break,
                // What follows is for the new leaf.
                Step::Behind => return Ok(true),
                Step::Unopened(author) => {
                    if !come_back(member, conversation, author).await? {
                        return put_out(member, conversation).await.map(|()| false);
                    }
                    applied = true;
                    break;
                }
            }
        }
        if !applied {
            return Err(withheld());
        }
    }
}

/// What became of an entry that the relay handed out.
enum Step {
    Applied,
    /// It ends this member's membership.
    Over,
    /// Another one comes first.
    NotNext,
    /// The leaf of the device that this home was before can't follow any further.
    Behind,
    /// It can't be opened here, by whose fault remains to be seen; this device made it.
    Unopened(DeviceId),
}

async fn is_inside(member: &Member, conversation: ConversationId) -> Result<bool> {
    let known = conversations::get(&mut *member.cache.read().await?, conversation).await?;
    Ok(known.is_some_and(|known| known.removed_at_ms.is_none()))
}

/// "Not found" alone ends nothing: the relay would show the commit that did.
fn not_there(error: Error) -> Error {
    if error.code != "not_found" {
        return error;
    }
    Error::unverifiable(
        "conversation_withheld",
        "The relay says that a conversation is not there, and shows no change that would have ended it for you.",
        "Everything is kept here, and nothing is sent there. Speak with whoever runs the relay.",
    )
}

/// This member is not inside any more; what it could read so far stays readable.
async fn removed(member: &Member, db: &mut Connection, conversation: ConversationId, sequence: u64) -> Result<()> {
    conversations::set_removed(db, conversation, Some(member.now_ms())).await?;
    conversations::set_judged(db, conversation, sequence).await?;
    cache::groups::delete(db, conversation).await
}

/// The same where the commit that did it could not be opened: whoever follows without keys sees who is in.
async fn put_out(member: &Member, conversation: ConversationId) -> Result<()> {
    let mut tx = member.cache.begin().await?;
    let last = conversations::known(&mut tx, conversation).await?.last.sequence;
    removed(member, &mut tx, conversation, last).await?;
    tx.commit().await?;
    member.changed([Change::Conversations, Change::Conversation(conversation)]);
    Ok(())
}

/// Judges the next change of the spine, and nothing else, by the roster and the time of its own place: who was shut out later was right then.
async fn apply(member: &Member, conversation: ConversationId, handed: &Handed) -> Result<Step> {
    let mut tx = member.cache.begin().await?;
    let known = conversations::known(&mut tx, conversation).await?;
    let next = cache::spine::change_after(&mut tx, conversation, known.judged_sequence).await?;
    let Some((place, entry)) = next.filter(|(place, _)| place.sequence == handed.sequence) else { return Ok(Step::NotNext) };
    read(handed, place, &entry)?;
    let judge = Judge::new(roster_as_of(member, &mut tx, entry.roster).await?, entry.stored_at_ms);
    let mut group = load(&mut tx, conversation, judge).await?;
    let is_former = group.own_leaf()?.device() != member.device();
    if entry.kind == EntryKind::Leave {
        let leave = Leave::decode(handed.entry.as_ref()).map_err(forged)?;
        let seen = cache::spine::hash_at(&mut tx, conversation, leave.seen.sequence).await?;
        names((leave.roster, leave.seen), place, &entry, seen)?;
        let user = group.judge_leave(&leave).map_err(forged)?;
        let is_own = user == member.user();
        cache::leaves::put(&mut tx, conversation, user, place.sequence).await?;
        cache::entries::keep(&mut tx, conversation, (place.sequence, entry.stored_at_ms), &handed.entry.0).await?;
        if is_own {
            removed(member, &mut tx, conversation, place.sequence).await?;
        } else {
            conversations::set_judged(&mut tx, conversation, place.sequence).await?;
        }
        tx.commit().await?;
        member.changed([Change::Conversations, Change::Conversation(conversation)]);
        return Ok(if is_own { Step::Over } else { Step::Applied });
    }
    let commit = CommitEntry::parse(handed.entry.as_ref()).map_err(forged)?;
    let header = *commit.header();
    names((header.roster, header.seen), place, &entry, cache::spine::hash_at(&mut tx, conversation, header.seen.sequence).await?)?;
    let own = cache::pending::secrets(&mut tx, conversation, commit.sha256()).await?;
    let outcome = match &own {
        Some(secrets) => group.accept(&commit, secrets),
        None => group.process(&commit),
    };
    let applied = match outcome {
        Ok(applied) if is_former && applied.removed_self => return Ok(Step::Behind),
        Err(GroupError::OwnUnknown | GroupError::Library(_)) if is_former => return Ok(Step::Behind),
        Err(GroupError::OwnUnknown) => {
            drop(tx);
            return Err(copied(member, &commit, handed).await?);
        }
        // Not by the rules: its secrets, or a tag that only members can check.
        Err(GroupError::Library(_)) if own.is_none() => return Ok(Step::Unopened(commit.author().device())),
        Err(error) if own.is_none() && !matches!(error, GroupError::Roster(_)) => return Err(forged(error)),
        other => other?,
    };
    cache::entries::keep(&mut tx, conversation, (place.sequence, entry.stored_at_ms), &handed.entry.0).await?;
    if applied.removed_self {
        removed(member, &mut tx, conversation, place.sequence).await?;
    } else {
        let began = Began { sequence: place.sequence, roster: entry.roster, at_ms: entry.stored_at_ms };
        store(&mut tx, &mut group, began, member.now_ms()).await?;
        use_cases::note_return(member, &mut tx, &group, &applied).await?;
    }
    tx.commit().await?;
    announce(member, conversation, &applied);
    Ok(if applied.removed_self { Step::Over } else { Step::Applied })
}

/// A commit with this device's signature that this home never made.
async fn copied(member: &Member, commit: &CommitEntry, handed: &Handed) -> Result<Error> {
    if commit.author().certificate().certificate().message_key != *member.device_keys().message_key() {
        return Ok(GroupError::OwnUnknown.into());
    }
    member.copied.notice_commit(handed.entry.as_ref()).await
}

fn announce(member: &Member, conversation: ConversationId, applied: &Applied) {
    tracing::info!(
        epoch = applied.epoch,
        added = applied.added.len(),
        removed = applied.removed.len(),
        own = applied.own,
        "a commit was applied"
    );
    member.changed([Change::Conversations, Change::Conversation(conversation)]);
}
