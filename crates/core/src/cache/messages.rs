//! Messages that were verified, or that are shown with the reason why not; and envelopes that wait.

use bezel_protocol::{ConversationId, DeviceId, Hash, MessageId, UserId};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::row::signed;
use super::{Connection, hash, id, unsigned};
use crate::error::{Result, damaged};

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    File,
    Call,
    Event,
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
}

/// A row.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) id: MessageId,
    pub(crate) conversation: ConversationId,
    pub(crate) sequence: Option<u64>,
    pub(crate) user: UserId,
    pub(crate) device: DeviceId,
    pub(crate) epoch: u64,
    pub(crate) counter: u64,
    pub(crate) sent_at_ms: i64,
    pub(crate) hash: Hash,
    pub(crate) previous: Hash,
    pub(crate) kind: Kind,
    pub(crate) text: Option<String>,
    pub(crate) content: Option<Vec<u8>>,
    pub(crate) reply_to: Option<MessageId>,
    pub(crate) problem: Option<String>,
    pub(crate) state: State,
}

impl Kind {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::File => "file",
            Self::Call => "call",
            Self::Event => "event",
            Self::Unknown => "unknown",
            Self::Unreadable => "unreadable",
        }
    }

    fn parse(text: &str) -> Result<Self> {
        [Self::Text, Self::File, Self::Call, Self::Event, Self::Unknown, Self::Unreadable]
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
        }
    }

    fn parse(text: &str) -> Result<Self> {
        [Self::Queued, Self::Sent, Self::Received, Self::Refused]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| damaged("state of a message"))
    }
}

const COLUMNS: &str = "id, conversation, sequence, user, device, epoch, counter, sent_at_ms, hash, previous, kind, text, content,
    reply_to, problem, state";

pub(crate) fn message(row: &SqliteRow) -> Result<Message> {
    let sequence: Option<i64> = row.try_get("sequence")?;
    let reply_to: Option<&[u8]> = row.try_get("reply_to")?;
    Ok(Message {
        id: id(row, "id", MessageId::from_slice)?,
        conversation: id(row, "conversation", ConversationId::from_slice)?,
        sequence: sequence.and_then(|sequence| u64::try_from(sequence).ok()),
        user: id(row, "user", UserId::from_slice)?,
        device: id(row, "device", DeviceId::from_slice)?,
        epoch: unsigned(row, "epoch")?,
        counter: unsigned(row, "counter")?,
        sent_at_ms: row.try_get("sent_at_ms")?,
        hash: hash(row, "hash")?,
        previous: hash(row, "previous")?,
        kind: Kind::parse(row.try_get("kind")?)?,
        text: row.try_get("text")?,
        content: row.try_get("content")?,
        reply_to: reply_to.and_then(MessageId::from_slice),
        problem: row.try_get("problem")?,
        state: State::parse(row.try_get("state")?)?,
    })
}

/// Writes a message. One that is there already (an own one that was queued, or one that was unreadable so far) is completed.
pub(crate) async fn put(db: &mut Connection, new: &Message) -> Result<()> {
    sqlx::query(
        "INSERT INTO messages (id, conversation, sequence, user, device, epoch, counter, sent_at_ms, hash, previous,
                               kind, text, content, reply_to, problem, state)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
         ON CONFLICT (id) DO UPDATE SET
             sequence = excluded.sequence, epoch = excluded.epoch, counter = excluded.counter, sent_at_ms = excluded.sent_at_ms,
             hash = excluded.hash, previous = excluded.previous, kind = excluded.kind, text = excluded.text,
             content = excluded.content, reply_to = excluded.reply_to, problem = excluded.problem, state = excluded.state",
    )
    .bind(new.id.as_bytes().as_slice())
    .bind(new.conversation.as_bytes().as_slice())
    .bind(new.sequence.map(signed))
    .bind(new.user.as_bytes().as_slice())
    .bind(new.device.as_bytes().as_slice())
    .bind(signed(new.epoch))
    .bind(signed(new.counter))
    .bind(new.sent_at_ms)
    .bind(new.hash.as_bytes().as_slice())
    .bind(new.previous.as_bytes().as_slice())
    .bind(new.kind.as_str())
    .bind(&new.text)
    .bind(&new.content)
    .bind(new.reply_to.as_ref().map(|id| id.as_bytes().as_slice()))
    .bind(&new.problem)
    .bind(new.state.as_str())
    .execute(db)
    .await?;
    Ok(())
}

