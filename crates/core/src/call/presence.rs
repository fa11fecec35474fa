//! What the relay knows of a call: who is in it, and when.

use bezel_protocol::wire::{CallJoined, CallRecord, NewCall, Participant, code, path};
use bezel_protocol::{CallId, ConversationId};

use crate::error::{Error, Result};
use crate::member::Member;

/// This device is in the call.
///
/// # Errors
/// When the relay can't be reached, or the call is over.
pub(super) async fn join(member: &Member, call: CallId, conversation: ConversationId) -> Result<CallJoined> {
    member.client.post(path::CALLS, &NewCall { call, conversation }).await.map_err(|error| {
        if error.is(code::GONE) {
            return Error::refused("call_over", "This call is over.", "Begin a new one.");
        }
        error.into()
    })
}

/// This device is not in it any more.
pub(super) async fn leave(member: &Member, call: CallId) {
    if let Err(error) = member.client.delete(&path::of_call(path::CALL, call)).await {
        tracing::debug!(?error, "the relay was not told that a call was left");
    }
}

/// Whether a call goes on, as the relay says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Somebody else is in it; so many milliseconds ago it began.
    GoesOn { age_ms: i64 },
    /// Nobody else is.
    Over,
}

/// Whether somebody else is in the call now; none when the relay does not say.
pub(super) async fn standing(member: &Member, call: CallId) -> Option<Standing> {
    match member.client.get::<CallRecord>(&path::of_call(path::CALL, call)).await {
        Ok(record) => {
            let others = record
                .participants
                .iter()
                .filter(|participant| participant.left_at_ms.is_none())
                .filter(|participant| !matches!(participant.who, Participant::Member { device, .. } if device == member.device()));
            let goes_on = record.ended_at_ms.is_none() && others.count() > 0;
            Some(if goes_on { Standing::GoesOn { age_ms: record.now_ms.saturating_sub(record.started_at_ms) } } else { Standing::Over })
        }
        Err(error) if error.is(code::NOT_FOUND) => Some(Standing::Over),
        Err(_) => None,
    }
}

/// Whether somebody else is in the call now, as far as is known.
pub(super) async fn goes_on(member: &Member, call: CallId) -> bool {
    matches!(standing(member, call).await, Some(Standing::GoesOn { .. }))
}
