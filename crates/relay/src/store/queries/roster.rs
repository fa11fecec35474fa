//! Workspaces, their rosters, and what follows from them.

use async_trait::async_trait;
use bezel_protocol::roster::{Roster, Status, User};
use bezel_protocol::{DeviceId, Role, UserId, WorkspaceId};
use sqlx::Row as _;

use super::super::EngineUnit;
use super::{id, page_of, signed, unsigned};
use crate::store::{Caller, CheckedStatement, Rosters, StoreError};

#[async_trait]
impl Rosters for EngineUnit<'_> {
    async fn workspaces(&mut self) -> Result<Vec<WorkspaceId>, StoreError> {
        self.relay()?;
        let rows = sqlx::query("SELECT workspace_id FROM workspaces ORDER BY created_at_ms").fetch_all(&mut *self.connection).await?;
        rows.iter().map(|row| id(row, "workspace_id", WorkspaceId::from_slice)).collect()
    }

    async fn insert_workspace(&mut self, workspace: WorkspaceId, now_ms: i64) -> Result<(), StoreError> {
        self.relay()?;
        sqlx::query("INSERT INTO workspaces (workspace_id, created_at_ms) VALUES ($1, $2)")
            .bind(workspace.as_bytes().as_slice())
            .bind(now_ms)
            .execute(&mut *self.connection)
            .await?;
        Ok(())
    }

    async fn statements(&mut self, workspace: WorkspaceId, after: Option<u64>, max_bytes: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        if self.workspace().is_some_and(|own| own != workspace) {
            return Ok(Vec::new());
        }
        let rows = sqlx::query("SELECT statement FROM roster_statements WHERE workspace_id = $1 AND sequence > $2 ORDER BY sequence")
            .bind(workspace.as_bytes().as_slice())
            .bind(after.map_or(-1, signed))
            .fetch(&mut *self.connection);
        page_of(rows, max_bytes, |row| Ok(row.try_get("statement")?), Vec::len).await
    }

    async fn append_statement(&mut self, workspace: WorkspaceId, statement: &CheckedStatement) -> Result<(), StoreError> {
        self.relay()?;
        sqlx::query(
            "INSERT INTO roster_statements (workspace_id, sequence, statement, kind, subject_id, device_id, appended_at_ms)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(workspace.as_bytes().as_slice())
        .bind(signed(statement.sequence))
        .bind(&statement.bytes)
        .bind(statement.kind)
        .bind(statement.subject.as_ref().map(<[u8; 16]>::as_slice))
        .bind(statement.by.as_ref().map(|device| device.as_bytes().as_slice()))
        .bind(statement.at_ms)
        .execute(&mut *self.connection)
        .await?;
        Ok(())
    }

    async fn count_statements_about(
        &mut self,
        workspace: WorkspaceId,
        kind: &'static str,
        subject: [u8; 16],
        span: (i64, i64),
    ) -> Result<u64, StoreError> {
        self.relay()?;
        let row = sqlx::query(
            "SELECT count(*) AS statements FROM roster_statements
             WHERE subject_id = $1 AND kind = $2 AND appended_at_ms > $3 AND appended_at_ms <= $4
               AND workspace_id = $5",
        )
        .bind(subject.as_slice())
        .bind(kind)
        .bind(span.0)
        .bind(span.1)
        .bind(workspace.as_bytes().as_slice())
        .fetch_one(&mut *self.connection)
        .await?;
        unsigned(&row, "statements")
    }

    async fn count_statements_by(&mut self, device: DeviceId, span: (i64, i64)) -> Result<u64, StoreError> {
        self.relay()?;
        let row = sqlx::query(
            "SELECT count(*) AS statements FROM roster_statements
             WHERE device_id = $1 AND appended_at_ms > $2 AND appended_at_ms <= $3",
        )
        .bind(device.as_bytes().as_slice())
        .bind(span.0)
        .bind(span.1)
        .fetch_one(&mut *self.connection)
        .await?;
        unsigned(&row, "statements")
    }

    async fn put_user(&mut self, workspace: WorkspaceId, user: UserId, role: Role, status: Status) -> Result<(), StoreError> {
        self.relay()?;
        let kept = sqlx::query(
            "INSERT INTO users (user_id, workspace_id, role, status) VALUES ($1, $2, $3, $4)
             ON CONFLICT (user_id) DO UPDATE SET role = excluded.role, status = excluded.status
             WHERE users.workspace_id = excluded.workspace_id",
        )
        .bind(user.as_bytes().as_slice())
        .bind(workspace.as_bytes().as_slice())
        .bind(role.as_str())
        .bind(match status {
            Status::Active => "active",
            Status::Suspended => "suspended",
            Status::Removed => "removed",
        })
        .execute(&mut *self.connection)
        .await?;
        if kept.rows_affected() == 1 { Ok(()) } else { Err(StoreError::IdTaken) }
    }

    async fn put_device(&mut self, device: DeviceId, user: UserId, revoked_at_ms: Option<i64>) -> Result<(), StoreError> {
        self.relay()?;
        let kept = sqlx::query(
            "INSERT INTO devices (device_id, user_id, revoked_at_ms) VALUES ($1, $2, $3)
             ON CONFLICT (device_id) DO UPDATE SET revoked_at_ms = excluded.revoked_at_ms
             WHERE devices.user_id = excluded.user_id",
        )
        .bind(device.as_bytes().as_slice())
        .bind(user.as_bytes().as_slice())
        .bind(revoked_at_ms)
        .execute(&mut *self.connection)
        .await?;
        if kept.rows_affected() == 1 { Ok(()) } else { Err(StoreError::IdTaken) }
    }

    async fn apply_roster(&mut self, before: Option<&Roster>, after: &Roster, now_ms: i64) -> Result<(), StoreError> {
        self.relay()?;
        for user in after.users().filter(|user| before.is_none_or(|before| is_changed(before, after, user))) {
            self.put_user(after.workspace(), user.id, user.role, user.status).await?;
            self.put_identity_key(after.workspace(), user, now_ms).await?;
            for device in after.devices_of(user.id) {
                self.put_device(device.id, user.id, device.revoked_at_ms).await?;
                self.put_device_key(after.workspace(), device, now_ms).await?;
            }
        }
        // Whoever does not stand has no session; an old token does not come back to life.
        sqlx::query("DELETE FROM sessions WHERE subject_kind = 'device' AND subject_id NOT IN (SELECT device_id FROM standing_devices)")
            .execute(&mut *self.connection)
            .await?;
        Ok(())
    }

    async fn stands(&mut self, device: DeviceId) -> Result<bool, StoreError> {
        let workspace = self.workspace();
        let row = sqlx::query("SELECT workspace_id FROM standing_devices WHERE device_id = $1")
            .bind(device.as_bytes().as_slice())
            .fetch_optional(&mut *self.connection)
            .await?;
        let of = row.map(|row| id(&row, "workspace_id", WorkspaceId::from_slice)).transpose()?;
        Ok(of.is_some_and(|of| workspace.is_none_or(|own| own == of)))
    }
}

impl EngineUnit<'_> {
    /// The caller's workspace; the relay itself has none.
    fn workspace(&self) -> Option<WorkspaceId> {
        match self.caller {
            Caller::Device { workspace, .. } | Caller::Invite { workspace, .. } | Caller::User { workspace, .. } => Some(workspace),
            Caller::Relay => None,
        }
    }
}

/// Whether anything of a user differs: role, status, identity, devices, their certificates and revocations.
fn is_changed(before: &Roster, after: &Roster, user: &User) -> bool {
    let is_same = before.user(user.id).is_some_and(|known| {
        (known.role, known.status, known.identity_since_ms) == (user.role, user.status, user.identity_since_ms)
            && known.identity.fingerprint() == user.identity.fingerprint()
    });
    let devices = |roster: &Roster| -> Vec<_> {
        roster.devices_of(user.id).map(|device| (device.id, device.certificates.len(), device.revoked_at_ms)).collect()
    };
    !is_same || devices(before) != devices(after)
}
