//! Files on their way, to the relay and to this machine's disk.

use std::path::PathBuf;

use bezel_crypto::file::{BlobHasher, FileKey};
use bezel_protocol::content::Manifest;
use bezel_protocol::wire::FileAccess;
use bezel_protocol::{ConversationId, FileId, Hash, cbor};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use zeroize::Zeroizing;

use super::row::signed;
use super::{Connection, id, unsigned};
use crate::error::{Result, damaged};

/// Where the content of an upload comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SourceName {
    /// A file on this machine, as it was at that time of change (nanoseconds).
    Path(PathBuf, i64),
    /// Another file on the relay.
    File(FileId),
    /// Bytes in memory.
    Memory,
}

/// Where a transfer stands when nothing moves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It goes on by itself.
    Waiting,
    /// A person stopped it.
    Paused,
    /// It needs a person.
    Failed,
}

/// A file on its way to the relay.
#[derive(Debug)]
pub(crate) struct Upload {
    pub(crate) file: FileId,
    pub(crate) conversation: ConversationId,
    pub(crate) source: SourceName,
    pub(crate) key: FileKey,
    /// Salt and commitment of the blob.
    pub(crate) header: Vec<u8>,
    /// What will be announced; the hash is not known before the end.
    pub(crate) manifest: Manifest,
    pub(crate) access: FileAccess,
    /// The relay has the blob up to here; always the beginning of a part.
    pub(crate) sent_bytes: u64,
    pub(crate) hasher: BlobHasher,
    /// The hash of the blob after the part that begins there, once that part may have gone out.
    pub(crate) pending: Option<Hash>,
    pub(crate) standing: Standing,
    pub(crate) problem: Option<String>,
    pub(crate) created_at_ms: i64,
}

/// A file on its way to the disk.
#[derive(Debug)]
pub(crate) struct Download {
    pub(crate) file: FileId,
    pub(crate) path: PathBuf,
    pub(crate) replace: bool,
    pub(crate) done_chunks: u64,
    pub(crate) hasher: BlobHasher,
    pub(crate) standing: Standing,
    pub(crate) problem: Option<String>,
    pub(crate) created_at_ms: i64,
}

impl Standing {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Paused => "paused",
            Self::Failed => "failed",
        }
    }

    fn parse(text: &str) -> Result<Self> {
        [Self::Waiting, Self::Paused, Self::Failed]
            .into_iter()
            .find(|standing| standing.as_str() == text)
            .ok_or_else(|| damaged("state of a transfer"))
    }
}

fn upload(row: &SqliteRow) -> Result<Upload> {
    let path: Option<String> = row.try_get("source_path")?;
    let file: Option<&[u8]> = row.try_get("source_file")?;
    let source = match (path, file.and_then(FileId::from_slice)) {
        (Some(path), _) => SourceName::Path(path.into(), row.try_get("modified_ns")?),
        (None, Some(file)) => SourceName::File(file),
        (None, None) => SourceName::Memory,
    };
    let key = Zeroizing::new(row.try_get::<Vec<u8>, _>("key")?);
    let pending: Option<&[u8]> = row.try_get("pending_sha256")?;
    Ok(Upload {
        file: id(row, "file", FileId::from_slice)?,
        conversation: id(row, "conversation", ConversationId::from_slice)?,
        source,
        key: FileKey::from_bytes(&key).ok_or_else(|| damaged("file key"))?,
        header: row.try_get("header")?,
        manifest: cbor::decode(row.try_get("manifest")?).map_err(|_| damaged("manifest"))?,
        access: cbor::decode(row.try_get("access")?).map_err(|_| damaged("access"))?,
        sent_bytes: unsigned(row, "sent_bytes")?,
        hasher: hasher(row)?,
        pending: pending.and_then(Hash::from_slice),
        standing: Standing::parse(row.try_get("state")?)?,
        problem: row.try_get("problem")?,
        created_at_ms: row.try_get("created_at_ms")?,
    })
}

fn download(row: &SqliteRow) -> Result<Download> {
    let path: String = row.try_get("path")?;
    Ok(Download {
        file: id(row, "file", FileId::from_slice)?,
        path: path.into(),
        replace: row.try_get("replace")?,
        done_chunks: unsigned(row, "done_chunks")?,
        hasher: hasher(row)?,
        standing: Standing::parse(row.try_get("state")?)?,
        problem: row.try_get("problem")?,
        created_at_ms: row.try_get("created_at_ms")?,
    })
}

fn hasher(row: &SqliteRow) -> Result<BlobHasher> {
    BlobHasher::from_bytes(row.try_get("hasher")?).ok_or_else(|| damaged("hash"))
}

const UPLOAD: &str = "file, conversation, source_path, source_file, modified_ns, key, header, manifest, access, sent_bytes, hasher,
    pending_sha256, state, problem, created_at_ms";
const DOWNLOAD: &str = "file, path, replace, done_chunks, hasher, state, problem, created_at_ms";

pub(crate) async fn put_upload(db: &mut Connection, new: &Upload) -> Result<()> {
    let (path, file, modified_ns) = match &new.source {
        SourceName::Path(path, modified_ns) => (Some(path.to_string_lossy().into_owned()), None, *modified_ns),
        SourceName::File(file) => (None, Some(file.as_bytes().to_vec()), 0),
        SourceName::Memory => (None, None, 0),
    };
    sqlx::query(
        "INSERT INTO uploads (file, conversation, source_path, source_file, modified_ns, key, header, manifest, access, sent_bytes,
                              hasher, pending_sha256, state, problem, created_at_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
    )
    .bind(new.file.as_bytes().as_slice())
    .bind(new.conversation.as_bytes().as_slice())
    .bind(path)
    .bind(file)
    .bind(modified_ns)
    .bind(new.key.expose().as_slice())
    .bind(&new.header)
    .bind(cbor::encode(&new.manifest))
    .bind(cbor::encode(&new.access))
    .bind(signed(new.sent_bytes))
    .bind(new.hasher.to_bytes())
    .bind(new.pending.as_ref().map(|pending| pending.as_bytes().as_slice()))
    .bind(new.standing.as_str())
    .bind(&new.problem)
    .bind(new.created_at_ms)
    .execute(db)
    .await?;
    Ok(())
}

