//! Keys that have encrypted many messages.

use crate::cache;
use crate::cache::conversations::Conversation;
use crate::error::Result;
use crate::member::Member;

/// So often another device has its turn, should one not change the keys.
const TURNS: u32 = 16;

/// Whether the keys of a conversation have encrypted so many messages that they change, and it is this device's turn to change them: the
/// last of those messages is its own. Should that device do nothing, it is the turn of another when as many more have come.
pub(super) async fn are_used_up(member: &Member, conversation: &Conversation) -> Result<bool> {
    let most = member.environment.messages_an_epoch.max(1);
    let mut db = member.cache.read().await?;
    let Some(epoch) = cache::epochs::get(&mut db, conversation.id, conversation.epoch).await? else { return Ok(false) };
    let longest = conversation.last.sequence.saturating_sub(epoch.began_at) / u64::from(most);
    for turn in 1..=TURNS.min(u32::try_from(longest).unwrap_or(u32::MAX)) {
        match cache::log::nth_author(&mut db, conversation.id, epoch.began_at, turn.saturating_mul(most)).await? {
            Some(device) if device == member.device() => return Ok(true),
            Some(_) => {}
            None => return Ok(false),
        }
    }
    Ok(false)
}
