//! Gives the relay group info of the newest epoch, where it has none: by it devices come back in.

use bezel_protocol::ConversationId;
use bezel_protocol::wire::{Bytes, NewGroupInfo, path};

use super::{judge, load};
use crate::error::Result;
use crate::member::Member;
use crate::relay::RelayError;

/// Publishes group info that this device signs. What the relay refuses somebody else does.
///
/// # Errors
/// When the relay can't be reached.
pub(crate) async fn publish_info(member: &Member, conversation: ConversationId) -> Result<()> {
    let group = load(&mut *member.cache.read().await?, conversation, judge(member)).await?;
    let body = NewGroupInfo { epoch: group.epoch(), group_info: Bytes(group.group_info()?) };
    match member.client.put(path::of(path::GROUP, conversation).as_str(), &body).await {
        Err(RelayError::Refused(refusal)) => tracing::info!(code = refusal.code, "the relay did not take group info"),
        answer => answer?,
    }
    Ok(())
}
