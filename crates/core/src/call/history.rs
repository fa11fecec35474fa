//! Calls that were.

use bezel_protocol::ConversationId;
use bezel_protocol::content::CallOutcome;
use bezel_protocol::roster::Roster;
use serde::Serialize;
use ts_rs::TS;

use super::quality::Quality;
use super::view::{CallOutcomeName, MediaName};
use crate::cache::{self, calls::Call};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::member::Member;

/// The most calls that are listed at once.
const MAX_PAGE: u32 = 200;

/// A call as the history shows it.
#[derive(Debug, Clone, Serialize, TS)]
pub struct CallSummary {
    /// The call.
    pub call: String,
    /// The conversation.
    pub conversation: String,
    /// Handle of who called.
    pub from: String,
    /// Whether this member called.
    pub mine: bool,
    /// What it was to carry.
    pub media: MediaName,
    /// When it began.
    pub started_at: Timestamp,
    /// Whether this device was in it.
    pub is_joined: bool,
    /// Whether a client was invited by a link.
    pub has_guest: bool,
    /// What came of it; none as long as it goes on, for all that is known.
    pub outcome: Option<CallOutcomeName>,
    /// For how long there was a connection, in seconds.
    pub seconds: Option<u32>,
    /// How it was.
    pub quality: Option<Quality>,
}

/// A call as the history shows it.
pub(crate) fn summary(member: &Member, roster: &Roster, call: Call) -> CallSummary {
    let mine = call.user == member.user();
    // Nobody came here: whatever it was for others, for this member it was missed.
    let outcome = call.outcome.map(|outcome| match outcome {
        CallOutcome::Cancelled | CallOutcome::Busy if !mine && call.joined_at_ms.is_none() => CallOutcome::Missed,
        outcome => outcome,
    });
    CallSummary {
        call: call.id.to_string(),
        conversation: call.conversation.to_string(),
        from: roster.user(call.user).map_or_else(|| "?".into(), |user| user.handle.to_string()),
        mine,
        media: call.media.into(),
        started_at: Timestamp::from_ms(call.started_at_ms),
        is_joined: call.joined_at_ms.is_some(),
        has_guest: !call.links.is_empty(),
        outcome: outcome.map(CallOutcomeName::from),
        seconds: call.seconds,
        quality: call.quality.as_deref().and_then(|json| serde_json::from_str(json).ok()),
    }
}

/// Up to `limit` calls that began before `before_ms` (milliseconds since the epoch; none: now), the newest first, of one conversation or
/// of all.
///
/// # Errors
/// When the local database fails.
pub async fn history(
    member: &Member,
    conversation: Option<ConversationId>,
    before_ms: Option<i64>,
    limit: u32,
) -> Result<Vec<CallSummary>> {
    let mut db = member.cache.read().await?;
    let before_ms = before_ms.unwrap_or(i64::MAX);
    let page = cache::calls::page(&mut db, conversation, before_ms, limit.clamp(1, MAX_PAGE)).await?;
    let roster = member.roster();
    Ok(page.into_iter().map(|call| summary(member, &roster, call)).collect())
}
