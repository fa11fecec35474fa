//! The hashes of the entries of each conversation's log, and the chain over them.

use bezel_protocol::log::{EntryKind, Place, SignedHead, SpineEntry};
use bezel_protocol::{ConversationId, Hash, cbor};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::row::signed;
use super::{Connection, hash, unsigned};
use crate::error::{Result, damaged};

/// So many entries go into one statement: SQLite takes 32,766 parameters.
const ROWS_A_STATEMENT: usize = 4000;

/// Writes entries behind the end of a spine, each with its place.
pub(crate) async fn append(db: &mut Connection, conversation: ConversationId, entries: &[(Place, SpineEntry)]) -> Result<()> {
    for some in entries.chunks(ROWS_A_STATEMENT) {
        let mut insert = sqlx::QueryBuilder::new("INSERT INTO spine (conversation, sequence, kind, stored_at_ms, roster, sha256, hash) ");
        insert.push_values(some, |mut row, (place, entry)| {
            row.push_bind(conversation.as_bytes().as_slice())
                .push_bind(signed(place.sequence))
                .push_bind(i64::from(u8::from(entry.kind)))
                .push_bind(entry.stored_at_ms)
                .push_bind(signed(entry.roster))
                .push_bind(entry.sha256.as_bytes().as_slice())
                .push_bind(place.hash.as_bytes().as_slice());
        });
        insert.build().execute(&mut *db).await?;
    }
    let Some((last, _)) = entries.last() else { return Ok(()) };
    sqlx::query("UPDATE conversations SET last_sequence = $2, last_hash = $3 WHERE id = $1")
        .bind(conversation.as_bytes().as_slice())
        .bind(signed(last.sequence))
        .bind(last.hash.as_bytes().as_slice())
        .execute(db)
        .await?;
    Ok(())
}

/// The entry at a place.
pub(crate) async fn get(db: &mut Connection, conversation: ConversationId, sequence: u64) -> Result<Option<SpineEntry>> {
    let row = sqlx::query("SELECT kind, stored_at_ms, roster, sha256 FROM spine WHERE conversation = $1 AND sequence = $2")
        .bind(conversation.as_bytes().as_slice())
        .bind(signed(sequence))
        .fetch_optional(db)
        .await?;
    row.map(|row| entry(&row)).transpose()
}

/// The places at which the same bytes stand, in order.
pub(crate) async fn places_of(db: &mut Connection, conversation: ConversationId, sha256: Hash) -> Result<Vec<u64>> {
    let rows = sqlx::query("SELECT sequence FROM spine WHERE conversation = $1 AND sha256 = $2 ORDER BY sequence")
        .bind(conversation.as_bytes().as_slice())
        .bind(sha256.as_bytes().as_slice())
        .fetch_all(db)
        .await?;
    rows.iter().map(|row| unsigned(row, "sequence")).collect()
}

/// Every entry with its place, from the first on.
pub(crate) async fn all(db: &mut Connection, conversation: ConversationId) -> Result<Vec<(Place, SpineEntry)>> {
    let rows =
        sqlx::query("SELECT sequence, kind, stored_at_ms, roster, sha256, hash FROM spine WHERE conversation = $1 ORDER BY sequence")
            .bind(conversation.as_bytes().as_slice())
            .fetch_all(db)
            .await?;
    rows.iter().map(placed).collect()
}

/// The chain at a place: of the beginning, or of an entry whose hash was computed here.
pub(crate) async fn hash_at(db: &mut Connection, conversation: ConversationId, sequence: u64) -> Result<Option<Hash>> {
    if sequence == Place::START.sequence {
        return Ok(Some(Place::START.hash));
    }
    let row = sqlx::query("SELECT hash FROM spine WHERE conversation = $1 AND sequence = $2")
        .bind(conversation.as_bytes().as_slice())
        .bind(signed(sequence))
        .fetch_optional(db)
        .await?;
    row.map(|row| hash(&row, "hash")).transpose()
}

/// A stretch of a spine, from `first` on, at most `limit` entries.
pub(crate) async fn stretch(
    db: &mut Connection,
    conversation: ConversationId,
    first: u64,
    limit: usize,
) -> Result<Vec<(Place, SpineEntry)>> {
    let rows = sqlx::query(
        "SELECT sequence, kind, stored_at_ms, roster, sha256, hash FROM spine
         WHERE conversation = $1 AND sequence >= $2 ORDER BY sequence LIMIT $3",
    )
    .bind(conversation.as_bytes().as_slice())
    .bind(signed(first))
    .bind(signed(limit as u64))
    .fetch_all(db)
    .await?;
    rows.iter().map(|row| Ok((Place { sequence: unsigned(row, "sequence")?, hash: hash(row, "hash")? }, entry(row)?))).collect()
}