pub(crate) async fn get(db: &mut Connection, message_id: MessageId) -> Result<Option<Message>> {
    let sql = format!("SELECT {COLUMNS} FROM messages WHERE id = $1");
    let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(message_id.as_bytes().as_slice()).fetch_optional(db).await?;
    row.map(|row| message(&row)).transpose()
}

/// The message of a device with a given counter in a conversation.
pub(crate) async fn of_chain(db: &mut Connection, conversation: ConversationId, device: DeviceId, counter: u64) -> Result<Option<Message>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM messages WHERE conversation = $1 AND device = $2 AND counter = $3 AND sequence IS NOT NULL AND kind <> 'unreadable' LIMIT 1"
    );
    let row = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(conversation.as_bytes().as_slice())
        .bind(device.as_bytes().as_slice())
        .bind(signed(counter))
        .fetch_optional(db)
        .await?;
    row.map(|row| message(&row)).transpose()
}

/// Up to `limit` messages before `before` (a sequence; queued ones come last), newest first.
pub(crate) async fn page(db: &mut Connection, conversation: ConversationId, before: Option<u64>, limit: u32) -> Result<Vec<Message>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM messages
         WHERE conversation = $1 AND coalesce(sequence, 9223372036854775807) < $2 AND kind <> 'event'
         ORDER BY coalesce(sequence, 9223372036854775807) DESC, sent_at_ms DESC, id DESC LIMIT $3"
    );
    // Queued messages have no sequence yet and belong to the newest page only.
    let before = before.map_or(i64::MAX, signed);
    let sql = if before == i64::MAX { sql.replace("< $2", "<= $2") } else { sql };
    let rows =
        sqlx::query(sqlx::AssertSqlSafe(sql)).bind(conversation.as_bytes().as_slice()).bind(before).bind(limit).fetch_all(db).await?;
    rows.iter().map(message).collect()
}

/// The newest message that can be shown in a line.
pub(crate) async fn newest(db: &mut Connection, conversation: ConversationId) -> Result<Option<Message>> {
    Ok(page(db, conversation, None, 1).await?.into_iter().next())
}

/// How many messages of others came after `read`.
pub(crate) async fn unread(db: &mut Connection, conversation: ConversationId, read: u64, me: UserId) -> Result<u32> {
    let row =
        sqlx::query("SELECT count(*) AS unread FROM messages WHERE conversation = $1 AND sequence > $2 AND user <> $3 AND kind <> 'event'")
            .bind(conversation.as_bytes().as_slice())
            .bind(signed(read))
            .bind(me.as_bytes().as_slice())
            .fetch_one(db)
            .await?;
    Ok(row.try_get("unread")?)
}

/// Finds messages by words; the last word may be a beginning. Newest first, with the conversation's title and a snippet.
pub(crate) async fn search(db: &mut Connection, query: &str, limit: u32) -> Result<Vec<(Message, String, String)>> {
    let Some(expression) = fts_expression(query) else { return Ok(Vec::new()) };
    let rows = sqlx::query(
        "SELECT m.id, m.conversation, m.sequence, m.user, m.device, m.epoch, m.counter, m.sent_at_ms, m.hash, m.previous,
                m.kind, m.text, m.content, m.reply_to, m.problem, m.state, c.title AS title,
                snippet(messages_search, 0, char(1), char(2), '…', 16) AS snippet
         FROM messages_search
         JOIN messages      m ON m.rowid = messages_search.rowid
         JOIN conversations c ON c.id = m.conversation
         WHERE messages_search MATCH $1
         ORDER BY m.sent_at_ms DESC LIMIT $2",
    )
    .bind(expression)
    .bind(limit)
    .fetch_all(db)
    .await?;
    rows.iter().map(|row| Ok((message(row)?, row.try_get("title")?, row.try_get("snippet")?))).collect()
}

/// Every word quoted, so that nothing a person types is taken for the query language of FTS5.
fn fts_expression(query: &str) -> Option<String> {
    let words: Vec<String> =
        query.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(|word| format!("\"{word}\"")).collect();
    if words.is_empty() { None } else { Some(format!("{}*", words.join(" "))) }
}

