//! Sessions and first log-ins.

use async_trait::async_trait;
use bezel_protocol::login::{SignedLogin, Subject};
use bezel_protocol::{DeviceId, Hash, InviteId, UserId, WorkspaceId, cbor};
use sqlx::Row as _;

use super::super::EngineUnit;
use super::{id, signed};
use crate::store::{LoginNoted, Rosters as _, SessionRow, Sessions, StoreError};

#[async_trait]
impl Sessions for EngineUnit<'_> {
    async fn insert_session(&mut self, token_hash: Hash, session: SessionRow, now_ms: i64) -> Result<bool, StoreError> {
        self.relay()?;
        let (kind, subject) = match &session.subject {
            Subject::Device(device) => ("device", device.as_bytes()),
            Subject::Invite(invite) => ("invite", invite.as_bytes()),
            Subject::User(user) => ("user", user.as_bytes()),
        };
        sqlx::query("DELETE FROM sessions WHERE expires_at_ms <= $1").bind(now_ms).execute(&mut *self.connection).await?;
        if let Subject::Device(device) = session.subject
            && !self.stands(device).await?
        {
            return Ok(false);
        }
        sqlx::query("INSERT INTO sessions (token_hash, workspace_id, subject_kind, subject_id, expires_at_ms) VALUES ($1, $2, $3, $4, $5)")
            .bind(token_hash.as_bytes().as_slice())
            .bind(session.workspace.as_bytes().as_slice())
            .bind(kind)
            .bind(subject.as_slice())
            .bind(session.expires_at_ms)
            .execute(&mut *self.connection)
            .await?;
        Ok(true)
    }

    async fn session(&mut self, token_hash: Hash) -> Result<Option<SessionRow>, StoreError> {
        self.relay()?;
        let row = sqlx::query("SELECT workspace_id, subject_kind, subject_id, expires_at_ms FROM sessions WHERE token_hash = $1")
            .bind(token_hash.as_bytes().as_slice())
            .fetch_optional(&mut *self.connection)
            .await?;
        row.map(|row| {
            let subject = match row.try_get::<&str, _>("subject_kind")? {
                "device" => Subject::Device(id(&row, "subject_id", DeviceId::from_slice)?),
                "invite" => Subject::Invite(id(&row, "subject_id", InviteId::from_slice)?),
                _ => Subject::User(id(&row, "subject_id", UserId::from_slice)?),
            };
            let workspace = id(&row, "workspace_id", WorkspaceId::from_slice)?;
            Ok(SessionRow { workspace, subject, expires_at_ms: row.try_get("expires_at_ms")? })
        })
        .transpose()
    }

    async fn delete_session(&mut self, token_hash: Hash) -> Result<(), StoreError> {
        self.relay()?;
        sqlx::query("DELETE FROM sessions WHERE token_hash = $1")
            .bind(token_hash.as_bytes().as_slice())
            .execute(&mut *self.connection)
            .await?;
        Ok(())
    }

    async fn is_known_device(&mut self, device: DeviceId) -> Result<bool, StoreError> {
        self.relay()?;
        let row = sqlx::query("SELECT 1 AS known FROM known_devices WHERE device_id = $1")
            .bind(device.as_bytes().as_slice())
            .fetch_optional(&mut *self.connection)
            .await?;
        Ok(row.is_some())
    }

    async fn note_login(&mut self, device: DeviceId, login: &SignedLogin, now_ms: i64) -> Result<LoginNoted, StoreError> {
        self.relay()?;
        let row = sqlx::query("SELECT last_login FROM known_devices WHERE device_id = $1")
            .bind(device.as_bytes().as_slice())
            .fetch_optional(&mut *self.connection)
            .await?;
        let before: Option<SignedLogin> =
            row.map(|row| cbor::decode(row.try_get("last_login")?).map_err(|_| StoreError::Damaged("log-in"))).transpose()?;
        if let Some(last) = before.as_ref().filter(|last| last.statement.number >= login.statement.number) {
            return Ok(LoginNoted::NotHigher { last: last.clone() });
        }
        sqlx::query(
            "INSERT INTO known_devices (device_id, first_login_at_ms, login_number, last_login) VALUES ($1, $2, $3, $4)
             ON CONFLICT (device_id) DO UPDATE SET login_number = excluded.login_number, last_login = excluded.last_login",
        )
        .bind(device.as_bytes().as_slice())
        .bind(now_ms)
        .bind(signed(login.statement.number))
        .bind(cbor::encode(login))
        .execute(&mut *self.connection)
        .await?;
        Ok(LoginNoted::Taken { before })
    }
}
