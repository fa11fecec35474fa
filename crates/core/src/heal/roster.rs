//! Brings back the statements of the roster that the relay lost.

use bezel_protocol::envelope::RosterHead;
use bezel_protocol::wire::{Bytes, OfferedStatements, RosterAppended, code, path};

use crate::cache;
use crate::error::Result;
use crate::member::Member;
use crate::relay::RelayError;

/// So many statements are offered at once.
const MAX_STATEMENTS: usize = 64;

/// Offers the statements behind a head of the relay that is one of those known here. Returns the relay's head then.
///
/// # Errors
/// When the relay can't be reached, or takes nothing back any more.
pub(crate) async fn roster(member: &Member, mut head: RosterHead) -> Result<RosterHead> {
    let roster = member.roster();
    while head.sequence < roster.head().sequence && roster.hash_at(head.sequence) == Some(head.hash) {
        let appended = offer(member, head.sequence + 1).await?;
        if appended.sequence <= head.sequence {
            break;
        }
        head = appended;
    }
    Ok(head)
}

/// The same where the relay does not let this device in: it may have lost the statement that adds it. Returns whether it took something.
///
/// # Errors
/// When the relay can't be reached.
pub(crate) async fn roster_from_outside(member: &Member) -> Result<bool> {
    let newest = member.roster().head().sequence;
    let refusal = match offer(member, newest).await {
        Ok(_) => return Ok(true),
        Err(RelayError::Refused(refusal)) => refusal,
        Err(error) => return Err(error.into()),
    };
    // It names the newest that it has.
    let known = refusal.current.filter(|current| refusal.code == code::STALE_ROSTER && *current < newest);
    let Some(head) = known.and_then(|sequence| Some(RosterHead { sequence, hash: member.roster().hash_at(sequence)? })) else {
        return Ok(false);
    };
    Ok(roster(member, head).await?.sequence > head.sequence)
}

async fn offer(member: &Member, first: u64) -> core::result::Result<RosterHead, RelayError> {
    let statements = cache::roster::from(&mut *member.cache.read().await?, first).await?;
    let statements = statements.into_iter().take(MAX_STATEMENTS).map(Bytes).collect();
    let body = OfferedStatements { workspace: member.profile().workspace, statements };
    Ok(member.client.post_openly::<RosterAppended>(path::ROSTER_OFFERS, &body).await?.head)
}
