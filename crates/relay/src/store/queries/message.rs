//! Envelopes: one gapless sequence a conversation.

use bezel_protocol::wire::{Bytes, MessageAccepted, StoredMessage};
use bezel_protocol::{ConversationId, DeviceId, Hash, MessageId};
use sqlx::Row as _;

use super::super::Unit;
use super::{hash, id, signed, unsigned};
use crate::store::StoreError;

impl Unit<'_> {
    /// The sender and the place of a message that is stored already.
    pub async fn message(
        &mut self,
        conversation: ConversationId,
        message: MessageId,
    ) -> Result<Option<(DeviceId, MessageAccepted)>, StoreError> {
        self.device()?;
        let row = sqlx::query(
            "SELECT device_id, sequence, stored_at_ms, sha256 FROM encrypted_message_metadata WHERE conversation_id = $1 AND message_id = $2",
        )
            .bind(conversation.as_bytes().as_slice())
            .bind(message.as_bytes().as_slice())
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

    /// Stores an envelope and gives it the next place.
    pub async fn insert_message(
        &mut self,
        conversation: ConversationId,
        message: MessageId,
        epoch: u64,
        envelope: &[u8],
        now_ms: i64,
    ) -> Result<MessageAccepted, StoreError> {
        let (_, _, device) = self.device()?;
        let row = sqlx::query(
            "UPDATE group_conversations SET last_sequence = last_sequence + 1 WHERE conversation_id = $1 RETURNING last_sequence",
        )
        .bind(conversation.as_bytes().as_slice())
        .fetch_one(&mut *self.connection)
        .await?;
        let sequence = unsigned(&row, "last_sequence")?;
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
        Ok(MessageAccepted { sequence, stored_at_ms: now_ms, sha256 })
    }

    /// Keeps the newest receipt of the caller's device.
    pub async fn put_receipt(&mut self, conversation: ConversationId, envelope: &[u8], now_ms: i64) -> Result<(), StoreError> {
        let (_, _, device) = self.device()?;
        sqlx::query(
            "INSERT INTO message_receipts (conversation_id, device_id, envelope, stored_at_ms) VALUES ($1, $2, $3, $4)
             ON CONFLICT (conversation_id, device_id) DO UPDATE SET envelope = excluded.envelope, stored_at_ms = excluded.stored_at_ms",
        )
        .bind(conversation.as_bytes().as_slice())
        .bind(device.as_bytes().as_slice())
        .bind(envelope)
        .bind(now_ms)
        .execute(&mut *self.connection)
        .await?;
        Ok(())
    }

    /// Envelopes of a stretch, both ends included, the newest first.
    pub async fn messages(
        &mut self,
        conversation: ConversationId,
        first: u64,
        last: u64,
        limit: u32,
    ) -> Result<Vec<StoredMessage>, StoreError> {
        self.device()?;
        let rows = sqlx::query(
            "SELECT m.sequence, m.stored_at_ms, e.envelope
             FROM encrypted_message_metadata m
             JOIN message_envelopes e ON e.conversation_id = m.conversation_id AND e.sequence = m.sequence
             WHERE m.conversation_id = $1 AND m.sequence BETWEEN $2 AND $3
             ORDER BY m.sequence DESC LIMIT $4",
        )
        .bind(conversation.as_bytes().as_slice())
        .bind(signed(first))
        .bind(signed(last))
        .bind(i64::from(limit))
        .fetch_all(&mut *self.connection)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(StoredMessage {
                    sequence: unsigned(row, "sequence")?,
                    stored_at_ms: row.try_get("stored_at_ms")?,
                    envelope: Bytes(row.try_get("envelope")?),
                })
            })
            .collect()
    }
}
