//! What is still to be done since the relay was put back from a copy.

use bezel_protocol::log::{Generation, Place};
use bezel_protocol::{ConversationId, DeviceId, Hash};
use sqlx::Row as _;

use super::messages::{State, WAITING, position};
use super::row::signed;
use super::{Connection, hash, id, unsigned};
use crate::error::{Result, damaged};

/// The life of the relay's data that is known here.
pub(crate) async fn generation(db: &mut Connection) -> Result<Option<Generation>> {
    let row = sqlx::query("SELECT generation FROM relay_generation").fetch_optional(db).await?;
    row.map(|row| Generation::from_slice(row.try_get("generation")?).ok_or_else(|| damaged("generation"))).transpose()
}

/// Notes the life in which this home came to the relay.
pub(crate) async fn set_first_generation(db: &mut Connection, generation: Generation) -> Result<()> {
    sqlx::query("INSERT INTO relay_generation (one, generation, is_redone) VALUES (1, $1, 1) ON CONFLICT (one) DO NOTHING")
        .bind(generation.as_bytes().as_slice())
        .execute(db)
        .await?;
    Ok(())
}

/// Another life began: all logs are to be compared, and what was asked of the relay since `since_ms` is to be asked again.
pub(crate) async fn begin(db: &mut Connection, generation: Generation, since_ms: i64) -> Result<()> {
    sqlx::query("UPDATE relay_generation SET generation = $1, is_redone = 0")
        .bind(generation.as_bytes().as_slice())
        .execute(&mut *db)
        .await?;
    // The relay's audit log goes on from where it was copied.
    for step in [
        // Who left brings the leave back.
        "INSERT INTO healing (conversation, is_told)
         SELECT c.id, 0 FROM conversations c
         WHERE c.removed_at_ms IS NULL OR EXISTS (
             SELECT 1 FROM conversation_leaves l JOIN profile p ON p.user = l.user WHERE l.conversation = c.id AND l.ended_at IS NULL)
         ON CONFLICT (conversation) DO UPDATE SET is_told = 0",
        "DELETE FROM audit_checkpoints",
    ] {
        sqlx::query(step).execute(&mut *db).await?;
    }
    sqlx::query("UPDATE conversation_keys SET backed_up = 0 WHERE learned_at_ms >= $1").bind(since_ms).execute(db).await?;
    Ok(())
}

/// Whether what was asked of the relay before was asked again.
pub(crate) async fn is_redone(db: &mut Connection) -> Result<bool> {
    let row = sqlx::query("SELECT is_redone FROM relay_generation").fetch_optional(db).await?;
    Ok(row.map(|row| row.try_get::<i64, _>("is_redone")).transpose()? != Some(0))
}

pub(crate) async fn set_redone(db: &mut Connection) -> Result<()> {
    sqlx::query("UPDATE relay_generation SET is_redone = 1").execute(db).await?;
    Ok(())
}

/// The conversations whose log is still to be compared.
pub(crate) async fn all(db: &mut Connection) -> Result<Vec<ConversationId>> {
    let rows = sqlx::query("SELECT conversation FROM healing ORDER BY conversation").fetch_all(db).await?;
    rows.iter().map(|row| id(row, "conversation", ConversationId::from_slice)).collect()
}

pub(crate) async fn heals(db: &mut Connection, conversation: ConversationId) -> Result<bool> {
    let row = sqlx::query("SELECT 1 AS there FROM healing WHERE conversation = $1")
        .bind(conversation.as_bytes().as_slice())
        .fetch_optional(db)
        .await?;
    Ok(row.is_some())
}

/// A person is told once why a conversation stands still. Returns whether that was not so before.
pub(crate) async fn tell(db: &mut Connection, conversation: ConversationId) -> Result<bool> {
    let told = sqlx::query("UPDATE healing SET is_told = 1 WHERE conversation = $1 AND is_told = 0")
        .bind(conversation.as_bytes().as_slice())
        .execute(db)
        .await?;
    Ok(told.rows_affected() == 1)
}

/// The log here is the relay's again.
pub(crate) async fn end(db: &mut Connection, conversation: ConversationId) -> Result<()> {
    sqlx::query("DELETE FROM healing WHERE conversation = $1").bind(conversation.as_bytes().as_slice()).execute(db).await?;
    Ok(())
}

/// A message whose place is lost.
pub(crate) struct Lost {
    /// Its number in the log.
    pub(crate) number: i64,
    /// Its place, of which the bytes may be kept.
    pub(crate) sequence: u64,
    /// Whether this device wrote it.
    pub(crate) is_own: bool,
    /// SHA-256 of its envelope.
    pub(crate) hash: Hash,
}

/// The messages behind a place, the oldest first.
pub(crate) async fn behind(db: &mut Connection, conversation: ConversationId, shared: Place, own: DeviceId) -> Result<Vec<Lost>> {
    let rows = sqlx::query("SELECT number, sequence, device, hash FROM log WHERE conversation = $1 AND sequence > $2 ORDER BY sequence")
        .bind(conversation.as_bytes().as_slice())
        .bind(signed(shared.sequence))
        .fetch_all(db)
        .await?;
    rows.iter()
        .map(|row| {
            let device = id(row, "device", DeviceId::from_slice)?;
            let sequence = unsigned(row, "sequence")?;
            Ok(Lost { number: row.try_get("number")?, sequence, is_own: device == own, hash: hash(row, "hash")? })
        })
        .collect()
}