/// The places of the newest envelopes of a stretch that are not in the log yet, and of the relay's own entries, the newest first, each with the hash that its bytes must
/// have.
pub(crate) async fn envelopes(
    db: &mut Connection,
    conversation: ConversationId,
    (first, last): (u64, u64),
    limit: u32,
) -> Result<Vec<(u64, SpineEntry)>> {
    let rows = sqlx::query(
        "SELECT s.sequence, s.kind, s.stored_at_ms, s.roster, s.sha256 FROM spine s
         WHERE s.conversation = $1 AND s.sequence BETWEEN $2 AND $3 AND s.kind IN ($4, $6)
           AND NOT EXISTS (SELECT 1 FROM log l WHERE l.conversation = s.conversation AND l.sequence = s.sequence)
           AND NOT (s.kind = $6 AND EXISTS (SELECT 1 FROM entries e WHERE e.conversation = s.conversation AND e.sequence = s.sequence))
         ORDER BY s.sequence DESC LIMIT $5",
    )
    .bind(conversation.as_bytes().as_slice())
    .bind(signed(first))
    .bind(signed(last))
    .bind(i64::from(u8::from(EntryKind::Envelope)))
    .bind(limit)
    .bind(i64::from(u8::from(EntryKind::Restored)))
    .fetch_all(db)
    .await?;
    rows.iter().map(|row| Ok((unsigned(row, "sequence")?, entry(row)?))).collect()
}

/// The first entry behind a place that changes the group.
pub(crate) async fn change_after(db: &mut Connection, conversation: ConversationId, sequence: u64) -> Result<Option<(Place, SpineEntry)>> {
    let row = sqlx::query(
        "SELECT sequence, kind, stored_at_ms, roster, sha256, hash FROM spine
         WHERE conversation = $1 AND sequence > $2 AND kind IN (2, 3) ORDER BY sequence LIMIT 1",
    )
    .bind(conversation.as_bytes().as_slice())
    .bind(signed(sequence))
    .fetch_optional(db)
    .await?;
    row.map(|row| placed(&row)).transpose()
}

/// The latest time at which the relay says that it stored an entry of a stretch.
pub(crate) async fn latest_time(db: &mut Connection, conversation: ConversationId, (first, last): (u64, u64)) -> Result<Option<i64>> {
    let row = sqlx::query("SELECT max(stored_at_ms) AS latest FROM spine WHERE conversation = $1 AND sequence BETWEEN $2 AND $3")
        .bind(conversation.as_bytes().as_slice())
        .bind(signed(first))
        .bind(signed(last))
        .fetch_one(db)
        .await?;
    Ok(row.try_get("latest")?)
}

/// The newest place at which the relay said that it was put back from a copy; 0 where there is none.
pub(crate) async fn restored_at(db: &mut Connection, conversation: ConversationId) -> Result<u64> {
    let row = sqlx::query("SELECT coalesce(max(sequence), 0) AS sequence FROM spine WHERE conversation = $1 AND kind = 6")
        .bind(conversation.as_bytes().as_slice())
        .fetch_one(db)
        .await?;
    unsigned(&row, "sequence")
}

/// The newest word of the relay for the end of a log.
pub(crate) async fn head(db: &mut Connection, conversation: ConversationId) -> Result<Option<SignedHead>> {
    let row =
        sqlx::query("SELECT head FROM heads WHERE conversation = $1").bind(conversation.as_bytes().as_slice()).fetch_optional(db).await?;
    row.map(|row| cbor::decode(row.try_get("head")?).map_err(|_| damaged("head of a log"))).transpose()
}

pub(crate) async fn put_head(db: &mut Connection, head: &SignedHead) -> Result<()> {
    sqlx::query("INSERT INTO heads (conversation, head) VALUES ($1, $2) ON CONFLICT (conversation) DO UPDATE SET head = excluded.head")
        .bind(head.conversation.as_bytes().as_slice())
        .bind(cbor::encode(head))
        .execute(db)
        .await?;
    Ok(())
}

fn placed(row: &SqliteRow) -> Result<(Place, SpineEntry)> {
    Ok((Place { sequence: unsigned(row, "sequence")?, hash: hash(row, "hash")? }, entry(row)?))
}

fn entry(row: &SqliteRow) -> Result<SpineEntry> {
    let kind = u8::try_from(unsigned(row, "kind")?).ok().and_then(|kind| EntryKind::try_from(kind).ok());
    Ok(SpineEntry {
        kind: kind.ok_or_else(|| damaged("kind of an entry"))?,
        stored_at_ms: row.try_get("stored_at_ms")?,
        roster: unsigned(row, "roster")?,
        sha256: hash(row, "sha256")?,
    })
}
