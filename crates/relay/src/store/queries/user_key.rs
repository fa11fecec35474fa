//! `user_encryption_keys`: the public keys that the roster names, and when each was in force.

use bezel_protocol::roster::{Device, User};
use bezel_protocol::{DeviceId, Hash, UserId, WorkspaceId};

use super::super::EngineUnit;
use crate::store::StoreError;

impl EngineUnit<'_> {
    /// The identity key in force; the one before ends.
    pub(super) async fn put_identity_key(&mut self, workspace: WorkspaceId, user: &User, now_ms: i64) -> Result<(), StoreError> {
        let (fingerprint, key) = (user.identity.fingerprint(), user.identity.as_spki_der());
        self.put_user_key(workspace, user.id, None, key, fingerprint, user.identity_since_ms).await?;
        sqlx::query(
            "UPDATE user_encryption_keys SET ended_at_ms = $3
             WHERE user_id = $1 AND kind = 'identity' AND fingerprint <> $2 AND ended_at_ms IS NULL",
        )
        .bind(user.id.as_bytes().as_slice())
        .bind(fingerprint.as_bytes().as_slice())
        .bind(now_ms)
        .execute(&mut *self.connection)
        .await?;
        Ok(())
    }

    /// A device's message key in force; the one before ends, and so does this one when the device was revoked.
    pub(super) async fn put_device_key(&mut self, workspace: WorkspaceId, device: &Device, now_ms: i64) -> Result<(), StoreError> {
        let Some(current) = device.current() else { return Ok(()) };
        let key = current.certificate().message_key;
        let fingerprint = Hash::of(key.as_bytes());
        self.put_user_key(workspace, device.user, Some(device.id), key.as_bytes(), fingerprint, device.added_at_ms).await?;
        sqlx::query(
            "UPDATE user_encryption_keys SET ended_at_ms = CASE WHEN fingerprint = $2 THEN $3 ELSE $4 END
             WHERE device_id = $1 AND ended_at_ms IS NULL",
        )
        .bind(device.id.as_bytes().as_slice())
        .bind(fingerprint.as_bytes().as_slice())
        .bind(device.revoked_at_ms)
        .bind(now_ms)
        .execute(&mut *self.connection)
        .await?;
        Ok(())
    }

    async fn put_user_key(
        &mut self,
        workspace: WorkspaceId,
        user: UserId,
        device: Option<DeviceId>,
        public_key: &[u8],
        fingerprint: Hash,
        created_at_ms: i64,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO user_encryption_keys (workspace_id, user_id, device_id, kind, public_key, fingerprint, created_at_ms)
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (public_key) DO NOTHING",
        )
        .bind(workspace.as_bytes().as_slice())
        .bind(user.as_bytes().as_slice())
        .bind(device.as_ref().map(|device| device.as_bytes().as_slice()))
        .bind(if device.is_some() { "device" } else { "identity" })
        .bind(public_key)
        .bind(fingerprint.as_bytes().as_slice())
        .bind(created_at_ms)
        .execute(&mut *self.connection)
        .await?;
        Ok(())
    }
}
