//! What devices tell of stretches that the relay lost.

use async_trait::async_trait;
use bezel_protocol::wire::{Bytes, LostTold};
use bezel_protocol::{ConversationId, DeviceId};
use sqlx::Row as _;

use super::super::EngineUnit;
use super::{id, signed};
use crate::store::{LostBranches, StoreError};

/// The most devices that can report on one conversation.
const MAX_TOLD: u64 = 64;
/// How long a report is kept if nobody answers it.
const KEPT_MS: i64 = 30 * 24 * 60 * 60 * 1000;

#[async_trait]
impl LostBranches for EngineUnit<'_> {
    async fn tell_lost(&mut self, conversation: ConversationId, branch: &[u8], now_ms: i64) -> Result<bool, StoreError> {
        let (_, _, device) = self.device()?;
        sqlx::query("DELETE FROM lost_branches WHERE told_at_ms < $1")
            .bind(now_ms.saturating_sub(KEPT_MS))
            .execute(&mut *self.connection)
            .await?;
        let told = sqlx::query(
            "INSERT INTO lost_branches (conversation_id, device_id, branch, told_at_ms)
             SELECT $1, $2, $3, $4
             WHERE (SELECT count(*) FROM lost_branches WHERE conversation_id = $1 AND device_id <> $2) < $5
             ON CONFLICT (conversation_id, device_id) DO UPDATE SET branch = excluded.branch",
        )
        .bind(conversation.as_bytes().as_slice())
        .bind(device.as_bytes().as_slice())
        .bind(branch)
        .bind(now_ms)
        .bind(signed(MAX_TOLD))
        .execute(&mut *self.connection)
        .await?;
        Ok(told.rows_affected() == 1)
    }

    async fn told_lost(&mut self, conversation: ConversationId, after: Option<DeviceId>) -> Result<Option<LostTold>, StoreError> {
        let (_, user, _) = self.device()?;
        let row = sqlx::query(
            "SELECT l.device_id, l.branch FROM lost_branches l
             JOIN group_members m ON m.conversation_id = l.conversation_id AND m.user_id = $2
             WHERE l.conversation_id = $1 AND l.device_id > $3 ORDER BY l.device_id LIMIT 1",
        )
        .bind(conversation.as_bytes().as_slice())
        .bind(user.as_bytes().as_slice())
        .bind(after.as_ref().map_or(&[][..], |device| device.as_bytes().as_slice()))
        .fetch_optional(&mut *self.connection)
        .await?;
        row.map(|row| Ok(LostTold { device: id(&row, "device_id", DeviceId::from_slice)?, branch: Bytes(row.try_get("branch")?) }))
            .transpose()
    }

    async fn told_of(&mut self) -> Result<Vec<ConversationId>, StoreError> {
        let (_, _, device) = self.device()?;
        let rows = sqlx::query(
            "SELECT d.conversation_id FROM group_devices d
             WHERE d.device_id = $1 AND EXISTS (SELECT 1 FROM lost_branches l WHERE l.conversation_id = d.conversation_id)
             ORDER BY d.conversation_id",
        )
        .bind(device.as_bytes().as_slice())
        .fetch_all(&mut *self.connection)
        .await?;
        rows.iter().map(|row| id(row, "conversation_id", ConversationId::from_slice)).collect()
    }

    async fn forget_told(&mut self, conversation: ConversationId, device: DeviceId) -> Result<(), StoreError> {
        let (_, user, _) = self.device()?;
        sqlx::query(
            "DELETE FROM lost_branches WHERE conversation_id = $1 AND device_id = $2
             AND EXISTS (SELECT 1 FROM group_members WHERE conversation_id = $1 AND user_id = $3)",
        )
        .bind(conversation.as_bytes().as_slice())
        .bind(device.as_bytes().as_slice())
        .bind(user.as_bytes().as_slice())
        .execute(&mut *self.connection)
        .await?;
        Ok(())
    }
}
