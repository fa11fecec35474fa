//! What the relay itself does with files: it ends what is over, and compares the register with the store of blobs.

use bezel_protocol::FileId;

use super::super::{EngineUnit, Row};
use super::file::part;
use super::{id, signed};
use crate::store::{FilePart, Leftovers, StoreError};

impl EngineUnit<'_> {
    /// Forgets an upload, with all that hangs on it. Returns its objects.
    pub(super) async fn forget_upload(&mut self, file: FileId) -> Result<Vec<String>, StoreError> {
        let objects = sqlx::query_scalar("SELECT object FROM encrypted_file_parts WHERE file_id = $1 ORDER BY first_byte")
            .bind(file.as_bytes().as_slice())
            .fetch_all(&mut *self.connection)
            .await?;
        for delete in [
            "DELETE FROM encrypted_file_parts WHERE file_id = $1",
            "DELETE FROM file_grants WHERE file_id = $1",
            "DELETE FROM file_access_logs WHERE file_id = $1",
            "DELETE FROM encrypted_files WHERE file_id = $1",
        ] {
            sqlx::query(delete).bind(file.as_bytes().as_slice()).execute(&mut *self.connection).await?;
        }
        Ok(objects)
    }

    pub(super) async fn end_over(&mut self, now_ms: i64) -> Result<Leftovers, StoreError> {
        let mut leftovers = Leftovers::default();
        let uploads = sqlx::query(
            "SELECT file_id FROM encrypted_files WHERE state = 'uploading' AND (upload_expires_at_ms <= $1 OR expires_at_ms <= $1)",
        )
        .bind(now_ms)
        .fetch_all(&mut *self.connection)
        .await?;
        for row in &uploads {
            let file = id(row, "file_id", FileId::from_slice)?;
            leftovers.objects.extend(self.forget_upload(file).await?);
        }
        let ended =
            sqlx::query("UPDATE encrypted_files SET state = 'revoked' WHERE state = 'ready' AND expires_at_ms <= $1 RETURNING file_id")
                .bind(now_ms)
                .fetch_all(&mut *self.connection)
                .await?;
        leftovers.files = ended.iter().map(|row| id(row, "file_id", FileId::from_slice)).collect::<Result<_, _>>()?;
        Ok(leftovers)
    }

    pub(super) async fn parts_of_revoked(&mut self, limit: u32) -> Result<Vec<(FileId, FilePart)>, StoreError> {
        let rows = sqlx::query(
            "SELECT p.file_id, p.first_byte, p.bytes, p.object
             FROM encrypted_files f
             JOIN encrypted_file_parts p ON p.file_id = f.file_id
             WHERE f.state = 'revoked' AND f.parts > 0
             ORDER BY p.file_id, p.first_byte LIMIT $1",
        )
        .bind(i64::from(limit))
        .fetch_all(&mut *self.connection)
        .await?;
        rows.iter().map(part_of).collect()
    }

    pub(super) async fn forget_part(&mut self, file: FileId, first_byte: u64) -> Result<(), StoreError> {
        let done = sqlx::query(
            "DELETE FROM encrypted_file_parts WHERE file_id = $1 AND first_byte = $2
               AND EXISTS (SELECT 1 FROM encrypted_files f WHERE f.file_id = encrypted_file_parts.file_id AND f.state = 'revoked')",
        )
        .bind(file.as_bytes().as_slice())
        .bind(signed(first_byte))
        .execute(&mut *self.connection)
        .await?;
        sqlx::query("UPDATE encrypted_files SET parts = parts - $2 WHERE file_id = $1")
            .bind(file.as_bytes().as_slice())
            .bind(signed(done.rows_affected()))
            .execute(&mut *self.connection)
            .await?;
        Ok(())
    }

    pub(super) async fn objects_without_part(&mut self, objects: &[String]) -> Result<Vec<String>, StoreError> {
        let mut unknown = Vec::new();
        for object in objects {
            let row = sqlx::query("SELECT 1 AS there FROM encrypted_file_parts WHERE object = $1")
                .bind(object.as_str())
                .fetch_optional(&mut *self.connection)
                .await?;
            if row.is_none() {
                unknown.push(object.clone());
            }
        }
        Ok(unknown)
    }

    pub(super) async fn parts_after(&mut self, after: Option<(FileId, u64)>, limit: u32) -> Result<Vec<(FileId, FilePart)>, StoreError> {
        let (file, first_byte) = after.map_or((Vec::new(), -1), |(file, first_byte)| (file.as_bytes().to_vec(), signed(first_byte)));
        let rows = sqlx::query(
            "SELECT p.file_id, p.first_byte, p.bytes, p.object
             FROM encrypted_file_parts p
             WHERE (p.file_id, p.first_byte) > ($1, $2)
             ORDER BY p.file_id, p.first_byte LIMIT $3",
        )
        .bind(file)
        .bind(first_byte)
        .bind(i64::from(limit))
        .fetch_all(&mut *self.connection)
        .await?;
        rows.iter().map(part_of).collect()
    }
}

fn part_of(row: &Row) -> Result<(FileId, FilePart), StoreError> {
    Ok((id(row, "file_id", FileId::from_slice)?, part(row)?))
}
