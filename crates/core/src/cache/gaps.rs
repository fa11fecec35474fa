//! Stretches of a conversation's log that are still to be fetched.

use bezel_protocol::ConversationId;
use bezel_protocol::log::EntryKind;

use super::row::signed;
use super::{Connection, unsigned};
use crate::error::Result;

/// A stretch, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gap {
    pub(crate) first: u64,
    pub(crate) last: u64,
}

/// Notes that `gap` is to be fetched.
pub(crate) async fn open(db: &mut Connection, conversation: ConversationId, gap: Gap) -> Result<()> {
    if gap.last < gap.first {
        return Ok(());
    }
    sqlx::query("INSERT INTO gaps (conversation, first, last) VALUES ($1, $2, $3) ON CONFLICT (conversation, last) DO NOTHING")
        .bind(conversation.as_bytes().as_slice())
        .bind(signed(gap.first))
        .bind(signed(gap.last))
        .execute(db)
        .await?;
    Ok(())
}

/// Nothing that is missing up to a place comes any more.
pub(crate) async fn forget_up_to(db: &mut Connection, conversation: ConversationId, sequence: u64) -> Result<()> {
    sqlx::query("DELETE FROM gaps WHERE conversation = $1 AND last <= $2")
        .bind(conversation.as_bytes().as_slice())
        .bind(signed(sequence))
        .execute(&mut *db)
        .await?;
    sqlx::query("UPDATE gaps SET first = $2 + 1 WHERE conversation = $1 AND first <= $2")
        .bind(conversation.as_bytes().as_slice())
        .bind(signed(sequence))
        .execute(db)
        .await?;
    Ok(())
}

/// The stretch with the newest messages, of those that end before a place.
pub(crate) async fn newest_before(db: &mut Connection, conversation: ConversationId, sequence: u64) -> Result<Option<Gap>> {
    let row = sqlx::query("SELECT first, last FROM gaps WHERE conversation = $1 AND last < $2 ORDER BY last DESC LIMIT 1")
        .bind(conversation.as_bytes().as_slice())
        .bind(signed(sequence))
        .fetch_optional(db)
        .await?;
    row.map(|row| Ok(Gap { first: unsigned(&row, "first")?, last: unsigned(&row, "last")? })).transpose()
}

/// Whether a message before a place is still to be fetched.
pub(crate) async fn is_open_before(db: &mut Connection, conversation: ConversationId, sequence: u64) -> Result<bool> {
    let row = sqlx::query(
        "SELECT 1 FROM gaps g
         JOIN spine s ON s.conversation = g.conversation AND s.sequence BETWEEN g.first AND g.last
         WHERE g.conversation = $1 AND s.sequence < $2 AND s.kind = $3
           AND NOT EXISTS (SELECT 1 FROM log l WHERE l.conversation = s.conversation AND l.sequence = s.sequence) LIMIT 1",
    )
    .bind(conversation.as_bytes().as_slice())
    .bind(signed(sequence))
    .bind(i64::from(u8::from(EntryKind::Envelope)))
    .fetch_optional(db)
    .await?;
    Ok(row.is_some())
}

/// Everything of `gap` from `from` upwards has come.
pub(crate) async fn close_from(db: &mut Connection, conversation: ConversationId, gap: Gap, from: u64) -> Result<()> {
    sqlx::query("DELETE FROM gaps WHERE conversation = $1 AND last = $2")
        .bind(conversation.as_bytes().as_slice())
        .bind(signed(gap.last))
        .execute(&mut *db)
        .await?;
    if from > gap.first {
        open(db, conversation, Gap { first: gap.first, last: from - 1 }).await?;
    }
    Ok(())
}
