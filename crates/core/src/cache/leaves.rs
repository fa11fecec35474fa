//! Who left conversations.

use std::collections::BTreeSet;

use bezel_protocol::{ConversationId, UserId};

use super::Connection;
use super::row::{id, signed};
use crate::error::Result;

/// A user left at a place.
pub(crate) async fn put(db: &mut Connection, conversation: ConversationId, user: UserId, sequence: u64) -> Result<()> {
    sqlx::query("INSERT INTO conversation_leaves (conversation, user, sequence) VALUES ($1, $2, $3)")
        .bind(conversation.as_bytes().as_slice())
        .bind(user.as_bytes().as_slice())
        .bind(signed(sequence))
        .execute(&mut *db)
        .await?;
    sqlx::query("DELETE FROM conversation_members WHERE conversation = $1 AND user = $2")
        .bind(conversation.as_bytes().as_slice())
        .bind(user.as_bytes().as_slice())
        .execute(db)
        .await?;
    Ok(())
}

/// Who left and is in the group still.
pub(crate) async fn standing(db: &mut Connection, conversation: ConversationId) -> Result<BTreeSet<UserId>> {
    let rows = sqlx::query("SELECT user FROM conversation_leaves WHERE conversation = $1 AND ended_at IS NULL")
        .bind(conversation.as_bytes().as_slice())
        .fetch_all(db)
        .await?;
    rows.iter().map(|row| id(row, "user", UserId::from_slice)).collect()
}

/// The commit at a place took a user out of the group.
pub(crate) async fn end(db: &mut Connection, conversation: ConversationId, user: UserId, sequence: u64) -> Result<()> {
    sqlx::query("UPDATE conversation_leaves SET ended_at = $3 WHERE conversation = $1 AND user = $2 AND ended_at IS NULL")
        .bind(conversation.as_bytes().as_slice())
        .bind(user.as_bytes().as_slice())
        .bind(signed(sequence))
        .execute(db)
        .await?;
    Ok(())
}

/// Whether a user had left at a place, and was not back.
pub(crate) async fn had_left(db: &mut Connection, conversation: ConversationId, user: UserId, sequence: u64) -> Result<bool> {
    let row = sqlx::query(
        "SELECT 1 AS left FROM conversation_leaves
         WHERE conversation = $1 AND user = $2 AND sequence < $3 AND (ended_at IS NULL OR ended_at > $3)",
    )
    .bind(conversation.as_bytes().as_slice())
    .bind(user.as_bytes().as_slice())
    .bind(signed(sequence))
    .fetch_optional(db)
    .await?;
    Ok(row.is_some())
}
