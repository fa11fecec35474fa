//! Stretches of a conversation's log that are still to be fetched.

use bezel_protocol::ConversationId;

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

/// The stretch with the newest messages.
pub(crate) async fn newest(db: &mut Connection, conversation: ConversationId) -> Result<Option<Gap>> {
    let row = sqlx::query("SELECT first, last FROM gaps WHERE conversation = $1 ORDER BY last DESC LIMIT 1")
        .bind(conversation.as_bytes().as_slice())
        .fetch_optional(db)
        .await?;
    row.map(|row| Ok(Gap { first: unsigned(&row, "first")?, last: unsigned(&row, "last")? })).transpose()
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
