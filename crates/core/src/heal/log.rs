//! Brings the log of a conversation and the relay's together.

use bezel_protocol::ConversationId;
use bezel_protocol::log::{Generation, Place};

use super::commits;
use super::compare::{Comparison, compare};
use super::lost;
use super::offer::offer;
use super::settle::{lose_places, settle};
use crate::alarm::Cause;
use crate::cache;
use crate::change::Change;
use crate::error::{Class, Error, Result};
use crate::group;
use crate::member::Member;

/// Offers what the relay lost, and goes on with it once it takes new entries again. Until then nothing is sent there.
///
/// # Errors
/// When the relay can't be reached.
pub(crate) async fn log(member: &Member, conversation: ConversationId) -> Result<()> {
    let mut db = member.cache.read().await?;
    let Some(generation) = cache::healing::generation(&mut db).await? else { return Ok(()) };
    let is_behind = cache::lost_commits::first(&mut db, conversation).await?.is_some();
    let has_left = cache::conversations::known(&mut db, conversation).await?.removed_at_ms.is_some();
    drop(db);
    if has_left {
        let heals = bring_back(member, conversation, generation).await?.is_some_and(|found| found.heals);
        return if heals { Ok(()) } else { finish(member, conversation).await };
    }
    if !is_behind {
        lose_unchained(member, conversation).await?;
    }
    let Some(found) = bring_back(member, conversation, generation).await? else {
        return stand_still(member, conversation, &gone()).await;
    };
    let Comparison { end, head, shared, heals, lacks_group_info } = found;
    if heals {
        if shared != end || is_behind {
            return Ok(());
        }
        let is_inside = group::catch_up(member, conversation, Some(&head)).await?;
        return if lacks_group_info && is_inside { group::publish_info(member, conversation).await } else { Ok(()) };
    }
    settle(member, conversation, shared).await?;
    let have_places = match commits::find(member, conversation).await {
        Ok(true) => true,
        Ok(false) => return Ok(()),
        Err(error) if error.class == Class::Unverifiable => false,
        Err(error) => return Err(error),
    };
    if !lost::go_over(member, conversation, have_places).await? {
        return stand_still(member, conversation, &commits::commit_lost()).await;
    }
    finish(member, conversation).await?;
    let is_inside = group::catch_up(member, conversation, None).await?;
    if lacks_group_info && is_inside { group::publish_info(member, conversation).await } else { Ok(()) }
}

/// The log here is the relay's again.
async fn finish(member: &Member, conversation: ConversationId) -> Result<()> {
    let mut tx = member.cache.begin().await?;
    cache::healing::end(&mut tx, conversation).await?;
    for righted in ["commit_lost", "conversation_lost"] {
        cache::alarms::settle(&mut tx, righted, conversation).await?;
    }
    tx.commit().await
}

/// Offers what follows the relay's log, as long as that grows. `None` where the relay has no such log, and takes back none.
async fn bring_back(member: &Member, conversation: ConversationId, generation: Generation) -> Result<Option<Comparison>> {
    let mut before = None;
    loop {
        let found = compare(member, conversation, generation).await?;
        // Where it was lost whole, it is offered from its first entry on.
        let after = match &found {
            Some(found) if found.heals && found.head.place == found.shared && found.shared != found.end => Some(found.shared),
            Some(_) => None,
            None => Some(Place::START),
        };
        // A relay may say without end that it took something: then its log does not grow.
        let Some(after) = after.filter(|after| before.is_none_or(|before: Place| before.sequence < after.sequence)) else {
            return Ok(found);
        };
        if !offer(member, conversation, generation, after).await? {
            return Ok(found);
        }
        before = Some(after);
    }
}

/// What was acknowledged with a place up to which the spine here does not go can't be offered: it is sent again, unless it comes back before.
async fn lose_unchained(member: &Member, conversation: ConversationId) -> Result<()> {
    let mut tx = member.cache.begin().await?;
    let end = cache::conversations::known(&mut tx, conversation).await?.last;
    lose_places(member, &mut tx, conversation, end).await?;
    tx.commit().await
}

/// The conversation can't go on by itself: a person is told, once.
async fn stand_still(member: &Member, conversation: ConversationId, why: &Error) -> Result<()> {
    let mut tx = member.cache.begin().await?;
    if cache::healing::tell(&mut tx, conversation).await? {
        cache::alarms::raise(&mut tx, why, Cause::conversation(conversation), member.now_ms()).await?;
    }
    tx.commit().await?;
    member.changed([Change::Alarm]);
    Ok(())
}

fn gone() -> Error {
    Error::unverifiable(
        "conversation_lost",
        "The relay was put back from a copy that does not have this conversation, or not its members since.",
        "Your copy is still here, and nothing is sent there. Ask its owner to synchronise; if it stays so, begin it anew.",
    )
}
