//! Tells the description again to a device that came back without it.

use bezel_crypto::group::{Applied, Group};
use bezel_protocol::content::Content;
use bezel_protocol::{ConversationId, DeviceId, Hash, Role};

use crate::cache::{self, Connection};
use crate::change::Change;
use crate::error::Result;
use crate::log;
use crate::member::Member;

/// If the first in turn is off line, the next one tells it so much later.
const TURN_MS: i64 = 2 * 60 * 1000;

/// Notes, with the commit by which a device came back, when it is this device's turn to tell it the description.
///
/// # Errors
/// When the local database fails, or the group's state is damaged.
pub(crate) async fn note_return(member: &Member, db: &mut Connection, group: &Group, applied: &Applied) -> Result<()> {
    if !applied.external || applied.own {
        return Ok(());
    }
    let roles = group.roles()?;
    let able: Vec<DeviceId> = group
        .devices()?
        .into_iter()
        .filter(|(user, device)| roles.get(*user).is_some_and(Role::administers) && *device != applied.committer.device())
        .map(|(_, device)| device)
        .collect();
    if let Some(turn) = turn(&able, member.device(), applied.epoch) {
        let at_ms = member.now_ms().saturating_add(turn.saturating_mul(TURN_MS));
        cache::conversations::set_describe_at(db, group.conversation(), Some(at_ms)).await?;
    }
    Ok(())
}

/// How many of those who may describe come before this device: the same order everywhere, another one in each epoch.
fn turn(able: &[DeviceId], own: DeviceId, epoch: u64) -> Option<i64> {
    let rank = |device: &DeviceId| Hash::of(&[device.as_bytes().as_slice(), &epoch.to_be_bytes()].concat());
    let before = able.iter().filter(|device| rank(device) < rank(&own)).count();
    able.contains(&own).then(|| i64::try_from(before).unwrap_or(i64::MAX))
}

/// Queues the descriptions whose turn has come. Once another device has told one, it is not told again.
///
/// # Errors
/// When the local database fails.
pub(crate) async fn describe_again(member: &Member) -> Result<()> {
    let waiting = cache::conversations::to_describe(&mut *member.cache.read().await?, member.now_ms()).await?;
    for (conversation, description) in waiting {
        let mut tx = member.cache.begin().await?;
        cache::conversations::set_describe_at(&mut tx, conversation, None).await?;
        if let Ok(content) = Content::decode(&description) {
            log::enqueue(member, &mut tx, conversation, &content).await?;
        }
        tx.commit().await?;
        member.changed([Change::Messages(conversation), Change::Connection]);
    }
    Ok(())
}

/// Queues the description for somebody who was added: in the new epoch, which they can read.
///
/// # Errors
/// When the local database fails.
pub(super) async fn describe(member: &Member, conversation: ConversationId) -> Result<()> {
    let description = cache::conversations::description(&mut *member.cache.read().await?, conversation).await?;
    if let Some(content) = description.and_then(|bytes| Content::decode(&bytes).ok()) {
        log::queue(member, conversation, &content).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_device_knows_the_same_order_and_each_has_a_turn_of_its_own() {
        let able: Vec<DeviceId> = (0..5).map(|number| DeviceId::from_bytes([number; 16])).collect();
        for epoch in 0..20 {
            let mut turns: Vec<i64> = able.iter().filter_map(|device| turn(&able, *device, epoch)).collect();
            turns.sort_unstable();
            assert_eq!(turns, [0, 1, 2, 3, 4], "epoch {epoch}");
        }
        assert_eq!(turn(&able, DeviceId::from_bytes([9; 16]), 1), None, "who may not describe has no turn");
    }
}
