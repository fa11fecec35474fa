//! Files, as those see them who are members of the conversation.

use async_trait::async_trait;
use bezel_protocol::wire::{FileAccess, FileLogAction, FileLogEntry};
use bezel_protocol::{ConversationId, DeviceId, FileId, Role, UserId};
use sqlx::Row as _;

use super::super::{EngineUnit, Row};
use super::{id, signed, unsigned};
use crate::store::{FilePart, FileRow, FileState, Files, Leftovers, NewFile, StoreError, Usage};

#[async_trait]
impl Files for EngineUnit<'_> {
    async fn is_file(&mut self, file: FileId) -> Result<bool, StoreError> {
        self.device()?;
        let row = sqlx::query("SELECT 1 AS there FROM encrypted_files WHERE file_id = $1")
            .bind(file.as_bytes().as_slice())
            .fetch_optional(&mut *self.connection)
            .await?;
        Ok(row.is_some())
    }

    async fn file(&mut self, file: FileId) -> Result<Option<FileRow>, StoreError> {
        let (workspace, user, _) = self.device()?;
        let row = sqlx::query(
            "SELECT f.conversation_id, f.owner_user_id, f.owner_device_id, f.size_bytes, f.received_bytes, f.parts, f.state,
                    f.view_only, f.expires_at_ms, f.upload_expires_at_ms, m.role,
                    (f.is_named = 0 OR f.owner_user_id = $2 OR g.user_id IS NOT NULL) AS is_granted
             FROM encrypted_files f
             JOIN group_members m ON m.conversation_id = f.conversation_id AND m.user_id = $2
             LEFT JOIN file_grants g ON g.file_id = f.file_id AND g.user_id = $2
             WHERE f.file_id = $1 AND f.workspace_id = $3",
        )
        .bind(file.as_bytes().as_slice())
        .bind(user.as_bytes().as_slice())
        .bind(workspace.as_bytes().as_slice())
        .fetch_optional(&mut *self.connection)
        .await?;
        row.map(|row| found(file, &row)).transpose()
    }

    async fn file_usage(&mut self) -> Result<Usage, StoreError> {
        let (workspace, _, _) = self.device()?;
        let row = sqlx::query(
            "SELECT (SELECT CAST(COALESCE(SUM(size_bytes), 0) AS BIGINT) FROM encrypted_files
                     WHERE workspace_id = $1 AND state <> 'revoked') AS workspace_bytes,
                    (SELECT CAST(COALESCE(SUM(size_bytes - received_bytes), 0) AS BIGINT) FROM encrypted_files
                     WHERE state = 'uploading') AS expected_bytes",
        )
        .bind(workspace.as_bytes().as_slice())
        .fetch_one(&mut *self.connection)
        .await?;
        Ok(Usage { workspace_bytes: unsigned(&row, "workspace_bytes")?, expected_bytes: unsigned(&row, "expected_bytes")? })
    }

    async fn insert_file(&mut self, new: &NewFile, now_ms: i64) -> Result<bool, StoreError> {
        let (workspace, user, device) = self.device()?;
        let done = sqlx::query(
            "INSERT INTO encrypted_files (file_id, workspace_id, conversation_id, owner_user_id, owner_device_id, size_bytes,
                 received_bytes, parts, state, is_named, view_only, expires_at_ms, created_at_ms, finished_at_ms, upload_expires_at_ms)
             SELECT $1, c.workspace_id, c.conversation_id, m.user_id, $5, $6, 0, 0, 'uploading', $7, $8, $9, $10, NULL, $11
             FROM group_conversations c
             JOIN group_members m ON m.conversation_id = c.conversation_id AND m.user_id = $4 AND m.role <> 'read_only'
             WHERE c.conversation_id = $2 AND c.workspace_id = $3",
        )
        .bind(new.file.as_bytes().as_slice())
        .bind(new.conversation.as_bytes().as_slice())
        .bind(workspace.as_bytes().as_slice())
        .bind(user.as_bytes().as_slice())
        .bind(device.as_bytes().as_slice())
        .bind(signed(new.size_bytes))
        .bind(i64::from(new.access.named.is_some()))
        .bind(i64::from(new.access.view_only))
        .bind(new.access.expires_at_ms)
        .bind(now_ms)
        .bind(new.upload_expires_at_ms)
        .execute(&mut *self.connection)
        .await?;
        if done.rows_affected() != 1 {
            return Ok(false);
        }
        self.put_grants(new.file, &new.access).await?;
        Ok(true)
    }

    async fn append_part(
        &mut self,
        file: FileId,
        part: &FilePart,
        now_ms: i64,
        upload_expires_at_ms: i64,
    ) -> Result<Option<u64>, StoreError> {
        let (_, user, device) = self.device()?;
        let row = sqlx::query(
            "UPDATE encrypted_files SET
                 received_bytes = received_bytes + $3,
                 parts = parts + CASE WHEN $3 > 0 THEN 1 ELSE 0 END,
                 state = CASE WHEN received_bytes + $3 = size_bytes THEN 'ready' ELSE state END,
                 finished_at_ms = CASE WHEN received_bytes + $3 = size_bytes THEN $4 ELSE NULL END,
                 upload_expires_at_ms = $5
             WHERE file_id = $1 AND received_bytes = $2 AND received_bytes + $3 <= size_bytes
               AND state = 'uploading' AND owner_device_id = $7
               AND EXISTS (SELECT 1 FROM group_members m
                           WHERE m.conversation_id = encrypted_files.conversation_id AND m.user_id = $6 AND m.role <> 'read_only')
             RETURNING received_bytes",
        )
        .bind(file.as_bytes().as_slice())
        .bind(signed(part.first_byte))
        .bind(signed(part.bytes))
        .bind(now_ms)
        .bind(upload_expires_at_ms)
        .bind(user.as_bytes().as_slice())
        .bind(device.as_bytes().as_slice())
        .fetch_optional(&mut *self.connection)
        .await?;
        let Some(row) = row else { return Ok(None) };
        // An empty file is ready without a part.
        if part.bytes > 0 {
            sqlx::query("INSERT INTO encrypted_file_parts (file_id, first_byte, bytes, object) VALUES ($1, $2, $3, $4)")
                .bind(file.as_bytes().as_slice())
                .bind(signed(part.first_byte))
                .bind(signed(part.bytes))
                .bind(part.object.as_str())
                .execute(&mut *self.connection)
                .await?;
        }
        Ok(Some(unsigned(&row, "received_bytes")?))
    }

    async fn file_parts(&mut self, file: FileId, first: u64, last: u64) -> Result<Vec<FilePart>, StoreError> {
        let (_, user, _) = self.device()?;
        let rows = sqlx::query(
            "SELECT p.first_byte, p.bytes, p.object
             FROM encrypted_file_parts p
             JOIN encrypted_files f ON f.file_id = p.file_id AND f.state = 'ready'
             JOIN group_members m ON m.conversation_id = f.conversation_id AND m.user_id = $4
             WHERE p.file_id = $1 AND p.first_byte <= $3
               AND p.first_byte >= (SELECT MAX(q.first_byte) FROM encrypted_file_parts q WHERE q.file_id = $1 AND q.first_byte <= $2)
             ORDER BY p.first_byte",
        )
        .bind(file.as_bytes().as_slice())
        .bind(signed(first))
        .bind(signed(last))
        .bind(user.as_bytes().as_slice())
        .fetch_all(&mut *self.connection)
        .await?;
        rows.iter().map(part).collect()
    }

    async fn file_access(&mut self, file: FileId) -> Result<Option<FileAccess>, StoreError> {
        let (_, user, _) = self.device()?;
        let row = sqlx::query(
            "SELECT f.is_named, f.view_only, f.expires_at_ms
             FROM encrypted_files f
             JOIN group_members m ON m.conversation_id = f.conversation_id AND m.user_id = $2
             WHERE f.file_id = $1 AND f.owner_user_id = $2",
        )
        .bind(file.as_bytes().as_slice())
        .bind(user.as_bytes().as_slice())
        .fetch_optional(&mut *self.connection)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let granted = sqlx::query("SELECT user_id FROM file_grants WHERE file_id = $1 ORDER BY user_id")
            .bind(file.as_bytes().as_slice())
            .fetch_all(&mut *self.connection)
            .await?;
        let users = granted.iter().map(|row| id(row, "user_id", UserId::from_slice)).collect::<Result<_, _>>()?;
        Ok(Some(FileAccess {
            named: is_set(&row, "is_named")?.then_some(users),
            view_only: is_set(&row, "view_only")?,
            expires_at_ms: row.try_get("expires_at_ms")?,
        }))
    }

    async fn set_file_access(&mut self, file: FileId, access: &FileAccess) -> Result<bool, StoreError> {
        let (_, user, _) = self.device()?;
        let done = sqlx::query(
            "UPDATE encrypted_files SET is_named = $3, view_only = $4, expires_at_ms = $5
             WHERE file_id = $1 AND owner_user_id = $2 AND state <> 'revoked'
               AND EXISTS (SELECT 1 FROM group_members m
                           WHERE m.conversation_id = encrypted_files.conversation_id AND m.user_id = $2)",
        )
        .bind(file.as_bytes().as_slice())
        .bind(user.as_bytes().as_slice())
        .bind(i64::from(access.named.is_some()))
        .bind(i64::from(access.view_only))
        .bind(access.expires_at_ms)
        .execute(&mut *self.connection)
        .await?;
        if done.rows_affected() != 1 {
            return Ok(false);
        }
        self.put_grants(file, access).await?;
        Ok(true)
    }

    async fn delete_upload(&mut self, file: FileId) -> Result<Option<Vec<String>>, StoreError> {
        let (_, user, _) = self.device()?;
        let row = sqlx::query(
            "SELECT 1 AS may
             FROM encrypted_files f
             JOIN group_members m ON m.conversation_id = f.conversation_id AND m.user_id = $2
             WHERE f.file_id = $1 AND f.state = 'uploading' AND (f.owner_user_id = $2 OR m.role IN ('owner', 'admin'))",
        )
        .bind(file.as_bytes().as_slice())
        .bind(user.as_bytes().as_slice())
        .fetch_optional(&mut *self.connection)
        .await?;
        if row.is_none() { Ok(None) } else { self.forget_upload(file).await.map(Some) }
    }

    async fn revoke_file(&mut self, file: FileId) -> Result<bool, StoreError> {
        let (_, user, _) = self.device()?;
        let done = sqlx::query(
            "UPDATE encrypted_files SET state = 'revoked'
             WHERE file_id = $1 AND state = 'ready'
               AND EXISTS (SELECT 1 FROM group_members m
                           WHERE m.conversation_id = encrypted_files.conversation_id AND m.user_id = $2
                             AND (encrypted_files.owner_user_id = $2 OR m.role IN ('owner', 'admin')))",
        )
        .bind(file.as_bytes().as_slice())
        .bind(user.as_bytes().as_slice())
        .execute(&mut *self.connection)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    async fn log_file(
        &mut self,
        file: FileId,
        action: FileLogAction,
        reason: Option<&str>,
        bytes: u64,
        (now_ms, since_ms): (i64, i64),
    ) -> Result<Option<i64>, StoreError> {
        self.log_line(file, action, reason, bytes, now_ms, since_ms).await
    }

    async fn file_log(&mut self, file: FileId, limit: u32) -> Result<Vec<FileLogEntry>, StoreError> {
        self.log_lines(file, limit).await
    }

    async fn add_to_file_log(&mut self, log: i64, bytes: u64, last_at_ms: i64) -> Result<(), StoreError> {
        self.relay()?;
        self.add_to_line(log, bytes, last_at_ms).await
    }

    async fn end_files(&mut self, now_ms: i64) -> Result<Leftovers, StoreError> {
        self.relay()?;
        self.end_over(now_ms).await
    }

    async fn revoked_parts(&mut self, limit: u32) -> Result<Vec<(FileId, FilePart)>, StoreError> {
        self.relay()?;
        self.parts_of_revoked(limit).await
    }

    async fn delete_part(&mut self, file: FileId, first_byte: u64) -> Result<(), StoreError> {
        self.relay()?;
        self.forget_part(file, first_byte).await
    }

    async fn unknown_objects(&mut self, objects: &[String]) -> Result<Vec<String>, StoreError> {
        self.relay()?;
        self.objects_without_part(objects).await
    }

    async fn all_parts(&mut self, after: Option<(FileId, u64)>, limit: u32) -> Result<Vec<(FileId, FilePart)>, StoreError> {
        self.relay()?;
        self.parts_after(after, limit).await
    }
}