/// Writes what is shown in place of a message that can't be read, and lets a message that was read before stand.
pub(crate) async fn put_unreadable(db: &mut Connection, new: &Message) -> Result<()> {
    let taken = sqlx::query("SELECT 1 FROM messages WHERE conversation = $1 AND sequence = $2 AND kind <> 'unreadable'")
        .bind(new.conversation.as_bytes().as_slice())
        .bind(new.sequence.map(signed))
        .fetch_optional(&mut *db)
        .await?;
    if taken.is_some() {
        return Ok(());
    }
    if let Some(sequence) = new.sequence {
        forget_unreadable_at(db, new.conversation, sequence).await?;
    }
    put(db, new).await
}

/// The message at this place can be read now.
pub(crate) async fn forget_unreadable_at(db: &mut Connection, conversation: ConversationId, sequence: u64) -> Result<()> {
    sqlx::query("DELETE FROM messages WHERE conversation = $1 AND sequence = $2 AND kind = 'unreadable'")
        .bind(conversation.as_bytes().as_slice())
        .bind(signed(sequence))
        .execute(db)
        .await?;
    Ok(())
}

pub(crate) async fn delete(db: &mut Connection, message_id: MessageId) -> Result<()> {
    sqlx::query("DELETE FROM messages WHERE id = $1").bind(message_id.as_bytes().as_slice()).execute(db).await?;
    Ok(())
}

/// Users whose chain of messages has a hole, or runs against the order of the log, where the log is here without a gap.
pub(crate) async fn broken_chains(db: &mut Connection, conversation: ConversationId) -> Result<Vec<UserId>> {
    let rows = sqlx::query(
        "WITH chain AS (
             SELECT user, device, counter, hash, previous,
                    lag(counter) OVER sender AS counter_before, lag(hash) OVER sender AS hash_before
             FROM messages
             WHERE conversation = $1 AND sequence IS NOT NULL AND kind <> 'unreadable'
             WINDOW sender AS (PARTITION BY device ORDER BY sequence)
         )
         SELECT DISTINCT user FROM chain
         WHERE counter_before IS NOT NULL AND (counter <> counter_before + 1 OR previous <> hash_before)
           AND NOT EXISTS (SELECT 1 FROM gaps           WHERE conversation = $1)
           AND NOT EXISTS (SELECT 1 FROM held_envelopes WHERE conversation = $1)",
    )
    .bind(conversation.as_bytes().as_slice())
    .fetch_all(db)
    .await?;
    rows.iter().map(|row| id(row, "user", UserId::from_slice)).collect()
}

/// An envelope that waits for a key or a roster statement.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) conversation: ConversationId,
    pub(crate) sequence: u64,
    pub(crate) envelope: Vec<u8>,
}

pub(crate) async fn hold(db: &mut Connection, held: &Held, reason: &str, now_ms: i64) -> Result<()> {
    sqlx::query(
        "INSERT INTO held_envelopes (conversation, sequence, envelope, reason, held_at_ms) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (conversation, sequence) DO UPDATE SET reason = excluded.reason",
    )
    .bind(held.conversation.as_bytes().as_slice())
    .bind(signed(held.sequence))
    .bind(&held.envelope)
    .bind(reason)
    .bind(now_ms)
    .execute(db)
    .await?;
    Ok(())
}

pub(crate) async fn release(db: &mut Connection, conversation: ConversationId, sequence: u64) -> Result<()> {
    sqlx::query("DELETE FROM held_envelopes WHERE conversation = $1 AND sequence = $2")
        .bind(conversation.as_bytes().as_slice())
        .bind(signed(sequence))
        .execute(db)
        .await?;
    Ok(())
}

pub(crate) async fn held(db: &mut Connection) -> Result<Vec<Held>> {
    let rows =
        sqlx::query("SELECT conversation, sequence, envelope FROM held_envelopes ORDER BY conversation, sequence").fetch_all(db).await?;
    rows.iter()
        .map(|row| {
            Ok(Held {
                conversation: id(row, "conversation", ConversationId::from_slice)?,
                sequence: unsigned(row, "sequence")?,
                envelope: row.try_get("envelope")?,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::fts_expression;

    #[test]
    fn what_is_typed_is_never_taken_for_query_language() {
        assert_eq!(fts_expression("sapphire OR NEAR(\"x\" *"), Some("\"sapphire\" \"OR\" \"NEAR\" \"x\"*".into()));
        assert_eq!(fts_expression("  \"*()  "), None);
    }
}
