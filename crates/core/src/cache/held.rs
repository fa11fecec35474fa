//! Envelopes that can't be read yet: kept as far as there is room, else their places.

use bezel_protocol::envelope::Envelope;
use bezel_protocol::{ConversationId, DeviceId};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::gaps::{self, Gap};
use super::row::signed;
use super::{Connection, id, unsigned};
use crate::error::Result;

/// So many bytes of envelopes wait in one conversation, and in all together. A sender may be a stranger's guest: what is above this is
/// fetched again when it can be read.
const MAX_IN_A_CONVERSATION: u64 = 2 << 20;
const MAX_IN_ALL: u64 = 32 << 20;

/// An envelope that waits for a key or a roster statement.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) conversation: ConversationId,
    pub(crate) sequence: u64,
    pub(crate) envelope: Vec<u8>,
}

/// Keeps an envelope, or its place where there is no room for more.
pub(crate) async fn hold(db: &mut Connection, held: &Held, reason: &str, now_ms: i64) -> Result<()> {
    let (epoch, roster) =
        Envelope::parse(&held.envelope).map_or((0, 0), |envelope| (envelope.header().epoch, envelope.header().roster.sequence));
    let size = held.envelope.len() as u64;
    let (here, in_all) = used(db, held.conversation).await?;
    let is_kept = here.saturating_add(size) <= MAX_IN_A_CONVERSATION && in_all.saturating_add(size) <= MAX_IN_ALL;
    sqlx::query(
        "INSERT INTO held_envelopes (conversation, sequence, envelope, epoch, roster, reason, held_at_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (conversation, sequence) DO UPDATE SET
             envelope = coalesce(held_envelopes.envelope, excluded.envelope), reason = excluded.reason",
    )
    .bind(held.conversation.as_bytes().as_slice())
    .bind(signed(held.sequence))
    .bind(is_kept.then_some(held.envelope.as_slice()))
    .bind(signed(epoch))
    .bind(signed(roster))
    .bind(reason)
    .bind(now_ms)
    .execute(db)
    .await?;
    Ok(())
}

/// How many bytes wait in a conversation, and in all.
async fn used(db: &mut Connection, conversation: ConversationId) -> Result<(u64, u64)> {
    let row = sqlx::query(
        "SELECT coalesce(sum(length(envelope)) FILTER (WHERE conversation = $1), 0) AS here, coalesce(sum(length(envelope)), 0) AS in_all
         FROM held_envelopes WHERE envelope IS NOT NULL",
    )
    .bind(conversation.as_bytes().as_slice())
    .fetch_one(db)
    .await?;
    Ok((unsigned(&row, "here")?, unsigned(&row, "in_all")?))
}

/// Whether something of a device, or of which only the place is known, waits between two places.
pub(crate) async fn is_of_between(
    db: &mut Connection,
    conversation: ConversationId,
    device: DeviceId,
    (after, before): (u64, u64),
) -> Result<bool> {
    let rows = sqlx::query("SELECT envelope FROM held_envelopes WHERE conversation = $1 AND sequence > $2 AND sequence < $3")
        .bind(conversation.as_bytes().as_slice())
        .bind(signed(after))
        .bind(signed(before))
        .fetch_all(db)
        .await?;
    for row in &rows {
        let envelope: Option<&[u8]> = row.try_get("envelope")?;
        if envelope.is_none_or(|envelope| Envelope::parse(envelope).is_ok_and(|envelope| envelope.header().device == device)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// It was read, or never will be.
pub(crate) async fn release(db: &mut Connection, conversation: ConversationId, sequence: u64) -> Result<()> {
    sqlx::query("DELETE FROM held_envelopes WHERE conversation = $1 AND sequence = $2")
        .bind(conversation.as_bytes().as_slice())
        .bind(signed(sequence))
        .execute(db)
        .await?;
    Ok(())
}

/// Whether what an envelope lacked is here now.
const READY: &str = "roster <= (SELECT max(sequence) FROM roster_statements)
    AND EXISTS (SELECT 1 FROM conversation_keys k WHERE k.conversation = held_envelopes.conversation AND k.epoch = held_envelopes.epoch)";

/// The envelopes that can be read now, in the order of the log.
pub(crate) async fn ready(db: &mut Connection) -> Result<Vec<Held>> {
    let sql = format!(
        "SELECT conversation, sequence, envelope FROM held_envelopes WHERE envelope IS NOT NULL AND {READY} ORDER BY conversation, sequence"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(db).await?;
    rows.iter()
        .map(|row| {
            let (conversation, sequence) = place(row)?;
            Ok(Held { conversation, sequence, envelope: row.try_get("envelope")? })
        })
        .collect()
}

/// Notes that the places which can be read now are to be fetched.
pub(crate) async fn fetch_again(db: &mut Connection) -> Result<()> {
    let sql = format!("DELETE FROM held_envelopes WHERE envelope IS NULL AND {READY} RETURNING conversation, sequence");
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(&mut *db).await?;
    let mut places = rows.iter().map(place).collect::<Result<Vec<_>>>()?;
    places.sort_unstable();
    for stretch in places.chunk_by(|a, b| a.0 == b.0 && a.1 + 1 == b.1) {
        if let (Some((conversation, first)), Some((_, last))) = (stretch.first(), stretch.last()) {
            gaps::open(db, *conversation, Gap { first: *first, last: *last }).await?;
        }
    }
    Ok(())
}

fn place(row: &SqliteRow) -> Result<(ConversationId, u64)> {
    Ok((id(row, "conversation", ConversationId::from_slice)?, unsigned(row, "sequence")?))
}
