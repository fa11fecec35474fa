//! Files that were announced, who withdrew them, and who has looked.

use std::collections::BTreeMap;

use bezel_crypto::file::FileKey;
use bezel_protocol::content::{FileAction, FileReceipt, MessageRef, Picture, Thumbnail};
use bezel_protocol::{ConversationId, DeviceId, FileId, Hash, MessageId, UserId, cbor};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, Sqlite};
use zeroize::Zeroizing;

use super::row::signed;
use super::{Connection, hash, id, unsigned};
use crate::error::{Result, damaged};
use crate::search::{Needle, fold_name};

/// A file.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) id: FileId,
    pub(crate) conversation: ConversationId,
    pub(crate) message: MessageId,
    pub(crate) user: UserId,
    pub(crate) device: DeviceId,
    pub(crate) sent_at_ms: i64,
    /// None where it is not for this member, and once it was revoked.
    pub(crate) key: Option<FileKey>,
    pub(crate) name: String,
    pub(crate) media_type: String,
    pub(crate) size_bytes: u64,
    pub(crate) ciphertext_bytes: u64,
    pub(crate) ciphertext_sha256: Hash,
    pub(crate) picture: Option<Picture>,
    pub(crate) view_only: bool,
    pub(crate) expires_at_ms: Option<i64>,
    /// None for everyone in the conversation.
    pub(crate) named: Option<Vec<UserId>>,
    pub(crate) revoked_at_ms: Option<i64>,
}

/// A receipt and whose it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Receipt {
    pub(crate) user: UserId,
    pub(crate) action: FileAction,
    pub(crate) at_ms: i64,
}

/// In which order files are listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Order {
    #[default]
    Newest,
    Oldest,
    Name,
    Largest,
}

/// Which files are listed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    pub(crate) conversation: Option<ConversationId>,
    pub(crate) user: Option<UserId>,
    /// Beginnings of media types; none for all.
    pub(crate) media: Vec<&'static str>,
    pub(crate) after_ms: Option<i64>,
    pub(crate) before_ms: Option<i64>,
    /// Part of a name.
    pub(crate) name: Option<Needle>,
    pub(crate) order: Order,
}

const COLUMNS: &str = "f.file, f.conversation, f.message, f.user, f.device, f.sent_at_ms, f.key, f.name, f.media_type, f.size_bytes,
    f.ciphertext_bytes, f.ciphertext_sha256, f.width, f.height, f.thumbnail_type, f.thumbnail, f.view_only, f.expires_at_ms, f.named,
    (SELECT min(r.revoked_at_ms) FROM file_revocations r
     WHERE r.file = f.file AND r.conversation = f.conversation AND (r.user = f.user OR r.is_admin = 1)) AS revoked_at_ms";

fn file(row: &SqliteRow) -> Result<File> {
    let key: Option<Vec<u8>> = row.try_get("key")?;
    let named: Option<&[u8]> = row.try_get("named")?;
    Ok(File {
        id: id(row, "file", FileId::from_slice)?,
        conversation: id(row, "conversation", ConversationId::from_slice)?,
        message: id(row, "message", MessageId::from_slice)?,
        user: id(row, "user", UserId::from_slice)?,
        device: id(row, "device", DeviceId::from_slice)?,
        sent_at_ms: row.try_get("sent_at_ms")?,
        key: key.map(Zeroizing::new).map(|key| FileKey::from_bytes(&key).ok_or_else(|| damaged("file key"))).transpose()?,
        name: row.try_get("name")?,
        media_type: row.try_get("media_type")?,
        size_bytes: unsigned(row, "size_bytes")?,
        ciphertext_bytes: unsigned(row, "ciphertext_bytes")?,
        ciphertext_sha256: hash(row, "ciphertext_sha256")?,
        picture: picture(row)?,
        view_only: row.try_get("view_only")?,
        expires_at_ms: row.try_get("expires_at_ms")?,
        named: named.map(|bytes| cbor::decode(bytes).map_err(|_| damaged("list of people"))).transpose()?,
        revoked_at_ms: row.try_get("revoked_at_ms")?,
    })
}

fn picture(row: &SqliteRow) -> Result<Option<Picture>> {
    let (width, height): (Option<u32>, Option<u32>) = (row.try_get("width")?, row.try_get("height")?);
    let (Some(width), Some(height)) = (width, height) else { return Ok(None) };
    let (media_type, data): (Option<String>, Option<Vec<u8>>) = (row.try_get("thumbnail_type")?, row.try_get("thumbnail")?);
    let thumbnail = media_type.zip(data).map(|(media_type, data)| Thumbnail { media_type, data: data.into() });
    Ok(Some(Picture { width, height, thumbnail }))
}

