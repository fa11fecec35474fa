//! Stretches of logs that the relay lost, with changes that were verified here.

use bezel_protocol::ConversationId;
use bezel_protocol::log::LostBranch;
use sqlx::Row as _;

use super::Connection;
use super::row::signed;
use crate::error::{Result, damaged};

/// What is known of one.
pub(crate) struct Lost {
    /// The stretch.
    pub(crate) branch: LostBranch,
    /// Whether this device is in the group of the log that is there.
    pub(crate) has_returned: bool,
    /// Where that log ended when the stretch was told.
    pub(crate) told_at: Option<i64>,
}

pub(crate) async fn get(db: &mut Connection, conversation: ConversationId) -> Result<Option<Lost>> {
    let row = sqlx::query("SELECT branch, has_returned, told_at FROM lost_branches WHERE conversation = $1")
        .bind(conversation.as_bytes().as_slice())
        .fetch_optional(db)
        .await?;
    row.map(|row| {
        Ok(Lost {
            branch: LostBranch::decode(row.try_get("branch")?).map_err(|_| damaged("lost_branches"))?,
            has_returned: row.try_get::<i64, _>("has_returned")? == 1,
            told_at: row.try_get("told_at")?,
        })
    })
    .transpose()
}

pub(crate) async fn put(db: &mut Connection, conversation: ConversationId, branch: &LostBranch) -> Result<()> {
    sqlx::query(
        "INSERT INTO lost_branches (conversation, branch, has_returned) VALUES ($1, $2, 0)
         ON CONFLICT (conversation) DO UPDATE SET branch = excluded.branch, has_returned = 0, told_at = NULL",
    )
    .bind(conversation.as_bytes().as_slice())
    .bind(branch.encode())
    .execute(db)
    .await?;
    Ok(())
}

/// It was told when the log that is there ended at a place.
pub(crate) async fn set_told(db: &mut Connection, conversation: ConversationId, sequence: u64) -> Result<()> {
    sqlx::query("UPDATE lost_branches SET told_at = $2 WHERE conversation = $1")
        .bind(conversation.as_bytes().as_slice())
        .bind(signed(sequence))
        .execute(db)
        .await?;
    Ok(())
}

/// This device enters the group of the log that is there. The epochs that the lost changes began are over: nothing more can be said in them,
/// and others bear their numbers.
pub(crate) async fn set_returned(db: &mut Connection, conversation: ConversationId) -> Result<()> {
    for step in [
        "UPDATE lost_branches SET has_returned = 1 WHERE conversation = $1",
        "DELETE FROM conversation_keys WHERE conversation = $1
         AND epoch > (SELECT min(epoch) FROM lost_commits WHERE conversation = $1)",
        "UPDATE conversations SET epoch = (SELECT min(epoch) FROM lost_commits WHERE conversation = $1)
         WHERE id = $1 AND EXISTS (SELECT 1 FROM lost_commits WHERE conversation = $1)",
        "DELETE FROM lost_commits WHERE conversation = $1",
    ] {
        sqlx::query(step).bind(conversation.as_bytes().as_slice()).execute(&mut *db).await?;
    }
    Ok(())
}

pub(crate) async fn forget(db: &mut Connection, conversation: ConversationId) -> Result<()> {
    sqlx::query("DELETE FROM lost_branches WHERE conversation = $1").bind(conversation.as_bytes().as_slice()).execute(db).await?;
    Ok(())
}
