//! What a user's devices keep for each other, wrapped. Nobody else's exists for the caller.

use async_trait::async_trait;
use bezel_protocol::wire::{Bytes, StoredVault, WrappedEpochKey};
use bezel_protocol::{ConversationId, DeviceId};
use sqlx::Row as _;

use super::super::EngineUnit;
use super::{id, signed, unsigned};
use crate::store::{Backups, StoreError};

/// So many versions of a vault are kept: one that came out damaged can be gone back behind by hand.
const VAULT_VERSIONS: i64 = 3;

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

    async fn put_vault(&mut self, vault: &StoredVault) -> Result<(), StoreError> {
        let (_, user, _) = self.device()?;
        sqlx::query("INSERT INTO vaults (user_id, version, vault, device_id, signature) VALUES ($1, $2, $3, $4, $5)")
            .bind(user.as_bytes().as_slice())
            .bind(signed(vault.version))
            .bind(vault.vault.as_ref())
            .bind(vault.device.as_bytes().as_slice())
            .bind(vault.signature.as_ref())
            .execute(&mut *self.connection)
            .await?;
        sqlx::query(
            "DELETE FROM vaults WHERE user_id = $1
             AND version NOT IN (SELECT version FROM vaults WHERE user_id = $1 ORDER BY version DESC LIMIT $2)",
        )
        .bind(user.as_bytes().as_slice())
        .bind(VAULT_VERSIONS)
        .execute(&mut *self.connection)
        .await?;
        Ok(())
    }

    async fn vault(&mut self) -> Result<Option<StoredVault>, StoreError> {
        let (_, user, _) = self.device()?;
        let row = sqlx::query("SELECT version, vault, device_id, signature FROM vaults WHERE user_id = $1 ORDER BY version DESC LIMIT 1")
            .bind(user.as_bytes().as_slice())
            .fetch_optional(&mut *self.connection)
            .await?;
        row.map(|row| {
            Ok(StoredVault {
                version: unsigned(&row, "version")?,
                vault: Bytes(row.try_get("vault")?),
                device: id(&row, "device_id", DeviceId::from_slice)?,
                signature: Bytes(row.try_get("signature")?),
            })
        })
        .transpose()
    }
}
