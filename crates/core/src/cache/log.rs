//! What was said: every verified message, whole, and what is written here and waits for its place.

use bezel_protocol::content::MessageRef;
use bezel_protocol::{ConversationId, DeviceId, Hash, MessageId, Role, UserId};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::row::signed;
use super::{Connection, hash, id, unsigned};
use crate::error::{Result, damaged};

/// A message in the log.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// Orders all messages of this home by the time of sending; 0 in one that is not written yet.
    pub(crate) number: i64,
    pub(crate) conversation: ConversationId,
    pub(crate) device: DeviceId,
    pub(crate) message: MessageId,
    pub(crate) user: UserId,
    /// The role of the user when it was said.
    pub(crate) role: Role,
    /// None while it waits in the outbox.
    pub(crate) place: Option<Placed>,
    pub(crate) epoch: u64,
    pub(crate) sent_at_ms: i64,
    /// The number of the newest place that its author had computed.
    pub(crate) seen: u64,
    /// The number of the newest roster statement that its author knew.
    pub(crate) roster: u64,
    pub(crate) kind: String,
    /// The content as it was signed.
    pub(crate) content: Vec<u8>,
}

/// Where a message stands in the log, and in the chain of its device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Placed {
    pub(crate) sequence: u64,
    pub(crate) counter: u64,
    /// SHA-256 of the envelope.
    pub(crate) hash: Hash,
    pub(crate) previous: Hash,
}

const COLUMNS: &str =
    "number, conversation, device, message, user, role, sequence, epoch, counter, sent_at_ms, hash, previous, seen, roster,
    kind, content";

fn row(row: &SqliteRow) -> Result<Row> {
    let sequence: Option<i64> = row.try_get("sequence")?;
    let placed = |sequence: i64| {
        Ok::<_, crate::Error>(Placed {
            sequence: u64::try_from(sequence).map_err(|_| damaged("place"))?,
            counter: unsigned(row, "counter")?,
            hash: hash(row, "hash")?,
            previous: hash(row, "previous")?,
        })
    };
    Ok(Row {
        number: row.try_get("number")?,
        conversation: id(row, "conversation", ConversationId::from_slice)?,
        device: id(row, "device", DeviceId::from_slice)?,
        message: id(row, "message", MessageId::from_slice)?,
        user: id(row, "user", UserId::from_slice)?,
        role: row.try_get::<&str, _>("role")?.parse().map_err(|_| damaged("role"))?,
        place: sequence.map(placed).transpose()?,
        epoch: unsigned(row, "epoch")?,
        sent_at_ms: row.try_get("sent_at_ms")?,
        seen: unsigned(row, "seen")?,
        roster: unsigned(row, "roster")?,
        kind: row.try_get("kind")?,
        content: row.try_get("content")?,
    })
}

/// Writes a message that is not in the log yet.
pub(crate) async fn insert(db: &mut Connection, new: &Row, read_by: u32) -> Result<()> {
    let place = new.place.unwrap_or(Placed { sequence: 0, counter: 0, hash: Hash::ZERO, previous: Hash::ZERO });
    sqlx::query(
        "INSERT INTO log (number, conversation, device, message, user, role, sequence, epoch, counter, sent_at_ms, hash, previous, seen,
                          roster, kind, content, read_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
    )
    .bind(new.number)
    .bind(new.conversation.as_bytes().as_slice())
    .bind(new.device.as_bytes().as_slice())
    .bind(new.message.as_bytes().as_slice())
    .bind(new.user.as_bytes().as_slice())
    .bind(new.role.as_str())
    .bind(new.place.map(|place| signed(place.sequence)))
    .bind(signed(new.epoch))
    .bind(signed(place.counter))
    .bind(new.sent_at_ms)
    .bind(place.hash.as_bytes().as_slice())
    .bind(place.previous.as_bytes().as_slice())
    .bind(signed(new.seen))
    .bind(signed(new.roster))
    .bind(&new.kind)
    .bind(&new.content)
    .bind(read_by)
    .execute(db)
    .await?;
    Ok(())
}

/// A message of this device has its place, by the envelope that the relay stored.
pub(crate) async fn place(db: &mut Connection, placed: &Row) -> Result<()> {
    let Some(place) = placed.place else { return Ok(()) };
    sqlx::query(
        "UPDATE log SET sequence = $2, epoch = $3, counter = $4, sent_at_ms = $5, hash = $6, previous = $7, seen = $8, roster = $9
         WHERE number = $1",
    )
    .bind(placed.number)
    .bind(signed(place.sequence))
    .bind(signed(placed.epoch))
    .bind(signed(place.counter))
    .bind(placed.sent_at_ms)
    .bind(place.hash.as_bytes().as_slice())
    .bind(place.previous.as_bytes().as_slice())
    .bind(signed(placed.seen))
    .bind(signed(placed.roster))
    .execute(db)
    .await?;
    Ok(())
}