impl EngineUnit<'_> {
    /// In place of those before.
    async fn put_grants(&mut self, file: FileId, access: &FileAccess) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM file_grants WHERE file_id = $1").bind(file.as_bytes().as_slice()).execute(&mut *self.connection).await?;
        for user in access.named.iter().flatten() {
            sqlx::query("INSERT INTO file_grants (file_id, user_id) VALUES ($1, $2) ON CONFLICT (file_id, user_id) DO NOTHING")
                .bind(file.as_bytes().as_slice())
                .bind(user.as_bytes().as_slice())
                .execute(&mut *self.connection)
                .await?;
        }
        Ok(())
    }
}

pub(super) fn part(row: &Row) -> Result<FilePart, StoreError> {
    Ok(FilePart { first_byte: unsigned(row, "first_byte")?, bytes: unsigned(row, "bytes")?, object: row.try_get("object")? })
}

fn found(file: FileId, row: &Row) -> Result<FileRow, StoreError> {
    Ok(FileRow {
        id: file,
        conversation: id(row, "conversation_id", ConversationId::from_slice)?,
        owner: id(row, "owner_user_id", UserId::from_slice)?,
        owner_device: id(row, "owner_device_id", DeviceId::from_slice)?,
        size_bytes: unsigned(row, "size_bytes")?,
        received_bytes: unsigned(row, "received_bytes")?,
        parts: unsigned(row, "parts")?,
        state: match row.try_get::<&str, _>("state")? {
            "uploading" => FileState::Uploading,
            "ready" => FileState::Ready,
            _ => FileState::Revoked,
        },
        is_granted: is_set(row, "is_granted")?,
        view_only: is_set(row, "view_only")?,
        expires_at_ms: row.try_get("expires_at_ms")?,
        upload_expires_at_ms: row.try_get("upload_expires_at_ms")?,
        role: row.try_get::<&str, _>("role")?.parse::<Role>().map_err(|_| StoreError::Damaged("role"))?,
    })
}

fn is_set(row: &Row, column: &str) -> Result<bool, StoreError> {
    Ok(row.try_get::<i64, _>(column)? != 0)
}
