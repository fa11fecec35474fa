//! Envelopes: one gapless sequence a conversation.

use async_trait::async_trait;
use bezel_protocol::envelope::EnvelopeHeader;
use bezel_protocol::wire::{MessageAccepted, StoredMessage};
use bezel_protocol::{ConversationId, DeviceId, MessageId};

use crate::store::StoreError;

/// Envelopes of conversations that the caller's device is in. Every method is for devices; others get [`StoreError::WrongCaller`].
#[async_trait]
pub trait Messages {
    /// The sender and the place of a message that is stored already.
    async fn message(
        &mut self,
        conversation: ConversationId,
        message: MessageId,
    ) -> Result<Option<(DeviceId, MessageAccepted)>, StoreError>;

    /// Stores an envelope and gives it the next place. `None` when the conversation is not in that epoch, or not the caller's.
    ///
    /// # Errors
    /// Also when the message id has a place already.
    async fn insert_message(
        &mut self,
        conversation: ConversationId,
        message: MessageId,
        epoch: u64,
        envelope: &[u8],
        now_ms: i64,
    ) -> Result<Option<MessageAccepted>, StoreError>;

    /// Envelopes of a stretch, both ends included, that came after the caller's device; the newest first, at most `limit`.
    async fn messages(&mut self, conversation: ConversationId, first: u64, last: u64, limit: u32)
    -> Result<Vec<StoredMessage>, StoreError>;

    /// Keeps the newest receipt of the caller's device; one with a lower counter than the one that is there changes nothing.
    async fn put_receipt(&mut self, header: &EnvelopeHeader, envelope: &[u8], now_ms: i64) -> Result<(), StoreError>;

    /// The newest receipt of each device that is in the conversation; their sequence is 0.
    async fn receipts(&mut self, conversation: ConversationId) -> Result<Vec<StoredMessage>, StoreError>;
}
