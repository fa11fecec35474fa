//! A home that became another device sends what the one before it wrote.

use bezel_protocol::ConversationId;

use super::content_of;
use crate::cache::log::Row;
use crate::cache::messages::State;
use crate::cache::outbox::Outgoing;
use crate::cache::{self, Connection};
use crate::error::{Result, damaged};
use crate::member::Member;

/// What waits under the name of another device of this home goes out under this one's. What stands in the log already stays the other's, and is
/// found there. What only that device could say, a file or a call that it began, is left for a person.
///
/// # Errors
/// When the local database fails.
pub(super) async fn take_over(member: &Member, conversation: ConversationId) -> Result<()> {
    let waiting = cache::outbox::of_others(&mut *member.cache.read().await?, conversation, member.device()).await?;
    if waiting.is_empty() {
        return Ok(());
    }
    let mut tx = member.cache.begin().await?;
    for outgoing in waiting {
        if !stands(&mut tx, &outgoing).await? {
            rename(member, &mut tx, outgoing.number).await?;
        }
    }
    tx.commit().await?;
    Ok(())
}

/// Whether an attempt stands in the log.
async fn stands(db: &mut Connection, outgoing: &Outgoing) -> Result<bool> {
    for attempt in &outgoing.attempts {
        if !cache::spine::places_of(db, outgoing.conversation, *attempt).await?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn rename(member: &Member, db: &mut Connection, number: i64) -> Result<()> {
    let row = cache::log::by_number(db, number).await?.ok_or_else(|| damaged("message"))?;
    cache::outbox::take_over(db, number, member.device()).await?;
    let row = Row { device: member.device(), ..row };
    if member.projections.judge(member, db, &row, &content_of(&row.content)).await?.is_some() {
        cache::outbox::set_refused(db, number, true).await?;
        let problem = "It was begun by the device that this computer was before.";
        cache::messages::set_state(db, number, State::Refused, Some(problem)).await?;
    }
    Ok(())
}