/// Writes a file that was announced.
pub(crate) async fn put(db: &mut Connection, new: &File) -> Result<()> {
    let thumbnail = new.picture.as_ref().and_then(|picture| picture.thumbnail.as_ref());
    sqlx::query(
        "INSERT INTO files (file, conversation, message, user, device, sent_at_ms, key, name, name_folded, media_type, size_bytes,
                            ciphertext_bytes, ciphertext_sha256, width, height, thumbnail_type, thumbnail, view_only, expires_at_ms, named)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
         ON CONFLICT (file) DO UPDATE SET sent_at_ms = excluded.sent_at_ms 
         WHERE (files.conversation, files.device, files.message) = (excluded.conversation, excluded.device, excluded.message)",
    )
    .bind(new.id.as_bytes().as_slice())
    .bind(new.conversation.as_bytes().as_slice())
    .bind(new.message.as_bytes().as_slice())
    .bind(new.user.as_bytes().as_slice())
    .bind(new.device.as_bytes().as_slice())
    .bind(new.sent_at_ms)
    .bind(new.key.as_ref().map(|key| key.expose().as_slice()))
    .bind(&new.name)
    .bind(fold_name(&new.name))
    .bind(&new.media_type)
    .bind(signed(new.size_bytes))
    .bind(signed(new.ciphertext_bytes))
    .bind(new.ciphertext_sha256.as_bytes().as_slice())
    .bind(new.picture.as_ref().map(|picture| picture.width))
    .bind(new.picture.as_ref().map(|picture| picture.height))
    .bind(thumbnail.map(|thumbnail| &thumbnail.media_type))
    .bind(thumbnail.map(|thumbnail| thumbnail.data.as_ref()))
    .bind(new.view_only)
    .bind(new.expires_at_ms)
    .bind(new.named.as_ref().map(cbor::encode))
    .execute(&mut *db)
    .await?;
    forget_revoked(db, new.id).await
}

pub(crate) async fn get(db: &mut Connection, file_id: FileId) -> Result<Option<File>> {
    let sql = format!("SELECT {COLUMNS} FROM files f WHERE f.file = $1");
    let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(file_id.as_bytes().as_slice()).fetch_optional(db).await?;
    row.map(|row| file(&row)).transpose()
}

/// The files that messages of a conversation announced, by the messages.
pub(crate) async fn of_messages(db: &mut Connection, conversation: ConversationId, messages: &[MessageRef]) -> Result<Vec<File>> {
    if messages.is_empty() {
        return Ok(Vec::new());
    }
    let mut query = sqlx::QueryBuilder::new(format!("SELECT {COLUMNS} FROM files f WHERE f.conversation = "));
    query.push_bind(conversation.as_bytes().as_slice()).push(" AND (f.device, f.message) IN ");
    query.push_tuples(messages, |mut tuple, name| {
        tuple.push_bind(name.device.as_bytes().as_slice()).push_bind(name.message.as_bytes().as_slice());
    });
    query.build().fetch_all(db).await?.iter().map(file).collect()
}

/// A window on the files that this member may see.
pub(crate) async fn list(db: &mut Connection, filter: &Filter, skip: u32, limit: u32) -> Result<Vec<File>> {
    select(filter, skip, limit).build().fetch_all(db).await?.iter().map(file).collect()
}

fn select(filter: &Filter, skip: u32, limit: u32) -> sqlx::QueryBuilder<Sqlite> {
    let order = match filter.order {
        Order::Newest => "f.sent_at_ms DESC, f.file DESC",
        Order::Oldest => "f.sent_at_ms, f.file",
        Order::Name => "f.name_folded, f.file",
        Order::Largest => "f.size_bytes DESC, f.file",
    };
    // Rows carry thumbnails: which ones are shown is found without them, a name in the index alone.
    let mut query = sqlx::QueryBuilder::new(format!("SELECT {COLUMNS} FROM files f WHERE f.rowid IN (SELECT f.rowid FROM files f"));
    match &filter.name {
        Some(name) => query.push(" INDEXED BY files_by_time WHERE instr(f.name_folded, ").push_bind(name.as_str().to_owned()).push(") > 0"),
        None => query.push(" WHERE (f.key IS NOT NULL OR f.name <> '')"),
    };
    if let Some(conversation) = filter.conversation {
        query.push(" AND f.conversation = ").push_bind(conversation.as_bytes().to_vec());
    }
    if let Some(user) = filter.user {
        query.push(" AND f.user = ").push_bind(user.as_bytes().to_vec());
    }
    if let Some(after_ms) = filter.after_ms {
        query.push(" AND f.sent_at_ms >= ").push_bind(after_ms);
    }
    if let Some(before_ms) = filter.before_ms {
        query.push(" AND f.sent_at_ms < ").push_bind(before_ms);
    }
    if !filter.media.is_empty() {
        query.push(" AND (");
        let mut kinds = query.separated(" OR ");
        for beginning in &filter.media {
            kinds.push("substr(f.media_type, 1, ").push_bind_unseparated(i64::try_from(beginning.len()).unwrap_or(0));
            kinds.push_unseparated(") = ").push_bind_unseparated(*beginning);
        }
        query.push(")");
    }
    query.push(format!(" ORDER BY {order} LIMIT ")).push_bind(limit).push(" OFFSET ").push_bind(skip);
    query.push(format!(") ORDER BY {order}"));
    query
}

