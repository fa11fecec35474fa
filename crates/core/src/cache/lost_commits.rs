//! Commits that were verified here and that the healed log lacks so far.

use bezel_protocol::{ConversationId, Hash};
use sqlx::Row as _;

use super::row::signed;
use super::{Connection, hash, unsigned};
use crate::error::Result;

/// A commit that has no place.
pub(crate) struct LostCommit {
    /// The epoch that it ended.
    pub(crate) epoch: u64,
    /// Its place in the log that was lost.
    pub(crate) sequence: u64,
    /// SHA-256 of the entry.
    pub(crate) sha256: Hash,
    /// The entry, where it was kept.
    pub(crate) entry: Option<Vec<u8>>,
}

/// Notes the verified commits behind a place as lost. Returns whether there are any.
pub(crate) async fn note(db: &mut Connection, conversation: ConversationId, (shared, judged): (u64, u64), newest: u64) -> Result<bool> {
    // Those that were lost before follow them.
    let next = first(db, conversation).await?.map_or(newest, |lost| lost.epoch);
    let rows = sqlx::query(
        "SELECT s.sequence, s.sha256, e.bytes
         FROM spine s LEFT JOIN entries e ON e.conversation = s.conversation AND e.sequence = s.sequence
         WHERE s.conversation = $1 AND s.kind = 2 AND s.sequence > $2 AND s.sequence <= $3 ORDER BY s.sequence DESC",
    )
    .bind(conversation.as_bytes().as_slice())
    .bind(signed(shared))
    .bind(signed(judged))
    .fetch_all(&mut *db)
    .await?;
    for (row, back) in rows.iter().zip(1_u64..) {
        sqlx::query("INSERT INTO lost_commits (conversation, epoch, sequence, sha256, entry) VALUES ($1, $2, $3, $4, $5)")
            .bind(conversation.as_bytes().as_slice())
            .bind(signed(next.saturating_sub(back)))
            .bind(signed(unsigned(row, "sequence")?))
            .bind(hash(row, "sha256")?.as_bytes().as_slice())
            .bind(row.try_get::<Option<Vec<u8>>, _>("bytes")?)
            .execute(&mut *db)
            .await?;
    }
    Ok(first(db, conversation).await?.is_some())
}

/// The first of them.
pub(crate) async fn first(db: &mut Connection, conversation: ConversationId) -> Result<Option<LostCommit>> {
    let row = sqlx::query("SELECT epoch, sequence, sha256, entry FROM lost_commits WHERE conversation = $1 ORDER BY epoch LIMIT 1")
        .bind(conversation.as_bytes().as_slice())
        .fetch_optional(db)
        .await?;
    row.map(|row| {
        Ok(LostCommit {
            epoch: unsigned(&row, "epoch")?,
            sequence: unsigned(&row, "sequence")?,
            sha256: hash(&row, "sha256")?,
            entry: row.try_get("entry")?,
        })
    })
    .transpose()
}

/// A lost commit stands at another place now: the epochs that it parts do so there.
pub(crate) async fn found(db: &mut Connection, conversation: ConversationId, lost: &LostCommit, sequence: u64) -> Result<()> {
    for (step, epoch) in [
        ("UPDATE conversation_keys SET ended_at = $3 WHERE conversation = $1 AND epoch = $2", lost.epoch),
        ("UPDATE conversation_keys SET began_at = $3 WHERE conversation = $1 AND epoch = $2", lost.epoch + 1),
        ("UPDATE conversations SET judged_sequence = $3 WHERE id = $1 AND epoch > $2", lost.epoch),
        // Who had left is out of the group by the first commit that is found again.
        ("UPDATE conversation_leaves SET ended_at = $3 WHERE conversation = $1 AND ended_at = 9223372036854775807 AND $2 >= 0", lost.epoch),
        ("UPDATE conversations SET first_sequence = $3 WHERE id = $1 AND first_sequence = $2", lost.sequence),
    ] {
        sqlx::query(step).bind(conversation.as_bytes().as_slice()).bind(signed(epoch)).bind(signed(sequence)).execute(&mut *db).await?;
    }
    sqlx::query("DELETE FROM lost_commits WHERE conversation = $1 AND epoch = $2")
        .bind(conversation.as_bytes().as_slice())
        .bind(signed(lost.epoch))
        .execute(db)
        .await?;
    Ok(())
}
