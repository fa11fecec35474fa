//! What was written and is not yet acknowledged.

use bezel_protocol::{ConversationId, Hash, MessageId};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::row::signed;
use super::{Connection, hash, id, unsigned};
use crate::error::Result;

/// A message that waits to be sent.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    pub(crate) message: MessageId,
    pub(crate) conversation: ConversationId,
    pub(crate) content: Vec<u8>,
    pub(crate) created_at_ms: i64,
    /// The envelope of the last attempt and its epoch.
    pub(crate) attempt: Option<(u64, Vec<u8>)>,
    /// Hashes of the envelopes of all attempts.
    pub(crate) attempts: Vec<Hash>,
}

fn outgoing(row: &SqliteRow) -> Result<Outgoing> {
    let envelope: Option<Vec<u8>> = row.try_get("envelope")?;
    let attempts: &[u8] = row.try_get("attempts")?;
    Ok(Outgoing {
        message: id(row, "message", MessageId::from_slice)?,
        conversation: id(row, "conversation", ConversationId::from_slice)?,
        content: row.try_get("content")?,
        created_at_ms: row.try_get("created_at_ms")?,
        attempt: envelope.map(|envelope| Ok::<_, crate::Error>((unsigned(row, "epoch")?, envelope))).transpose()?,
        attempts: attempts.chunks(32).filter_map(Hash::from_slice).collect(),
    })
}

pub(crate) async fn put(db: &mut Connection, new: &Outgoing) -> Result<()> {
    sqlx::query(
        "INSERT INTO outbox (message, conversation, position, content, created_at_ms, attempts)
         VALUES ($1, $2, (SELECT coalesce(max(position), 0) + 1 FROM outbox), $3, $4, x'')",
    )
    .bind(new.message.as_bytes().as_slice())
    .bind(new.conversation.as_bytes().as_slice())
    .bind(&new.content)
    .bind(new.created_at_ms)
    .execute(db)
    .await?;
    Ok(())
}

/// The conversations in which something waits.
pub(crate) async fn waiting(db: &mut Connection) -> Result<Vec<ConversationId>> {
    let rows =
        sqlx::query("SELECT conversation, min(position) AS first FROM outbox WHERE refused = 0 GROUP BY conversation ORDER BY first")
            .fetch_all(db)
            .await?;
    rows.iter().map(|row| id(row, "conversation", ConversationId::from_slice)).collect()
}

/// The oldest message that waits in a conversation.
pub(crate) async fn next(db: &mut Connection, conversation: ConversationId) -> Result<Option<Outgoing>> {
    let row = sqlx::query(
        "SELECT message, conversation, content, created_at_ms, envelope, epoch, attempts FROM outbox
         WHERE conversation = $1 AND refused = 0 ORDER BY position LIMIT 1",
    )
    .bind(conversation.as_bytes().as_slice())
    .fetch_optional(db)
    .await?;
    row.map(|row| outgoing(&row)).transpose()
}

/// Keeps the envelope of an attempt before it is made.
pub(crate) async fn attempt(db: &mut Connection, message: MessageId, epoch: u64, envelope: &[u8], attempts: &[Hash]) -> Result<()> {
    let attempts: Vec<u8> = attempts.iter().flat_map(|hash| *hash.as_bytes()).collect();
    sqlx::query("UPDATE outbox SET envelope = $2, epoch = $3, attempts = $4 WHERE message = $1")
        .bind(message.as_bytes().as_slice())
        .bind(envelope)
        .bind(signed(epoch))
        .bind(attempts)
        .execute(db)
        .await?;
    Ok(())
}

pub(crate) async fn delete(db: &mut Connection, message: MessageId) -> Result<()> {
    sqlx::query("DELETE FROM outbox WHERE message = $1").bind(message.as_bytes().as_slice()).execute(db).await?;
    Ok(())
}

/// Marks a message as refused, so that it is not tried again by itself; or, with `false`, lets it be tried again.
pub(crate) async fn set_refused(db: &mut Connection, message: MessageId, refused: bool) -> Result<bool> {
    let done = sqlx::query("UPDATE outbox SET refused = $2 WHERE message = $1")
        .bind(message.as_bytes().as_slice())
        .bind(refused)
        .execute(db)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// How many messages wait.
pub(crate) async fn count(db: &mut Connection) -> Result<u32> {
    Ok(sqlx::query("SELECT count(*) AS waiting FROM outbox WHERE refused = 0").fetch_one(db).await?.try_get("waiting")?)
}

/// Whether a message was ever tried; a message that was may have arrived and can't be taken back silently.
pub(crate) async fn was_attempted(db: &mut Connection, message: MessageId) -> Result<Option<bool>> {
    let row = sqlx::query("SELECT length(attempts) > 0 AS attempted FROM outbox WHERE message = $1")
        .bind(message.as_bytes().as_slice())
        .fetch_optional(db)
        .await?;
    Ok(row.map(|row| row.try_get("attempted")).transpose()?)
}

/// The end of this device's own chain: how many messages it sent, and the hash of the last.
pub(crate) async fn chain(db: &mut Connection, conversation: ConversationId) -> Result<(u64, Hash)> {
    let row = sqlx::query("SELECT counter, hash FROM own_chains WHERE conversation = $1")
        .bind(conversation.as_bytes().as_slice())
        .fetch_optional(db)
        .await?;
    row.map_or(Ok((0, Hash::ZERO)), |row| Ok((unsigned(&row, "counter")?, hash(&row, "hash")?)))
}

pub(crate) async fn set_chain(db: &mut Connection, conversation: ConversationId, counter: u64, last: Hash) -> Result<()> {
    sqlx::query(
        "INSERT INTO own_chains (conversation, counter, hash) VALUES ($1, $2, $3)
         ON CONFLICT (conversation) DO UPDATE SET counter = excluded.counter, hash = excluded.hash",
    )
    .bind(conversation.as_bytes().as_slice())
    .bind(signed(counter))
    .bind(last.as_bytes().as_slice())
    .execute(db)
    .await?;
    Ok(())
}