/// Remembers that a file was withdrawn, whether it was announced already or not.
pub(crate) async fn revoke(
    db: &mut Connection,
    file: FileId,
    conversation: ConversationId,
    user: UserId,
    is_admin: bool,
    at_ms: i64,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO file_revocations (file, user, is_admin, conversation, revoked_at_ms) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (file, conversation, user) DO UPDATE SET
             is_admin = max(is_admin, excluded.is_admin), revoked_at_ms = max(revoked_at_ms, excluded.revoked_at_ms)",
    )
    .bind(file.as_bytes().as_slice())
    .bind(user.as_bytes().as_slice())
    .bind(is_admin)
    .bind(conversation.as_bytes().as_slice())
    .bind(at_ms)
    .execute(&mut *db)
    .await?;
    forget_revoked(db, file).await
}

/// Of a file that was withdrawn by someone with the right, neither the key nor the thumbnail stays.
async fn forget_revoked(db: &mut Connection, file: FileId) -> Result<()> {
    sqlx::query(
        "UPDATE files SET key = NULL, thumbnail = NULL, thumbnail_type = NULL
         WHERE file = $1 AND EXISTS (
             SELECT 1 FROM file_revocations r
             WHERE r.file = files.file AND r.conversation = files.conversation AND (r.user = files.user OR r.is_admin = 1))",
    )
    .bind(file.as_bytes().as_slice())
    .execute(db)
    .await?;
    Ok(())
}

/// Keeps a receipt; the first of a device stays.
pub(crate) async fn put_receipt(
    db: &mut Connection,
    receipt: &FileReceipt,
    conversation: ConversationId,
    user: UserId,
    device: DeviceId,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO file_receipts (file, device, action, user, conversation, at_ms) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (file, device, action) DO UPDATE SET at_ms = min(at_ms, excluded.at_ms)",
    )
    .bind(receipt.file.as_bytes().as_slice())
    .bind(device.as_bytes().as_slice())
    .bind(action_name(receipt.action))
    .bind(user.as_bytes().as_slice())
    .bind(conversation.as_bytes().as_slice())
    .bind(receipt.at_ms)
    .execute(db)
    .await?;
    Ok(())
}

/// Who has looked at a file or saved it, the newest first.
pub(crate) async fn receipts(db: &mut Connection, file: FileId) -> Result<Vec<Receipt>> {
    Ok(receipts_of(db, &[file]).await?.remove(&file).unwrap_or_default())
}

/// The same of several files.
pub(crate) async fn receipts_of(db: &mut Connection, files: &[FileId]) -> Result<BTreeMap<FileId, Vec<Receipt>>> {
    let mut receipts: BTreeMap<FileId, Vec<Receipt>> = BTreeMap::new();
    if files.is_empty() {
        return Ok(receipts);
    }
    let mut query = sqlx::QueryBuilder::new(
        "SELECT r.file, r.user, r.action, r.at_ms FROM file_receipts r JOIN files f ON f.file = r.file AND f.conversation = r.conversation
         WHERE r.file IN (",
    );
    let mut list = query.separated(", ");
    for file in files {
        list.push_bind(file.as_bytes().as_slice());
    }
    query.push(") ORDER BY r.at_ms DESC");
    for row in query.build().fetch_all(db).await? {
        let action = match row.try_get::<&str, _>("action")? {
            "preview" => FileAction::Preview,
            _ => FileAction::Download,
        };
        let receipt = Receipt { user: id(&row, "user", UserId::from_slice)?, action, at_ms: row.try_get("at_ms")? };
        receipts.entry(id(&row, "file", FileId::from_slice)?).or_default().push(receipt);
    }
    Ok(receipts)
}

/// Whether this device has said that it did this.
pub(crate) async fn has_receipt(db: &mut Connection, file: FileId, device: DeviceId, action: FileAction) -> Result<bool> {
    let row = sqlx::query("SELECT 1 FROM file_receipts WHERE file = $1 AND device = $2 AND action = $3")
        .bind(file.as_bytes().as_slice())
        .bind(device.as_bytes().as_slice())
        .bind(action_name(action))
        .fetch_optional(db)
        .await?;
    Ok(row.is_some())
}

const fn action_name(action: FileAction) -> &'static str {
    match action {
        FileAction::Preview => "preview",
        FileAction::Download => "download",
    }
}

/// Forgets what others said of files, so that it can be taken from the log again. The files stay: a key that was sealed for an identity
/// of before is nowhere else.
pub(crate) async fn forget_reactions(db: &mut Connection, device: DeviceId) -> Result<()> {
    sqlx::query("DELETE FROM file_revocations").execute(&mut *db).await?;
    sqlx::query("DELETE FROM file_receipts WHERE device <> $1").bind(device.as_bytes().as_slice()).execute(db).await?;
    Ok(())
}

#[cfg(test)]
mod tests;
