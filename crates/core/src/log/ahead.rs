//! Entries whose time, which is the relay's, lies ahead of this computer's clock.

use bezel_protocol::ConversationId;

use crate::alarm::Cause;
use crate::cache::{self, Connection};
use crate::error::{Error, Result};
use crate::member::Member;

/// So far ahead the time of an entry may be: two clocks differ.
const MAX_AHEAD_MS: i64 = 10 * 60_000;

/// The alarm that the times of entries of a conversation give reason for. Once there it is not raised again: a clock that is wrong would
/// bring it back with every entry.
///
/// # Errors
/// When the local database fails.
pub(crate) async fn dated_ahead(
    member: &Member,
    db: &mut Connection,
    conversation: ConversationId,
    newest_ms: Option<i64>,
) -> Result<Option<(Error, Cause)>> {
    let is_ahead = newest_ms.is_some_and(|ms| ms.saturating_sub(member.now_ms()) > MAX_AHEAD_MS);
    if !is_ahead || cache::alarms::is_there(db, CODE, conversation).await? {
        return Ok(None);
    }
    let error = Error::unverifiable(
        CODE,
        "The relay dates what it stores in a conversation more than ten minutes ahead of this computer's clock.",
        "Look at this computer's date and time, and set them if they are wrong. If they are right, tell whoever runs the relay: its clock \
         decides whose certificates are in force.",
    );
    Ok(Some((error, Cause::conversation(conversation))))
}

const CODE: &str = "log_dated_ahead";
