//! What was written and is not yet acknowledged.

use bezel_protocol::{ConversationId, DeviceId, Hash};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::row::signed;
use super::{Connection, hash, id, unsigned};
use crate::error::Result;

/// A message that waits to be sent; its content is in the log.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    pub(crate) number: i64,
    pub(crate) conversation: ConversationId,
    /// The envelope of the last attempt.
    pub(crate) envelope: Option<Vec<u8>>,
    /// Hashes of the envelopes of all attempts.
    pub(crate) attempts: Vec<Hash>,
}

fn outgoing(row: &SqliteRow) -> Result<Outgoing> {
    Ok(Outgoing {
        number: row.try_get("number")?,
        conversation: id(row, "conversation", ConversationId::from_slice)?,
        envelope: row.try_get("envelope")?,
        attempts: row.try_get::<&[u8], _>("attempts")?.chunks(32).filter_map(Hash::from_slice).collect(),
    })
}

pub(crate) async fn put(db: &mut Connection, number: i64, conversation: ConversationId) -> Result<()> {
    sqlx::query(
        "INSERT INTO outbox (number, conversation, position, attempts)
         VALUES ($1, $2, (SELECT coalesce(max(position), 0) + 1 FROM outbox), x'')",
    )
    .bind(number)
    .bind(conversation.as_bytes().as_slice())
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

/// The oldest messages that wait in a conversation.
pub(crate) async fn next(db: &mut Connection, conversation: ConversationId, limit: usize) -> Result<Vec<Outgoing>> {
    let rows = sqlx::query(
        "SELECT number, conversation, envelope, attempts FROM outbox WHERE conversation = $1 AND refused = 0 ORDER BY position LIMIT $2",
    )
    .bind(conversation.as_bytes().as_slice())
    .bind(signed(limit as u64))
    .fetch_all(db)
    .await?;
    rows.iter().map(outgoing).collect()
}

/// What waits in a conversation and was sent before.
pub(crate) async fn attempted(db: &mut Connection, conversation: ConversationId) -> Result<Vec<Outgoing>> {
    let rows = sqlx::query(
        "SELECT number, conversation, envelope, attempts FROM outbox
         WHERE conversation = $1 AND refused = 0 AND attempts <> x'' ORDER BY position",
    )
    .bind(conversation.as_bytes().as_slice())
    .fetch_all(db)
    .await?;
    rows.iter().map(outgoing).collect()
}

/// What waits in a conversation, or was refused there, under the name of another device than this one.
pub(crate) async fn of_others(db: &mut Connection, conversation: ConversationId, own: DeviceId) -> Result<Vec<Outgoing>> {
    let rows = sqlx::query(
        "SELECT o.number, o.conversation, o.envelope, o.attempts FROM outbox o JOIN log l ON l.number = o.number
         WHERE o.conversation = $1 AND l.device <> $2",
    )
    .bind(conversation.as_bytes().as_slice())
    .bind(own.as_bytes().as_slice())
    .fetch_all(db)
    .await?;
    rows.iter().map(outgoing).collect()
}

/// What another device of this home wrote is sent by this one, under its name, as if nothing had been tried.
pub(crate) async fn take_over(db: &mut Connection, number: i64, device: DeviceId) -> Result<()> {
    for step in ["UPDATE log SET device = $2 WHERE number = $1", "UPDATE messages SET device = $2 WHERE number = $1"] {
        sqlx::query(step).bind(number).bind(device.as_bytes().as_slice()).execute(&mut *db).await?;
    }
    sqlx::query("UPDATE outbox SET envelope = NULL, attempts = x'' WHERE number = $1").bind(number).execute(db).await?;
    Ok(())
}

pub(crate) async fn get(db: &mut Connection, number: i64) -> Result<Option<Outgoing>> {
    let row = sqlx::query("SELECT number, conversation, envelope, attempts FROM outbox WHERE number = $1")
        .bind(number)
        .fetch_optional(db)
        .await?;
    row.as_ref().map(outgoing).transpose()
}

/// Keeps the envelope of an attempt before it is made.
pub(crate) async fn attempt(db: &mut Connection, attempted: &Outgoing) -> Result<()> {
    let attempts: Vec<u8> = attempted.attempts.iter().flat_map(|hash| *hash.as_bytes()).collect();
    sqlx::query("UPDATE outbox SET envelope = $2, attempts = $3 WHERE number = $1")
        .bind(attempted.number)
        .bind(&attempted.envelope)
        .bind(attempts)
        .execute(db)
        .await?;
    Ok(())
}

/// What waits in a conversation is sealed again: one before it was refused, so that the chain goes on otherwise.
pub(crate) async fn forget_envelopes(db: &mut Connection, conversation: ConversationId) -> Result<()> {
    sqlx::query("UPDATE outbox SET envelope = NULL WHERE conversation = $1").bind(conversation.as_bytes().as_slice()).execute(db).await?;
    Ok(())
}

pub(crate) async fn delete(db: &mut Connection, number: i64) -> Result<()> {
    sqlx::query("DELETE FROM outbox WHERE number = $1").bind(number).execute(db).await?;
    Ok(())
}

/// Marks a message as refused, so that it is not tried again by itself; or, with `false`, lets it be tried again.
pub(crate) async fn set_refused(db: &mut Connection, number: i64, refused: bool) -> Result<bool> {
    let done = sqlx::query("UPDATE outbox SET refused = $2 WHERE number = $1").bind(number).bind(refused).execute(db).await?;
    Ok(done.rows_affected() == 1)
}

/// Whether a message waits no more because the relay refused it.
pub(crate) async fn is_refused(db: &mut Connection, number: i64) -> Result<bool> {
    let row = sqlx::query("SELECT 1 FROM outbox WHERE number = $1 AND refused = 1").bind(number).fetch_optional(db).await?;
    Ok(row.is_some())
}

/// How many messages wait.
pub(crate) async fn count(db: &mut Connection) -> Result<u32> {
    Ok(sqlx::query("SELECT count(*) AS waiting FROM outbox WHERE refused = 0").fetch_one(db).await?.try_get("waiting")?)
}

/// The end of this device's own chain: how many messages it sent, and the hash of the last.
pub(crate) async fn chain(db: &mut Connection, conversation: ConversationId) -> Result<(u64, Hash)> {
    let row = sqlx::query("SELECT counter, hash FROM own_chains WHERE conversation = $1")
        .bind(conversation.as_bytes().as_slice())
        .fetch_optional(db)
        .await?;
    row.map_or(Ok((0, Hash::ZERO)), |row| Ok((unsigned(&row, "counter")?, hash(&row, "hash")?)))
}

/// This device has sent nothing in a conversation yet.
pub(crate) async fn end_chain(db: &mut Connection, conversation: ConversationId) -> Result<()> {
    sqlx::query("DELETE FROM own_chains WHERE conversation = $1").bind(conversation.as_bytes().as_slice()).execute(db).await?;
    Ok(())
}

/// The chain goes on behind a message; it never goes back.
pub(crate) async fn set_chain(db: &mut Connection, conversation: ConversationId, counter: u64, last: Hash) -> Result<()> {
    sqlx::query(
        "INSERT INTO own_chains (conversation, counter, hash) VALUES ($1, $2, $3)
         ON CONFLICT (conversation) DO UPDATE SET counter = excluded.counter, hash = excluded.hash
         WHERE excluded.counter > own_chains.counter",
    )
    .bind(conversation.as_bytes().as_slice())
    .bind(signed(counter))
    .bind(last.as_bytes().as_slice())
    .execute(db)
    .await?;
    Ok(())
}
