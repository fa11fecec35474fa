//! Envelopes: one gapless sequence a conversation.

use async_trait::async_trait;
use bezel_protocol::envelope::EnvelopeHeader;
use bezel_protocol::wire::{Bytes, MessageAccepted, StoredMessage};
use bezel_protocol::{ConversationId, DeviceId, Hash, MessageId};
use sqlx::Row as _;

use super::super::{EngineUnit, Row};
use super::{hash, id, signed, unsigned};
use crate::store::{Messages, StoreError};

#[async_trait]
impl Messages for EngineUnit<'_> {
    async fn message(
        &mut self,
        conversation: ConversationId,
        message: MessageId,
    ) -> Result<Option<(DeviceId, MessageAccepted)>, StoreError> {
        let (_, _, device) = self.device()?;
        let row = sqlx::query(
            "SELECT m.device_id, m.sequence, m.stored_at_ms, m.sha256
             FROM encrypted_message_metadata m
             JOIN group_devices d ON d.conversation_id = m.conversation_id AND d.device_id = $3
             WHERE m.conversation_id = $1 AND m.message_id = $2",
        )
        .bind(conversation.as_bytes().as_slice())
        .bind(message.as_bytes().as_slice())
        .bind(device.as_bytes().as_slice())
        .fetch_optional(&mut *self.connection)
        .await?;
        row.map(|row| {
            let accepted = MessageAccepted {
                sequence: unsigned(&row, "sequence")?,
                stored_at_ms: row.try_get("stored_at_ms")?,
                sha256: hash(&row, "sha256")?,
            };
            Ok((id(&row, "device_id", DeviceId::from_slice)?, accepted))
        })
        .transpose()
    }

    async fn insert_message(
        &mut self,
        conversation: ConversationId,
        message: MessageId,
        epoch: u64,
        envelope: &[u8],
        now_ms: i64,
    ) -> Result<Option<MessageAccepted>, StoreError> {
        let (_, _, device) = self.device()?;
        let Some(sequence) = self.next_sequence(conversation, epoch, device).await? else { return Ok(None) };
        let sha256 = Hash::of(envelope);
        sqlx::query(
            "INSERT INTO encrypted_message_metadata (conversation_id, sequence, message_id, device_id, epoch, sha256, size_bytes, stored_at_ms)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(conversation.as_bytes().as_slice())
        .bind(signed(sequence))
        .bind(message.as_bytes().as_slice())
        .bind(device.as_bytes().as_slice())
        .bind(signed(epoch))
        .bind(sha256.as_bytes().as_slice())
        .bind(signed(envelope.len() as u64))
        .bind(now_ms)
        .execute(&mut *self.connection)
        .await?;
        sqlx::query("INSERT INTO message_envelopes (conversation_id, sequence, envelope) VALUES ($1, $2, $3)")
            .bind(conversation.as_bytes().as_slice())
            .bind(signed(sequence))
            .bind(envelope)
            .execute(&mut *self.connection)
            .await?;
        Ok(Some(MessageAccepted { sequence, stored_at_ms: now_ms, sha256 }))
    }

    async fn messages(
        &mut self,
        conversation: ConversationId,
        first: u64,
        last: u64,
        limit: u32,
    ) -> Result<Vec<StoredMessage>, StoreError> {
        let (_, _, device) = self.device()?;
        let rows = sqlx::query(
            "SELECT m.sequence, m.stored_at_ms, e.envelope
             FROM encrypted_message_metadata m
             JOIN message_envelopes e ON e.conversation_id = m.conversation_id AND e.sequence = m.sequence
             JOIN group_devices d ON d.conversation_id = m.conversation_id AND d.device_id = $5
             WHERE m.conversation_id = $1 AND m.sequence BETWEEN $2 AND $3 AND m.sequence > d.joined_sequence
             ORDER BY m.sequence DESC LIMIT $4",
        )
        .bind(conversation.as_bytes().as_slice())
        .bind(signed(first))
        .bind(signed(last))
        .bind(i64::from(limit))
        .bind(device.as_bytes().as_slice())
        .fetch_all(&mut *self.connection)
        .await?;
        rows.iter().map(stored).collect()
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

impl EngineUnit<'_> {
    /// The next place in a conversation, if it is in this epoch and the device in it.
    async fn next_sequence(&mut self, conversation: ConversationId, epoch: u64, device: DeviceId) -> Result<Option<u64>, StoreError> {
        let row = sqlx::query(
            "UPDATE group_conversations SET last_sequence = last_sequence + 1
             WHERE conversation_id = $1 AND epoch = $2
               AND EXISTS (SELECT 1 FROM group_devices d WHERE d.conversation_id = $1 AND d.device_id = $3)
             RETURNING last_sequence",
        )
        .bind(conversation.as_bytes().as_slice())
        .bind(signed(epoch))
        .bind(device.as_bytes().as_slice())
        .fetch_optional(&mut *self.connection)
        .await?;
        row.map(|row| unsigned(&row, "last_sequence")).transpose()
    }
}

fn stored(row: &Row) -> Result<StoredMessage, StoreError> {
    Ok(StoredMessage {
        sequence: unsigned(row, "sequence")?,
        stored_at_ms: row.try_get("stored_at_ms")?,
        envelope: Bytes(row.try_get("envelope")?),
    })
}