/// The message of a device with an id.
pub(crate) async fn get(db: &mut Connection, conversation: ConversationId, of: MessageRef) -> Result<Option<Row>> {
    let sql = format!("SELECT {COLUMNS} FROM log WHERE conversation = $1 AND device = $2 AND message = $3");
    let found = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(conversation.as_bytes().as_slice())
        .bind(of.device.as_bytes().as_slice())
        .bind(of.message.as_bytes().as_slice())
        .fetch_optional(db)
        .await?;
    found.as_ref().map(row).transpose()
}

pub(crate) async fn by_number(db: &mut Connection, number: i64) -> Result<Option<Row>> {
    let sql = format!("SELECT {COLUMNS} FROM log WHERE number = $1");
    let found = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(number).fetch_optional(db).await?;
    found.as_ref().map(row).transpose()
}

/// The message of a device with a counter.
pub(crate) async fn by_counter(db: &mut Connection, conversation: ConversationId, device: DeviceId, counter: u64) -> Result<Option<Row>> {
    let sql =
        format!("SELECT {COLUMNS} FROM log WHERE conversation = $1 AND device = $2 AND counter = $3 AND sequence IS NOT NULL LIMIT 1");
    let found = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(conversation.as_bytes().as_slice())
        .bind(device.as_bytes().as_slice())
        .bind(signed(counter))
        .fetch_optional(db)
        .await?;
    found.as_ref().map(row).transpose()
}

/// The device that wrote the `nth` message behind a place, counted from 1.
pub(crate) async fn nth_author(db: &mut Connection, conversation: ConversationId, after: u64, nth: u32) -> Result<Option<DeviceId>> {
    let row = sqlx::query("SELECT device FROM log WHERE conversation = $1 AND sequence > $2 ORDER BY sequence LIMIT 1 OFFSET $3")
        .bind(conversation.as_bytes().as_slice())
        .bind(signed(after))
        .bind(i64::from(nth.saturating_sub(1)))
        .fetch_optional(db)
        .await?;
    row.map(|row| id(&row, "device", DeviceId::from_slice)).transpose()
}

/// The place of a device's last message before a place.
pub(crate) async fn last_before(db: &mut Connection, conversation: ConversationId, device: DeviceId, sequence: u64) -> Result<Option<u64>> {
    let row = sqlx::query("SELECT max(sequence) AS last FROM log WHERE conversation = $1 AND device = $2 AND sequence < $3")
        .bind(conversation.as_bytes().as_slice())
        .bind(device.as_bytes().as_slice())
        .bind(signed(sequence))
        .fetch_one(db)
        .await?;
    Ok(row.try_get::<Option<i64>, _>("last")?.and_then(|last| u64::try_from(last).ok()))
}

/// Up to `limit` messages that rules older than `read_by` have read.
pub(crate) async fn read_before(db: &mut Connection, read_by: u32, limit: u32) -> Result<Vec<Row>> {
    // In this order the index has them: by their number alone, all of the log would be gone through at every start.
    let sql = format!("SELECT {COLUMNS} FROM log WHERE read_by < $1 ORDER BY read_by, number LIMIT $2");
    let found = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(read_by).bind(limit).fetch_all(db).await?;
    found.iter().map(row).collect()
}

/// Up to `limit` messages with a higher number than `after`.
pub(crate) async fn page(db: &mut Connection, after: i64, limit: u32) -> Result<Vec<Row>> {
    let sql = format!("SELECT {COLUMNS} FROM log WHERE number > $1 ORDER BY number LIMIT $2");
    let found = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(after).bind(limit).fetch_all(db).await?;
    found.iter().map(row).collect()
}

pub(crate) async fn set_read(db: &mut Connection, number: i64, read_by: u32) -> Result<()> {
    sqlx::query("UPDATE log SET read_by = $2 WHERE number = $1").bind(number).bind(read_by).execute(db).await?;
    Ok(())
}

pub(crate) async fn delete(db: &mut Connection, number: i64) -> Result<()> {
    sqlx::query("DELETE FROM log WHERE number = $1").bind(number).execute(db).await?;
    Ok(())
}
