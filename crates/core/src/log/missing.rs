//! Whether a message shows that its sender's message before it was left out. Of messages that were sent together none names the place of
//! another, so only their own chain tells.

use bezel_protocol::envelope::EnvelopeHeader;

use super::judge::{Alarm, Found};
use crate::cache::{self, Connection};
use crate::error::{Error, Result};

/// The place of the entry by which a conversation begins: who came in by it has everything that was said.
const BEGIN: u64 = 1;

/// The alarm that a message gives reason for, whose sender's message before it is neither here nor still to come.
pub(super) async fn missing(db: &mut Connection, found: &Found<'_>, header: &EnvelopeHeader) -> Result<Option<Alarm>> {
    let (conversation, device) = (found.conversation.id, header.device);
    let Some(before) = header.counter.checked_sub(1) else { return Ok(None) };
    if cache::log::by_counter(db, conversation, device, before).await?.is_some() {
        return Ok(None);
    }
    let since = cache::log::last_before(db, conversation, device, found.sequence).await?.unwrap_or(0);
    // What was said before this device came in is not for it.
    let came_in = found.conversation.first_sequence;
    let between = (since.max(came_in), found.sequence);
    if (came_in > BEGIN && since <= came_in)
        || cache::gaps::is_open_before(db, conversation, found.sequence).await?
        || cache::messages::is_unreadable_between(db, conversation, device, between).await?
        || cache::held::is_of_between(db, conversation, device, between).await?
    {
        return Ok(None);
    }
    let error = Error::unverifiable(
        "message_missing",
        "A message is missing: its sender signed that it came before another one, and the relay's log does not hold it.",
        "Ask that person what they wrote before: either the relay keeps it back, or that device says what is not so.",
    );
    Ok(Some(Alarm { error, accused: Some(device) }))
}
