//! Takes back what waits to be sent.

use bezel_protocol::ConversationId;
use bezel_protocol::content::MessageRef;

use crate::cache;
use crate::change::Change;
use crate::error::{Error, Result};
use crate::member::Member;

/// Takes back a message that waits or was refused.
///
/// # Errors
/// When it is not in the outbox, or may have arrived already.
pub(crate) async fn withdraw(member: &Member, conversation: ConversationId, name: MessageRef) -> Result<()> {
    let _work = member.work.lock().await;
    let mut tx = member.cache.begin().await?;
    let row = cache::log::get(&mut tx, conversation, name).await?.ok_or_else(not_waiting)?;
    let outgoing = cache::outbox::get(&mut tx, row.number).await?.ok_or_else(not_waiting)?;
    if !outgoing.attempts.is_empty() && !cache::outbox::is_refused(&mut tx, row.number).await? {
        return Err(Error::new(
            "may_have_arrived",
            "The message is on its way and may have arrived.",
            "Wait for the connection to come back.",
        ));
    }
    cache::messages::delete(&mut tx, row.number).await?;
    cache::log::delete(&mut tx, row.number).await?;
    tx.commit().await?;
    member.changed([Change::Messages(conversation), Change::Conversations, Change::Connection]);
    Ok(())
}

pub(crate) fn not_waiting() -> Error {
    Error::new("not_waiting", "This message does not wait to be sent.", "Look at the conversation: it may have been sent already.")
}