/// Goes back to a place that both logs share: what was behind it is not there any more.
pub(crate) async fn cut(db: &mut Connection, conversation: ConversationId, shared: Place) -> Result<()> {
    for step in [
        "DELETE FROM spine WHERE conversation = $1 AND sequence > $2",
        "DELETE FROM entries WHERE conversation = $1 AND sequence > $2",
        "DELETE FROM held_envelopes WHERE conversation = $1 AND sequence > $2",
        "DELETE FROM gaps WHERE conversation = $1 AND first > $2",
        "UPDATE gaps SET last = $2 WHERE conversation = $1 AND last > $2",
        "DELETE FROM messages WHERE conversation = $1 AND sequence > $2 AND kind = 'unreadable'",
        // Until the commits that part them have a place again.
        "UPDATE conversation_keys SET ended_at = NULL WHERE conversation = $1 AND ended_at > $2",
        "UPDATE conversation_keys SET began_at = 9223372036854775807 WHERE conversation = $1 AND began_at > $2",
        "UPDATE conversation_leaves SET ended_at = 9223372036854775807 WHERE conversation = $1 AND ended_at > $2",
        "UPDATE confirmations SET sequence = min(sequence, $2) WHERE conversation = $1",
        "UPDATE conversations SET last_sequence = $2, judged_sequence = min(judged_sequence, $2), read_sequence = min(read_sequence, $2),
                                  described_at = min(described_at, $2)
         WHERE id = $1",
    ] {
        sqlx::query(step).bind(conversation.as_bytes().as_slice()).bind(signed(shared.sequence)).execute(&mut *db).await?;
    }
    sqlx::query("UPDATE conversations SET last_hash = $2 WHERE id = $1")
        .bind(conversation.as_bytes().as_slice())
        .bind(shared.hash.as_bytes().as_slice())
        .execute(&mut *db)
        .await?;
    sqlx::query("DELETE FROM heads WHERE conversation = $1").bind(conversation.as_bytes().as_slice()).execute(db).await?;
    Ok(())
}

/// Forgets who left behind a place: that is lost. Returns whether anybody did.
pub(crate) async fn forget_leaves(db: &mut Connection, conversation: ConversationId, shared: Place) -> Result<bool> {
    let done = sqlx::query("DELETE FROM conversation_leaves WHERE conversation = $1 AND sequence > $2")
        .bind(conversation.as_bytes().as_slice())
        .bind(signed(shared.sequence))
        .execute(db)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// A message has no place any more: one of this device waits to be sent, another is kept where it stood, behind those that were lost before.
pub(crate) async fn unplace(db: &mut Connection, conversation: ConversationId, lost: &Lost, shared: Place) -> Result<()> {
    let waits = WAITING + lost.number;
    let (state, position) =
        if lost.is_own { (State::Queued, waits) } else { (State::Lost, next_to(db, conversation, shared, waits).await?) };
    sqlx::query("UPDATE log SET sequence = NULL WHERE number = $1").bind(lost.number).execute(&mut *db).await?;
    sqlx::query("UPDATE messages SET sequence = NULL, position = $2, state = $3 WHERE number = $1")
        .bind(lost.number)
        .bind(position)
        .bind(state.as_str())
        .execute(db)
        .await?;
    Ok(())
}

/// Where a message sorts behind a place and all that was lost there; `waits` where there is no room.
async fn next_to(db: &mut Connection, conversation: ConversationId, shared: Place, waits: i64) -> Result<i64> {
    let (first, end) = (position(shared.sequence), position(shared.sequence.saturating_add(1)));
    let row = sqlx::query("SELECT max(position) AS last FROM messages WHERE conversation = $1 AND position >= $2 AND position < $3")
        .bind(conversation.as_bytes().as_slice())
        .bind(first)
        .bind(end)
        .fetch_one(db)
        .await?;
    let next = row.try_get::<Option<i64>, _>("last")?.unwrap_or(first) + 1;
    Ok(if next < end { next } else { waits })
}

/// A message of this device goes out again, before all that waits: as the same bytes where they are kept.
pub(crate) async fn send_again(db: &mut Connection, conversation: ConversationId, lost: &Lost, envelope: Option<&[u8]>) -> Result<()> {
    sqlx::query(
        "INSERT INTO outbox (number, conversation, position, envelope, attempts)
         VALUES ($1, $2, (SELECT coalesce(min(position), 1) - 1 FROM outbox), $3, $4)",
    )
    .bind(lost.number)
    .bind(conversation.as_bytes().as_slice())
    .bind(envelope)
    .bind(lost.hash.as_bytes().as_slice())
    .execute(db)
    .await?;
    Ok(())
}

/// The chain of this device goes on behind its newest message that has a place.
pub(crate) async fn rewind_chain(db: &mut Connection, conversation: ConversationId, own: DeviceId) -> Result<()> {
    sqlx::query("DELETE FROM own_chains WHERE conversation = $1").bind(conversation.as_bytes().as_slice()).execute(&mut *db).await?;
    sqlx::query(
        "INSERT INTO own_chains (conversation, counter, hash)
         SELECT conversation, counter + 1, hash FROM log
         WHERE conversation = $1 AND device = $2 AND sequence IS NOT NULL ORDER BY counter DESC LIMIT 1",
    )
    .bind(conversation.as_bytes().as_slice())
    .bind(own.as_bytes().as_slice())
    .execute(db)
    .await?;
    Ok(())
}
