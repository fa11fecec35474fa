//! What a user's devices keep for each other, wrapped. Nobody else's exists for the caller.

use async_trait::async_trait;
use bezel_protocol::ConversationId;
use bezel_protocol::wire::{Bytes, WrappedEpochKey};
use sqlx::Row as _;

use super::super::EngineUnit;
use super::{id, signed, unsigned};
use crate::store::{Backups, StoreError};

#[async_trait]
impl Backups for EngineUnit<'_> {
    async fn put_epoch_keys(&mut self, keys: &[WrappedEpochKey]) -> Result<(), StoreError> {
        let (_, user, _) = self.device()?;
        for key in keys {
            sqlx::query(
                "INSERT INTO user_conversation_keys (user_id, conversation_id, epoch, wrapped_key) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (user_id, conversation_id, epoch) DO NOTHING",
            )
            .bind(user.as_bytes().as_slice())
            .bind(key.conversation.as_bytes().as_slice())
            .bind(signed(key.epoch))
            .bind(key.wrapped.as_ref())
            .execute(&mut *self.connection)
            .await?;
        }
        Ok(())
    }

    async fn epoch_keys(&mut self) -> Result<Vec<WrappedEpochKey>, StoreError> {
        let (_, user, _) = self.device()?;
        let rows = sqlx::query(
            "SELECT conversation_id, epoch, wrapped_key FROM user_conversation_keys WHERE user_id = $1 ORDER BY conversation_id, epoch",
        )
        .bind(user.as_bytes().as_slice())
        .fetch_all(&mut *self.connection)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(WrappedEpochKey {
                    conversation: id(row, "conversation_id", ConversationId::from_slice)?,
                    epoch: unsigned(row, "epoch")?,
                    wrapped: Bytes(row.try_get("wrapped_key")?),
                })
            })
            .collect()
    }

    async fn put_vault(&mut self, vault: &[u8]) -> Result<(), StoreError> {
        let (_, user, _) = self.device()?;
        sqlx::query("INSERT INTO vaults (user_id, vault) VALUES ($1, $2) ON CONFLICT (user_id) DO UPDATE SET vault = excluded.vault")
            .bind(user.as_bytes().as_slice())
            .bind(vault)
            .execute(&mut *self.connection)
            .await?;
        Ok(())
    }

    async fn vault(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        let (_, user, _) = self.device()?;
        let row = sqlx::query("SELECT vault FROM vaults WHERE user_id = $1")
            .bind(user.as_bytes().as_slice())
            .fetch_optional(&mut *self.connection)
            .await?;
        Ok(row.map(|row| row.try_get("vault")).transpose()?)
    }
}
