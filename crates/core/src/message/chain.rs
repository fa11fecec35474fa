//! The chain of a sender's messages: each holds the hash of the one before, so that none is dropped, repeated or reordered unnoticed.

use bezel_protocol::envelope::EnvelopeHeader;
use bezel_protocol::{DeviceId, Hash};

use crate::cache::{self, Connection};
use crate::error::Result;

/// What does not fit, in words.
pub(super) type Problem = String;

/// Compares a message with its neighbours in the chain, as far as they are here.
pub(super) async fn check(db: &mut Connection, header: &EnvelopeHeader, hash: Hash) -> Result<Option<Problem>> {
    let at = |counter: u64| (header.conversation, header.device, counter);
    if let Some(same) = neighbour(db, at(header.counter)).await?
        && same.0 != header.message
    {
        return Ok(Some("It repeats or replaces another message of its sender.".into()));
    }
    if let Some(before) = header.counter.checked_sub(1)
        && let Some(before) = neighbour(db, at(before)).await?
        && before.1 != header.previous
    {
        return Ok(Some("It does not follow the sender's message before it.".into()));
    }
    if let Some(after) = neighbour(db, at(header.counter.saturating_add(1))).await?
        && after.2 != hash
    {
        return Ok(Some("The sender's next message does not follow it.".into()));
    }
    Ok(None)
}

/// Id, hash and previous hash of a message that was verified.
async fn neighbour(
    db: &mut Connection,
    (conversation, device, counter): (bezel_protocol::ConversationId, DeviceId, u64),
) -> Result<Option<(bezel_protocol::MessageId, Hash, Hash)>> {
    let found = cache::messages::of_chain(db, conversation, device, counter).await?;
    Ok(found.map(|message| (message.id, message.hash, message.previous)))
}
