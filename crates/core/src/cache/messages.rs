//! What a thread shows: messages as they were derived from the log, and entries that can't be read, with the reason; and envelopes that
//! wait.

use bezel_protocol::content::MessageRef;
use bezel_protocol::{ConversationId, DeviceId, MessageId, UserId};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::row::signed;
use super::{Connection, id, unsigned};
use crate::error::{Result, damaged};
use crate::search::{self, Query};

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    File,
    Call,
    Unknown,
    Unreadable,
}

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Queued,
    Sent,
    Received,
    Refused,
    /// The relay lost it, and nobody has brought it there again.
    Lost,
}

/// A row of a thread.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    /// The number of the message in the log, and of its row in the search index.
    pub(crate) number: i64,
    pub(crate) conversation: ConversationId,
    pub(crate) device: DeviceId,
    pub(crate) id: MessageId,
    pub(crate) user: UserId,
    /// None while it waits in the outbox.
    pub(crate) sequence: Option<u64>,
    pub(crate) epoch: u64,
    pub(crate) sent_at_ms: i64,
    /// The number of the newest place that its author had computed.
    pub(crate) seen: u64,
    pub(crate) kind: Kind,
    pub(crate) text: Option<String>,
    pub(crate) reply_to: Option<MessageRef>,
    pub(crate) problem: Option<String>,
    pub(crate) state: State,
}

impl Message {
    /// What names it in its conversation.
    pub(crate) const fn name(&self) -> MessageRef {
        MessageRef { device: self.device, message: self.id }
    }
}

impl Kind {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::File => "file",
            Self::Call => "call",
            Self::Unknown => "unknown",
            Self::Unreadable => "unreadable",
        }
    }

    fn parse(text: &str) -> Result<Self> {
        [Self::Text, Self::File, Self::Call, Self::Unknown, Self::Unreadable]
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| damaged("kind of message"))
    }
}

impl State {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Received => "received",
            Self::Refused => "refused",
            Self::Lost => "lost",
        }
    }

    fn parse(text: &str) -> Result<Self> {
        [Self::Queued, Self::Sent, Self::Received, Self::Refused, Self::Lost]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| damaged("state of a message"))
    }
}

/// What waits in the outbox stands behind every place, in the order of writing.
pub(super) const WAITING: i64 = 1 << 62;

/// Between two places there is room for so many messages that lost theirs.
const ROOM: i64 = 1 << 20;

/// Where a place sorts.
pub(super) fn position(sequence: u64) -> i64 {
    signed(sequence).saturating_mul(ROOM)
}

const COLUMNS: &str = "number, conversation, device, id, user, sequence, epoch, sent_at_ms, seen, kind, text, reply_device, reply_to,
    problem, state";

pub(crate) fn message(row: &SqliteRow) -> Result<Message> {
    let sequence: Option<i64> = row.try_get("sequence")?;
    let reply: (Option<&[u8]>, Option<&[u8]>) = (row.try_get("reply_device")?, row.try_get("reply_to")?);
    let reply = reply.0.and_then(DeviceId::from_slice).zip(reply.1.and_then(MessageId::from_slice));
    Ok(Message {
        number: row.try_get("number")?,
        conversation: id(row, "conversation", ConversationId::from_slice)?,
        device: id(row, "device", DeviceId::from_slice)?,
        id: id(row, "id", MessageId::from_slice)?,
        user: id(row, "user", UserId::from_slice)?,
        sequence: sequence.and_then(|sequence| u64::try_from(sequence).ok()),
        epoch: unsigned(row, "epoch")?,
        sent_at_ms: row.try_get("sent_at_ms")?,
        seen: unsigned(row, "seen")?,
        kind: Kind::parse(row.try_get("kind")?)?,
        text: row.try_get("text")?,
        reply_to: reply.map(|(device, message)| MessageRef { device, message }),
        problem: row.try_get("problem")?,
        state: State::parse(row.try_get("state")?)?,
    })
}

