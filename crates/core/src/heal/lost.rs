//! A stretch that the relay lost, with changes of the group that this device had verified and that fit in nowhere any more. The device reports
//! it to whoever acts as owner, and switches to the current log once that person has carried on there and nobody whom it put out is back in.

use bezel_protocol::log::{LostBranch, MAX_LOST, Place, Spine};
use bezel_protocol::wire::{Bytes, LostTold, MAX_ENVELOPE_BYTES, code, path};
use bezel_protocol::{ConversationId, DeviceId};

use crate::alarm::Cause;
use crate::cache::conversations::Conversation;
use crate::cache::{self, Connection};
use crate::change::Change;
use crate::error::{Class, Error, Result};
use crate::group;
use crate::member::Member;
use crate::relay::RelayError;

/// The most reports on one conversation that are answered in a round.
const MAX_ANSWERS: usize = 64;

/// Keeps the stretch behind a place before it is cut off here. One that is too long, or of which bytes are missing, is not kept: a person decides.
///
/// # Errors
/// When the local database fails.
pub(super) async fn note(member: &Member, db: &mut Connection, here: &Conversation, shared: Place) -> Result<()> {
    let known = cache::lost_branches::get(db, here.id).await?;
    // What was lost before stands behind where this device stood still.
    let (before, end) = match &known {
        Some(known) if !known.has_returned => (Some(&known.branch), known.branch.base.sequence),
        _ => (None, here.last.sequence),
    };
    if shared.sequence >= end {
        return Ok(());
    }
    let mut stretch = cache::spine::stretch(db, here.id, shared.sequence + 1, MAX_LOST + 1).await?;
    stretch.retain(|(place, _)| place.sequence <= end);
    let head = match before {
        Some(before) => Some(before.head.clone()),
        None => cache::spine::head(db, here.id).await?,
    };
    let Some(head) = head else { return Ok(()) };
    let mut changes = Vec::new();
    for (place, entry) in &stretch {
        if entry.kind.changes_group() {
            changes.extend(cache::entries::get(db, here.id, place.sequence).await?.map(Bytes));
        }
    }
    let rest = before.map(|before| before.spine.entries().unwrap_or_default()).unwrap_or_default();
    changes.extend(before.map(|before| before.changes.clone()).unwrap_or_default());
    let spine = Spine::new(stretch.into_iter().map(|(_, entry)| entry).chain(rest));
    let branch = LostBranch { base: shared, spine, head, changes };
    let is_whole = branch.changes(here.id, &member.profile().relay_key).is_some();
    if is_whole && branch.encode().len() <= MAX_ENVELOPE_BYTES {
        cache::lost_branches::put(db, here.id, &branch).await?;
    }
    Ok(())
}

/// Switches to the current log if that is allowed, after redoing what was lost if this user may; reports the stretch otherwise. Returns whether
/// this device now follows the current log, which it also does once all lost changes have a place again.
///
/// # Errors
/// When the relay can't be reached, or one of the two logs is forged.
pub(super) async fn go_over(member: &Member, conversation: ConversationId, have_places: bool) -> Result<bool> {
    let lost = match cache::lost_branches::get(&mut *member.cache.read().await?, conversation).await? {
        Some(lost) if lost.has_returned || !have_places => lost,
        Some(lost) => return end(member, conversation, lost.told_at.is_some()).await.map(|()| true),
        None => return Ok(have_places),
    };
    let since = match group::since(member, conversation, &lost.branch).await {
        // The members there don't know this device.
        Err(error) if error.code == "not_found" => return tell(member, conversation, &lost).await.map(|()| false),
        other => other?,
    };
    if !since.is_member || !(since.may_follow() || since.may_repeat) {
        return tell(member, conversation, &lost).await.map(|()| false);
    }
    if !lost.has_returned {
        group::rejoin(member, conversation).await?;
    }
    if !since.may_follow() {
        group::change_healed(member, conversation, |group| Ok(Some(since.owed.change(group)?))).await?;
    }
    end(member, conversation, lost.told_at.is_some()).await?;
    Ok(true)
}

/// Nothing of it is to be done any more.
async fn end(member: &Member, conversation: ConversationId, was_told: bool) -> Result<()> {
    if was_told {
        forget(member, conversation, member.device()).await?;
    }
    let mut tx = member.cache.begin().await?;
    cache::lost_branches::forget(&mut tx, conversation).await?;
    tx.commit().await
}

/// Hands in what was lost, once for each end of the log that is there.
async fn tell(member: &Member, conversation: ConversationId, lost: &cache::lost_branches::Lost) -> Result<()> {
    let here = cache::conversations::known(&mut *member.cache.read().await?, conversation).await?.last.sequence;
    if lost.told_at == i64::try_from(here).ok() {
        return Ok(());
    }
    let body = Bytes(lost.branch.encode());
    match member.client.post::<()>(&path::of(path::LOST, conversation), &body).await {
        Err(RelayError::Refused(refusal)) => tracing::warn!(code = refusal.code, "the relay did not take what it lost"),
        answer => answer?,
    }
    let mut tx = member.cache.begin().await?;
    cache::lost_branches::set_told(&mut tx, conversation, here).await?;
    tx.commit().await
}

/// Does again what others tell that the relay lost, where this user acts as owner.
///
/// # Errors
/// When the relay can't be reached, or the change fails.
pub(crate) async fn answer(member: &Member, conversation: ConversationId) -> Result<()> {
    let still_heals = cache::healing::heals(&mut *member.cache.read().await?, conversation).await?;
    if still_heals || !group::acts_as_owner(member, conversation).await? {
        return Ok(());
    }
    // What can't be answered stays, and keeps nobody else's from being heard: whoever told it may want just that.
    let mut after = String::new();
    for _ in 0..MAX_ANSWERS {
        let told: LostTold = match member.client.get(&format!("{}{after}", path::of(path::LOST, conversation))).await {
            Err(error) if error.is(code::NOT_FOUND) => return Ok(()),
            told => told?,
        };
        after = format!("?after={}", told.device);
        let Ok(branch) = LostBranch::decode(told.branch.as_ref()) else { continue };
        let since = match group::since(member, conversation, &branch).await {
            Err(error) if matches!(error.class, Class::Offline | Class::Disk) => return Err(error),
            // Another device can tell it better.
            Err(error) => {
                tracing::warn!(code = error.code, "what a device tells of a lost stretch does not hold");
                continue;
            }
            Ok(since) => since,
        };
        if !since.may_repeat {
            continue;
        }
        if !since.may_follow() {
            group::change(member, conversation, |group| Ok(Some(since.owed.change(group)?))).await?;
            if !since.owed.is_empty() {
                member.raise_alarm(&done_again(), Cause::conversation(conversation)).await?;
            }
            member.changed([Change::Conversation(conversation)]);
        }
        forget(member, conversation, told.device).await?;
    }
    Ok(())
}

async fn forget(member: &Member, conversation: ConversationId, device: DeviceId) -> Result<()> {
    match member.client.delete(&format!("{}?device={device}", path::of(path::LOST, conversation))).await {
        Err(RelayError::Refused(refusal)) => tracing::debug!(code = refusal.code, "what was told stays on the relay"),
        answer => answer?,
    }
    Ok(())
}

fn done_again() -> Error {
    Error::new(
        "lost_change_repeated",
        "The relay had lost a change of this conversation's members, and a member who had verified it told of it. It was done again in your name.",
        "Look at who is in the conversation.",
    )
}