pub(crate) async fn get_upload(db: &mut Connection, file: FileId) -> Result<Option<Upload>> {
    let sql = format!("SELECT {UPLOAD} FROM uploads WHERE file = $1");
    let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(file.as_bytes().as_slice()).fetch_optional(db).await?;
    row.map(|row| upload(&row)).transpose()
}

/// The oldest first.
pub(crate) async fn uploads(db: &mut Connection) -> Result<Vec<Upload>> {
    let sql = format!("SELECT {UPLOAD} FROM uploads ORDER BY created_at_ms, file");
    sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(db).await?.iter().map(upload).collect()
}

/// The relay has the blob up to `sent_bytes`; the part that begins there goes out next, and `pending` is the hash of the blob after it.
pub(crate) async fn set_sent(db: &mut Connection, file: FileId, sent_bytes: u64, hasher: &BlobHasher, pending: Hash) -> Result<()> {
    sqlx::query("UPDATE uploads SET sent_bytes = $2, hasher = $3, pending_sha256 = $4 WHERE file = $1")
        .bind(file.as_bytes().as_slice())
        .bind(signed(sent_bytes))
        .bind(hasher.to_bytes())
        .bind(pending.as_bytes().as_slice())
        .execute(db)
        .await?;
    Ok(())
}

pub(crate) async fn delete_upload(db: &mut Connection, file: FileId) -> Result<()> {
    sqlx::query("DELETE FROM uploads WHERE file = $1").bind(file.as_bytes().as_slice()).execute(db).await?;
    Ok(())
}

pub(crate) async fn put_download(db: &mut Connection, new: &Download) -> Result<()> {
    sqlx::query(
        "INSERT INTO downloads (file, path, replace, done_chunks, hasher, state, problem, created_at_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (file) DO UPDATE SET
             path = excluded.path, replace = excluded.replace, done_chunks = excluded.done_chunks, hasher = excluded.hasher,
             state = excluded.state, problem = excluded.problem, created_at_ms = excluded.created_at_ms",
    )
    .bind(new.file.as_bytes().as_slice())
    .bind(new.path.to_string_lossy().into_owned())
    .bind(new.replace)
    .bind(signed(new.done_chunks))
    .bind(new.hasher.to_bytes())
    .bind(new.standing.as_str())
    .bind(&new.problem)
    .bind(new.created_at_ms)
    .execute(db)
    .await?;
    Ok(())
}

pub(crate) async fn get_download(db: &mut Connection, file: FileId) -> Result<Option<Download>> {
    let sql = format!("SELECT {DOWNLOAD} FROM downloads WHERE file = $1");
    let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(file.as_bytes().as_slice()).fetch_optional(db).await?;
    row.map(|row| download(&row)).transpose()
}

/// The oldest first.
pub(crate) async fn downloads(db: &mut Connection) -> Result<Vec<Download>> {
    let sql = format!("SELECT {DOWNLOAD} FROM downloads ORDER BY created_at_ms, file");
    sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(db).await?.iter().map(download).collect()
}

/// So many chunks are on the disk.
pub(crate) async fn set_done(db: &mut Connection, file: FileId, done_chunks: u64, hasher: &BlobHasher) -> Result<()> {
    sqlx::query("UPDATE downloads SET done_chunks = $2, hasher = $3 WHERE file = $1")
        .bind(file.as_bytes().as_slice())
        .bind(signed(done_chunks))
        .bind(hasher.to_bytes())
        .execute(db)
        .await?;
    Ok(())
}

pub(crate) async fn delete_download(db: &mut Connection, file: FileId) -> Result<()> {
    sqlx::query("DELETE FROM downloads WHERE file = $1").bind(file.as_bytes().as_slice()).execute(db).await?;
    Ok(())
}

/// Up to `limit` transfers that go on by themselves, the oldest first: whether each is an upload, and its file.
pub(crate) async fn waiting(db: &mut Connection, limit: u32) -> Result<Vec<(bool, FileId)>> {
    let rows = sqlx::query(
        "SELECT 1 AS is_upload, file, created_at_ms FROM uploads WHERE state = 'waiting'
         UNION ALL
         SELECT 0 AS is_upload, file, created_at_ms FROM downloads WHERE state = 'waiting'
         ORDER BY created_at_ms, file LIMIT $1",
    )
    .bind(limit)
    .fetch_all(db)
    .await?;
    rows.iter().map(|row| Ok((row.try_get("is_upload")?, id(row, "file", FileId::from_slice)?))).collect()
}

/// Marks a transfer in either direction. Returns whether there is one.
pub(crate) async fn set_standing(db: &mut Connection, file: FileId, standing: Standing, problem: Option<&str>) -> Result<bool> {
    let mut changed = 0;
    for sql in
        ["UPDATE uploads SET state = $2, problem = $3 WHERE file = $1", "UPDATE downloads SET state = $2, problem = $3 WHERE file = $1"]
    {
        let done = sqlx::query(sql).bind(file.as_bytes().as_slice()).bind(standing.as_str()).bind(problem).execute(&mut *db).await?;
        changed += done.rows_affected();
    }
    Ok(changed > 0)
}