/// Writes a message. One that has the number already is written again: it got its place, or is read by newer rules.
pub(crate) async fn put(db: &mut Connection, new: &Message) -> Result<()> {
    sqlx::query(
        "INSERT INTO messages (number, conversation, device, id, user, sequence, position, epoch, sent_at_ms, seen, kind, text,
                               reply_device, reply_to, problem, state)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
         ON CONFLICT (number) DO UPDATE SET
             sequence = excluded.sequence, epoch = excluded.epoch, sent_at_ms = excluded.sent_at_ms,
             seen = excluded.seen, kind = excluded.kind, text = excluded.text, reply_device = excluded.reply_device,
             reply_to = excluded.reply_to, problem = excluded.problem, state = excluded.state,
             -- What lost its place stays where that was.
             position = CASE WHEN excluded.sequence IS NULL THEN messages.position ELSE excluded.position END",
    )
    .bind(new.number)
    .bind(new.conversation.as_bytes().as_slice())
    .bind(new.device.as_bytes().as_slice())
    .bind(new.id.as_bytes().as_slice())
    .bind(new.user.as_bytes().as_slice())
    .bind(new.sequence.map(signed))
    .bind(new.sequence.map_or(WAITING + new.number, position))
    .bind(signed(new.epoch))
    .bind(new.sent_at_ms)
    .bind(signed(new.seen))
    .bind(new.kind.as_str())
    .bind(&new.text)
    .bind(new.reply_to.as_ref().map(|reply| reply.device.as_bytes().as_slice()))
    .bind(new.reply_to.as_ref().map(|reply| reply.message.as_bytes().as_slice()))
    .bind(&new.problem)
    .bind(new.state.as_str())
    .execute(&mut *db)
    .await?;
    search::index(db, new.number, new.text.as_deref().unwrap_or_default()).await
}

pub(crate) async fn by_number(db: &mut Connection, number: i64) -> Result<Option<Message>> {
    let sql = format!("SELECT {COLUMNS} FROM messages WHERE number = $1");
    let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(number).fetch_optional(db).await?;
    row.map(|row| message(&row)).transpose()
}

/// The messages with an id, in whichever conversation and of whichever device: ids are chosen by senders.
pub(crate) async fn with_id(db: &mut Connection, message_id: MessageId) -> Result<Vec<Message>> {
    let sql = format!("SELECT {COLUMNS} FROM messages WHERE id = $1 AND kind <> 'unreadable' ORDER BY number LIMIT 16");
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(message_id.as_bytes().as_slice()).fetch_all(db).await?;
    rows.iter().map(message).collect()
}

/// Where a message stands.
pub(crate) async fn set_state(db: &mut Connection, number: i64, state: State, problem: Option<&str>) -> Result<()> {
    sqlx::query("UPDATE messages SET state = $2, problem = $3 WHERE number = $1")
        .bind(number)
        .bind(state.as_str())
        .bind(problem)
        .execute(db)
        .await?;
    Ok(())
}

/// Up to `limit` messages before `before`, the newest first, and where the last of them sorts; what waits comes first where nothing is said.
pub(crate) async fn page(
    db: &mut Connection,
    conversation: ConversationId,
    before: Option<i64>,
    limit: u32,
) -> Result<(Vec<Message>, Option<i64>)> {
    let sql = format!("SELECT {COLUMNS}, position FROM messages WHERE conversation = $1 AND position < $2 ORDER BY position DESC LIMIT $3");
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(conversation.as_bytes().as_slice())
        .bind(before.unwrap_or(i64::MAX))
        .bind(limit)
        .fetch_all(db)
        .await?;
    let last = rows.last().map(|row| row.try_get("position")).transpose()?;
    Ok((rows.iter().map(message).collect::<Result<_>>()?, last))
}

/// The newest message that can be shown in a line.
pub(crate) async fn newest(db: &mut Connection, conversation: ConversationId) -> Result<Option<Message>> {
    Ok(page(db, conversation, None, 1).await?.0.into_iter().next())
}

/// An entry of a stretch, as far as it tells who had overtaken whom.
pub(crate) struct Sent {
    pub(crate) sequence: u64,
    pub(crate) user: UserId,
    pub(crate) sent_at_ms: i64,
}

