//! What devices tell of stretches that the relay lost, and that did not come back.

use async_trait::async_trait;
use bezel_protocol::wire::LostTold;
use bezel_protocol::{ConversationId, DeviceId};

use crate::store::StoreError;

/// What was lost, as members tell it.
#[async_trait]
pub trait LostBranches {
    /// Keeps what the caller's device tells of a conversation, in place of what it told before. `false` where so many others did already.
    async fn tell_lost(&mut self, conversation: ConversationId, branch: &[u8], now_ms: i64) -> Result<bool, StoreError>;

    /// The first by device of what was told of a conversation of the caller, or the next one behind a device.
    async fn told_lost(&mut self, conversation: ConversationId, after: Option<DeviceId>) -> Result<Option<LostTold>, StoreError>;

    /// The caller's conversations of which something was told.
    async fn told_of(&mut self) -> Result<Vec<ConversationId>, StoreError>;

    /// Forgets what a device told of a conversation of the caller.
    async fn forget_told(&mut self, conversation: ConversationId, device: DeviceId) -> Result<(), StoreError>;
}
