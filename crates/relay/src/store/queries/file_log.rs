//! The log of files. A line stands for requests that follow each other closely.

use bezel_protocol::wire::{FileLogAction, FileLogEntry};
use bezel_protocol::{DeviceId, FileId, UserId};
use sqlx::Row as _;

use super::super::{EngineUnit, Row};
use super::{id, signed, unsigned};
use crate::store::StoreError;

impl EngineUnit<'_> {
    pub(super) async fn log_line(
        &mut self,
        file: FileId,
        action: FileLogAction,
        reason: Option<&str>,
        bytes: u64,
        now_ms: i64,
        since_ms: i64,
    ) -> Result<Option<i64>, StoreError> {
        let (workspace, user, device) = self.device()?;
        let open = sqlx::query(
            "SELECT l.log_id
             FROM file_access_logs l
             JOIN encrypted_files f ON f.file_id = l.file_id AND f.workspace_id = $5
             WHERE l.file_id = $1 AND l.device_id = $2 AND l.action = $3 AND COALESCE(l.reason, '') = COALESCE($4, '')
               AND l.last_at_ms >= $6
             ORDER BY l.log_id DESC LIMIT 1",
        )
        .bind(file.as_bytes().as_slice())
        .bind(device.as_bytes().as_slice())
        .bind(name(action))
        .bind(reason)
        .bind(workspace.as_bytes().as_slice())
        .bind(since_ms)
        .fetch_optional(&mut *self.connection)
        .await?;
        if let Some(row) = open {
            let log = row.try_get("log_id")?;
            self.add_to_line(log, bytes, now_ms).await?;
            return Ok(Some(log));
        }
        let row = sqlx::query(
            "INSERT INTO file_access_logs (file_id, user_id, device_id, action, bytes, reason, at_ms, last_at_ms)
             SELECT f.file_id, $2, $3, $4, $5, $6, $7, $7 FROM encrypted_files f WHERE f.file_id = $1 AND f.workspace_id = $8
             RETURNING log_id",
        )
        .bind(file.as_bytes().as_slice())
        .bind(user.as_bytes().as_slice())
        .bind(device.as_bytes().as_slice())
        .bind(name(action))
        .bind(signed(bytes))
        .bind(reason)
        .bind(now_ms)
        .bind(workspace.as_bytes().as_slice())
        .fetch_optional(&mut *self.connection)
        .await?;
        Ok(row.map(|row| row.try_get("log_id")).transpose()?)
    }

    pub(super) async fn add_to_line(&mut self, log: i64, bytes: u64, last_at_ms: i64) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE file_access_logs SET bytes = bytes + $2, last_at_ms = CASE WHEN last_at_ms < $3 THEN $3 ELSE last_at_ms END
             WHERE log_id = $1",
        )
        .bind(log)
        .bind(signed(bytes))
        .bind(last_at_ms)
        .execute(&mut *self.connection)
        .await?;
        Ok(())
    }

    pub(super) async fn log_lines(&mut self, file: FileId, limit: u32) -> Result<Vec<FileLogEntry>, StoreError> {
        let (workspace, user, _) = self.device()?;
        let rows = sqlx::query(
            "SELECT l.at_ms, l.user_id, l.device_id, l.action, l.bytes, l.reason
             FROM file_access_logs l
             JOIN encrypted_files f ON f.file_id = l.file_id AND f.workspace_id = $3
             JOIN group_members m ON m.conversation_id = f.conversation_id AND m.user_id = $2
             WHERE l.file_id = $1 AND (f.owner_user_id = $2 OR m.role IN ('owner', 'admin'))
             ORDER BY l.at_ms DESC, l.log_id DESC LIMIT $4",
        )
        .bind(file.as_bytes().as_slice())
        .bind(user.as_bytes().as_slice())
        .bind(workspace.as_bytes().as_slice())
        .bind(i64::from(limit))
        .fetch_all(&mut *self.connection)
        .await?;
        rows.iter().map(line).collect()
    }
}

fn line(row: &Row) -> Result<FileLogEntry, StoreError> {
    Ok(FileLogEntry {
        at_ms: row.try_get("at_ms")?,
        user: id(row, "user_id", UserId::from_slice)?,
        device: id(row, "device_id", DeviceId::from_slice)?,
        action: action(row.try_get("action")?).ok_or(StoreError::Damaged("file log"))?,
        bytes: unsigned(row, "bytes")?,
        reason: row.try_get("reason")?,
    })
}

const fn name(action: FileLogAction) -> &'static str {
    match action {
        FileLogAction::Upload => "upload",
        FileLogAction::Download => "download",
        FileLogAction::Preview => "preview",
        FileLogAction::Refusal => "refusal",
        FileLogAction::Grant => "grant",
        FileLogAction::Revocation => "revocation",
    }
}

fn action(text: &str) -> Option<FileLogAction> {
    use FileLogAction::{Download, Grant, Preview, Refusal, Revocation, Upload};
    [Upload, Download, Preview, Refusal, Grant, Revocation].into_iter().find(|action| name(*action) == text)
}
