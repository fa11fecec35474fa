//! Envelopes.

use async_trait::async_trait;
use bezel_protocol::ConversationId;
use bezel_protocol::envelope::EnvelopeHeader;
use bezel_protocol::wire::StoredMessage;

use crate::store::StoreError;

/// Envelopes of conversations that the caller's device is in. Every method is for devices; others get [`StoreError::WrongCaller`].
#[async_trait]
pub trait Messages {
    /// Envelopes of a stretch, both ends included, that came after the caller's device; the newest first: at most `limit` of them, and no more
    /// than `max_bytes` of envelopes but for the first.
    async fn messages(
        &mut self,
        conversation: ConversationId,
        stretch: (u64, u64),
        limit: u32,
        max_bytes: usize,
    ) -> Result<Vec<StoredMessage>, StoreError>;

    /// The places of envelopes of such a stretch of which only the hash is there, the newest first.
    async fn lost_messages(&mut self, conversation: ConversationId, stretch: (u64, u64), limit: u32) -> Result<Vec<u64>, StoreError>;

    /// Keeps the newest receipt of the caller's device; one with a lower counter than the one that is there changes nothing.
    async fn put_receipt(&mut self, header: &EnvelopeHeader, envelope: &[u8], now_ms: i64) -> Result<(), StoreError>;

    /// The newest receipt of each device that is in the conversation; their sequence is 0.
    async fn receipts(&mut self, conversation: ConversationId) -> Result<Vec<StoredMessage>, StoreError>;
}
