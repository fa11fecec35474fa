//! The end of a call, in the history and in the conversation.

use bezel_protocol::content::{CallEnd, CallOutcome, Content};
use bezel_protocol::{CallId, ConversationId};

use super::presence;
use super::quality::Quality;
use crate::cache;
use crate::change::Change;
use crate::error::Result;
use crate::log;
use crate::member::Member;

/// Keeps how a call went for this device.
///
/// # Errors
/// When the local database fails.
pub(super) async fn note(
    member: &Member,
    call: CallId,
    outcome: CallOutcome,
    seconds: Option<u32>,
    quality: Option<Quality>,
) -> Result<()> {
    let quality = quality.and_then(|quality| serde_json::to_string(&quality).ok());
    let mut tx = member.cache.begin().await?;
    cache::calls::set_ended(&mut tx, call, outcome, seconds, quality.as_deref()).await?;
    tx.commit().await?;
    member.changed([Change::Calls]);
    Ok(())
}

/// Tells the conversation that a call which this device began is over. Offline, it waits.
///
/// # Errors
/// When the local database fails.
pub(super) async fn say(member: &Member, conversation: ConversationId, call: CallId, outcome: CallOutcome, seconds: u32) -> Result<()> {
    log::queue(member, conversation, &Content::CallEnd(CallEnd { call, outcome, seconds })).await?;
    member.wake();
    Ok(())
}

/// Calls of this device that a crash left open: they are over, unless others are still in them.
///
/// # Errors
/// When the local database fails.
pub(super) async fn settle(member: &Member) -> Result<()> {
    let open = cache::calls::open(&mut *member.cache.read().await?).await?;
    for call in open {
        let is_own = call.device == member.device();
        // A link that nobody has used yet waits.
        let waits = call.has_open_link(member.now_ms()) && call.joined_at_ms.is_none();
        if waits || (!is_own && call.joined_at_ms.is_none()) || presence::goes_on(member, call.id).await {
            continue;
        }
        let outcome = match call.seconds {
            Some(_) => CallOutcome::Completed,
            None if call.joined_at_ms.is_none() => CallOutcome::Missed,
            None => CallOutcome::Failed,
        };
        note(member, call.id, outcome, call.seconds, None).await?;
        if is_own {
            say(member, call.conversation, call.id, outcome, call.seconds.unwrap_or(0)).await?;
        }
    }
    Ok(())
}
