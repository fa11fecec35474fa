//! Envelopes that have their places, and receipts.

use async_trait::async_trait;
use bezel_protocol::ConversationId;
use bezel_protocol::envelope::EnvelopeHeader;
use bezel_protocol::log::EntryKind;
use bezel_protocol::wire::{Bytes, StoredMessage};
use sqlx::Row as _;

use super::super::{EngineUnit, Row};
use super::{page_of, signed, unsigned};
use crate::store::{Messages, StoreError};

#[async_trait]
impl Messages for EngineUnit<'_> {
    async fn messages(
        &mut self,
        conversation: ConversationId,
        (first, last): (u64, u64),
        limit: u32,
        max_bytes: usize,
    ) -> Result<Vec<StoredMessage>, StoreError> {
        let (_, user, _) = self.device()?;
        let rows = sqlx::query(
            "SELECT l.sequence, l.stored_at_ms, e.envelope
             FROM message_envelopes e
             JOIN conversation_log l ON l.conversation_id = e.conversation_id AND l.sequence = e.sequence
             JOIN group_members    m ON m.conversation_id = e.conversation_id AND m.user_id = $5
             WHERE e.conversation_id = $1 AND e.sequence BETWEEN $2 AND $3 AND e.sequence > m.joined_sequence
             ORDER BY e.sequence DESC LIMIT $4",
        )
        .bind(conversation.as_bytes().as_slice())
        .bind(signed(first))
        .bind(signed(last))
        .bind(i64::from(limit))
        .bind(user.as_bytes().as_slice())
        .fetch(&mut *self.connection);
        page_of(rows, max_bytes, stored, |message| message.envelope.0.len()).await
    }

    async fn lost_messages(&mut self, conversation: ConversationId, (first, last): (u64, u64), limit: u32) -> Result<Vec<u64>, StoreError> {
        let (_, user, _) = self.device()?;
        let rows = sqlx::query(
            "SELECT l.sequence
             FROM conversation_log l
             JOIN group_members m ON m.conversation_id = l.conversation_id AND m.user_id = $4
             WHERE l.conversation_id = $1 AND l.sequence BETWEEN $2 AND $3 AND l.sequence > m.joined_sequence AND l.kind = $6
               AND NOT EXISTS (
                   SELECT 1 FROM message_envelopes e WHERE e.conversation_id = l.conversation_id AND e.sequence = l.sequence)
             ORDER BY l.sequence DESC LIMIT $5",
        )
        .bind(conversation.as_bytes().as_slice())
        .bind(signed(first))
        .bind(signed(last))
        .bind(user.as_bytes().as_slice())
        .bind(i64::from(limit))
        .bind(i64::from(u8::from(EntryKind::Envelope)))
        .fetch_all(&mut *self.connection)
        .await?;
        rows.iter().map(|row| unsigned(row, "sequence")).collect()
    }

    async fn put_receipt(&mut self, header: &EnvelopeHeader, envelope: &[u8], now_ms: i64) -> Result<(), StoreError> {
        let (_, _, device) = self.device()?;
        sqlx::query(
            "INSERT INTO message_receipts (conversation_id, device_id, counter, envelope, stored_at_ms)
             SELECT d.conversation_id, d.device_id, $3, $4, $5
             FROM group_devices d WHERE d.conversation_id = $1 AND d.device_id = $2
             ON CONFLICT (conversation_id, device_id) DO UPDATE SET
                 counter = excluded.counter, envelope = excluded.envelope, stored_at_ms = excluded.stored_at_ms
             WHERE excluded.counter >= message_receipts.counter",
        )
        .bind(header.conversation.as_bytes().as_slice())
        .bind(device.as_bytes().as_slice())
        .bind(signed(header.counter))
        .bind(envelope)
        .bind(now_ms)
        .execute(&mut *self.connection)
        .await?;
        Ok(())
    }

    async fn receipts(&mut self, conversation: ConversationId) -> Result<Vec<StoredMessage>, StoreError> {
        let (_, _, device) = self.device()?;
        let rows = sqlx::query(
            "SELECT 0 AS sequence, r.stored_at_ms, r.envelope
             FROM message_receipts r
             JOIN group_devices s ON s.conversation_id = r.conversation_id AND s.device_id = r.device_id
             JOIN group_devices d ON d.conversation_id = r.conversation_id AND d.device_id = $2
             WHERE r.conversation_id = $1 ORDER BY r.stored_at_ms DESC, r.device_id",
        )
        .bind(conversation.as_bytes().as_slice())
        .bind(device.as_bytes().as_slice())
        .fetch_all(&mut *self.connection)
        .await?;
        rows.iter().map(stored).collect()
    }
}

fn stored(row: &Row) -> Result<StoredMessage, StoreError> {
    Ok(StoredMessage {
        sequence: unsigned(row, "sequence")?,
        stored_at_ms: row.try_get("stored_at_ms")?,
        envelope: Bytes(row.try_get("envelope")?),
    })
}