/// What was written between two places, the newest first, at most `limit`.
pub(crate) async fn stretch(
    db: &mut Connection,
    conversation: ConversationId,
    (after, before): (u64, u64),
    limit: u32,
) -> Result<Vec<Sent>> {
    let rows = sqlx::query(
        "SELECT sequence, user, sent_at_ms FROM messages
         WHERE conversation = $1 AND position > $2 AND position < $3 AND sequence > $5 AND kind <> 'unreadable'
         ORDER BY position DESC LIMIT $4",
    )
    .bind(conversation.as_bytes().as_slice())
    .bind(position(after))
    .bind(position(before))
    .bind(limit)
    .bind(signed(after))
    .fetch_all(db)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Sent {
                sequence: unsigned(row, "sequence")?,
                user: id(row, "user", UserId::from_slice)?,
                sent_at_ms: row.try_get("sent_at_ms")?,
            })
        })
        .collect()
}

/// How many messages of others came after `read`.
pub(crate) async fn unread(db: &mut Connection, conversation: ConversationId, read: u64, me: UserId) -> Result<u32> {
    let row =
        sqlx::query("SELECT count(*) AS unread FROM messages WHERE conversation = $1 AND position > $2 AND sequence > $4 AND user <> $3")
            .bind(conversation.as_bytes().as_slice())
            .bind(position(read))
            .bind(me.as_bytes().as_slice())
            .bind(signed(read))
            .fetch_one(db)
            .await?;
    Ok(row.try_get("unread")?)
}

/// Up to `limit` messages that were found behind the first `skip`, in the order of finding, each with its conversation's title.
pub(crate) async fn search(db: &mut Connection, query: &Query, skip: u32, limit: u32) -> Result<Vec<(Message, String)>> {
    let mut numbers = search::find(db, query, skip.saturating_add(limit)).await?;
    numbers.drain(..numbers.len().min(usize::try_from(skip).unwrap_or(usize::MAX)));
    let rows = sqlx::query(
        "SELECT m.number, m.conversation, m.device, m.id, m.user, m.sequence, m.epoch, m.sent_at_ms, m.seen, m.kind, m.text,
                m.reply_device, m.reply_to, m.problem, m.state, c.title AS title
         FROM json_each($1)      found
         JOIN messages           m ON m.number = found.value
         JOIN conversations      c ON c.id = m.conversation
         ORDER BY found.key",
    )
    .bind(serde_json::json!(numbers).to_string())
    .fetch_all(db)
    .await?;
    rows.iter().map(|row| Ok((message(row)?, row.try_get("title")?))).collect()
}

/// Writes what is shown in place of an entry that can't be read; where it says something else by now, that is replaced.
pub(crate) async fn put_unreadable(db: &mut Connection, new: &Message) -> Result<()> {
    if let Some(sequence) = new.sequence {
        forget_unreadable_at(db, new.conversation, sequence).await?;
    }
    put(db, new).await
}

/// Whether an entry of a device could not be believed between two places.
pub(crate) async fn is_unreadable_between(
    db: &mut Connection,
    conversation: ConversationId,
    device: DeviceId,
    (after, before): (u64, u64),
) -> Result<bool> {
    let row = sqlx::query(
        "SELECT 1 FROM messages
         WHERE conversation = $1 AND position > $2 AND position < $3 AND kind = 'unreadable'
           AND device IN ($4, zeroblob(16)) LIMIT 1",
    )
    .bind(conversation.as_bytes().as_slice())
    .bind(position(after))
    .bind(position(before))
    .bind(device.as_bytes().as_slice())
    .fetch_optional(db)
    .await?;
    Ok(row.is_some())
}

/// The entry at this place can be read now.
pub(crate) async fn forget_unreadable_at(db: &mut Connection, conversation: ConversationId, sequence: u64) -> Result<()> {
    sqlx::query("DELETE FROM messages WHERE conversation = $1 AND position = $2 AND kind = 'unreadable'")
        .bind(conversation.as_bytes().as_slice())
        .bind(position(sequence))
        .execute(db)
        .await?;
    Ok(())
}

pub(crate) async fn delete(db: &mut Connection, number: i64) -> Result<()> {
    sqlx::query("DELETE FROM messages WHERE number = $1").bind(number).execute(db).await?;
    Ok(())
}

/// Forgets all that was derived from the log; what can't be read stays, and what was refused: the reason is nowhere else.
pub(crate) async fn delete_derived(db: &mut Connection) -> Result<()> {
    sqlx::query("DELETE FROM messages WHERE kind <> 'unreadable' AND state <> 'refused'").execute(db).await?;
    Ok(())
}
