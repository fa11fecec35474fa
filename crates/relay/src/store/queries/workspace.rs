//! Workspaces, their rosters, and the keys that the rosters name.

use bezel_protocol::roster::Roster;
use bezel_protocol::{DeviceId, UserId, WorkspaceId};
use sqlx::Row as _;

use super::super::Unit;
use super::{id, signed};
use crate::store::StoreError;

impl Unit<'_> {
    /// Every workspace.
    pub async fn workspaces(&mut self) -> Result<Vec<WorkspaceId>, StoreError> {
        self.relay()?;
        let rows = sqlx::query("SELECT workspace_id FROM workspaces ORDER BY created_at_ms").fetch_all(&mut *self.connection).await?;
        rows.iter().map(|row| id(row, "workspace_id", WorkspaceId::from_slice)).collect()
    }

    /// A new workspace.
    pub async fn insert_workspace(&mut self, workspace: WorkspaceId, now_ms: i64) -> Result<(), StoreError> {
        self.relay()?;
        sqlx::query("INSERT INTO workspaces (workspace_id, created_at_ms) VALUES ($1, $2)")
            .bind(workspace.as_bytes().as_slice())
            .bind(now_ms)
            .execute(&mut *self.connection)
            .await?;
        Ok(())
    }

    /// All statements of a workspace, in order.
    pub async fn statements(&mut self, workspace: WorkspaceId) -> Result<Vec<Vec<u8>>, StoreError> {
        self.statements_after(workspace, None).await
    }

    /// The statements after a given one, in order.
    pub async fn statements_after(&mut self, workspace: WorkspaceId, after: Option<u64>) -> Result<Vec<Vec<u8>>, StoreError> {
        let rows = sqlx::query("SELECT statement FROM roster_statements WHERE workspace_id = $1 AND sequence > $2 ORDER BY sequence")
            .bind(workspace.as_bytes().as_slice())
            .bind(after.map_or(-1, signed))
            .fetch_all(&mut *self.connection)
            .await?;
        Ok(rows.iter().map(|row| row.try_get("statement")).collect::<Result<_, _>>()?)
    }

    /// Appends a statement that was checked.
    pub async fn append_statement(&mut self, workspace: WorkspaceId, sequence: u64, statement: &[u8]) -> Result<(), StoreError> {
        self.relay()?;
        sqlx::query("INSERT INTO roster_statements (workspace_id, sequence, statement) VALUES ($1, $2, $3)")
            .bind(workspace.as_bytes().as_slice())
            .bind(signed(sequence))
            .bind(statement)
            .execute(&mut *self.connection)
            .await?;
        Ok(())
    }

    /// Brings `user_encryption_keys` in step with the roster.
    pub async fn put_user_keys(&mut self, roster: &Roster, now_ms: i64) -> Result<(), StoreError> {
        self.relay()?;
        for user in roster.users() {
            let fingerprint = user.identity.fingerprint();
            self.put_user_key(
                roster.workspace(),
                user.id,
                None,
                user.identity.as_spki_der(),
                fingerprint.as_bytes(),
                user.identity_since_ms,
            )
            .await?;
            sqlx::query(
                "UPDATE user_encryption_keys SET ended_at_ms = $3
                 WHERE user_id = $1 AND kind = 'identity' AND fingerprint <> $2 AND ended_at_ms IS NULL",
            )
            .bind(user.id.as_bytes().as_slice())
            .bind(fingerprint.as_bytes().as_slice())
            .bind(now_ms)
            .execute(&mut *self.connection)
            .await?;
            for device in roster.devices_of(user.id) {
                let Some(current) = device.current() else { continue };
                let key = current.certificate().message_key;
                let fingerprint = bezel_protocol::Hash::of(key.as_bytes());
                self.put_user_key(roster.workspace(), user.id, Some(device.id), key.as_bytes(), fingerprint.as_bytes(), device.added_at_ms)
                    .await?;
                sqlx::query(
                    "UPDATE user_encryption_keys SET ended_at_ms = $2 WHERE device_id = $1 AND ended_at_ms IS NULL AND $2 IS NOT NULL",
                )
                .bind(device.id.as_bytes().as_slice())
                .bind(device.revoked_at_ms)
                .execute(&mut *self.connection)
                .await?;
            }
        }
        Ok(())
    }

    async fn put_user_key(
        &mut self,
        workspace: WorkspaceId,
        user: UserId,
        device: Option<DeviceId>,
        public_key: &[u8],
        fingerprint: &[u8],
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
        .bind(fingerprint)
        .bind(created_at_ms)
        .execute(&mut *self.connection)
        .await?;
        Ok(())
    }
}
