//! Goes over to the healed log: what is behind the place that both share and did not come back loses its place.

use bezel_protocol::ConversationId;
use bezel_protocol::log::Place;

use super::lost;
use crate::cache::{self, Connection};
use crate::change::Change;
use crate::error::Result;
use crate::group;
use crate::member::Member;

/// Takes the shared place for the end of the log here. What this device wrote behind it is sent again under its id, what others wrote is kept and
/// marked. Commits that were verified behind it stay verified: nothing is sent before each has a place again.
///
/// # Errors
/// When the local database fails.
pub(super) async fn settle(member: &Member, conversation: ConversationId, shared: Place) -> Result<()> {
    let mut tx = member.cache.begin().await?;
    let here = cache::conversations::known(&mut tx, conversation).await?;
    let is_behind = cache::lost_commits::note(&mut tx, conversation, (shared.sequence, here.judged_sequence), here.epoch).await?;
    if is_behind {
        lost::note(member, &mut tx, &here, shared).await?;
    }
    lose_places(member, &mut tx, conversation, shared).await?;
    if cache::healing::forget_leaves(&mut tx, conversation, shared).await? {
        group::show_members(member, &mut tx, conversation).await?;
    }
    cache::healing::cut(&mut tx, conversation, shared).await?;
    if !is_behind {
        cache::healing::end(&mut tx, conversation).await?;
    }
    tx.commit().await?;
    member.changed([Change::Messages(conversation), Change::Conversations, Change::Connection]);
    Ok(())
}

/// Messages behind a place have none any more. Those of this device wait to be sent, as the same bytes where they are kept.
pub(super) async fn lose_places(member: &Member, db: &mut Connection, conversation: ConversationId, behind: Place) -> Result<()> {
    let messages = cache::healing::behind(db, conversation, behind, member.device()).await?;
    for lost in messages.iter().rev().filter(|lost| lost.is_own) {
        let envelope = cache::entries::get(db, conversation, lost.sequence).await?;
        cache::healing::send_again(db, conversation, lost, envelope.as_deref()).await?;
    }
    for lost in &messages {
        cache::healing::unplace(db, conversation, lost, behind).await?;
    }
    if !messages.is_empty() {
        cache::healing::rewind_chain(db, conversation, member.device()).await?;
    }
    Ok(())
}
