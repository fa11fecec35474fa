//! The bytes of entries as they were signed, kept for a relay that loses them: the newest 30 days, as far as there is room.

use bezel_protocol::ConversationId;
use sqlx::Row as _;

use super::Connection;
use super::row::signed;
use crate::clock::DAY_MS;
use crate::error::Result;

/// So long bytes are kept.
pub(crate) const KEPT_MS: i64 = 30 * DAY_MS;
/// So many of them in a home.
pub(crate) const MAX_BYTES: u64 = 256 << 20;

/// Keeps the bytes of an entry.
pub(crate) async fn keep(
    db: &mut Connection,
    conversation: ConversationId,
    (sequence, stored_at_ms): (u64, i64),
    bytes: &[u8],
) -> Result<()> {
    sqlx::query(
        "INSERT INTO entries (conversation, sequence, stored_at_ms, size, bytes) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (conversation, sequence) DO NOTHING",
    )
    .bind(conversation.as_bytes().as_slice())
    .bind(signed(sequence))
    .bind(stored_at_ms)
    .bind(signed(bytes.len() as u64))
    .bind(bytes)
    .execute(db)
    .await?;
    Ok(())
}

pub(crate) async fn get(db: &mut Connection, conversation: ConversationId, sequence: u64) -> Result<Option<Vec<u8>>> {
    let row = sqlx::query("SELECT bytes FROM entries WHERE conversation = $1 AND sequence = $2")
        .bind(conversation.as_bytes().as_slice())
        .bind(signed(sequence))
        .fetch_optional(db)
        .await?;
    Ok(row.map(|row| row.try_get("bytes")).transpose()?)
}

/// Deletes what is too old, and of the rest the oldest for which there is no room.
pub(crate) async fn prune(db: &mut Connection, now_ms: i64, max_bytes: u64) -> Result<()> {
    sqlx::query("DELETE FROM entries WHERE stored_at_ms < $1").bind(now_ms - KEPT_MS).execute(&mut *db).await?;
    sqlx::query(
        "DELETE FROM entries WHERE rowid IN (
             SELECT rowid FROM (SELECT rowid, sum(size) OVER (ORDER BY stored_at_ms DESC, rowid DESC) AS newer FROM entries)
             WHERE newer > $1)",
    )
    .bind(signed(max_bytes))
    .execute(db)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use bezel_crypto::Secret;
    use bezel_protocol::Suite;

    use super::*;
    use crate::cache::Cache;

    /// A relay that loses months gets back a month; a home that holds a busy shop does not fill the disk.
    #[tokio::test(flavor = "multi_thread")]
    async fn bytes_are_kept_for_thirty_days_and_as_far_as_there_is_room() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(&folder.path().join("member.db"), &Secret::from_slice(&[7; 32]).unwrap(), true).await.unwrap();
        let ring = ConversationId::from_bytes([1; 16]);
        let mut tx = cache.begin().await.unwrap();
        sqlx::query(
            "INSERT INTO conversations (id, suite, title, epoch, authenticator, created_at_ms, rotated_at_ms, first_sequence, last_sequence,
                                        last_hash, judged_sequence, read_sequence, updated_at_ms)
             VALUES ($1, $2, '', 0, x'', 0, 0, 0, 0, x'', 0, 0, 0)",
        )
        .bind(ring.as_bytes().as_slice())
        .bind(i64::from(Suite::P384Aes256.code()))
        .execute(&mut *tx)
        .await
        .unwrap();
        for (sequence, day) in [(1, 5), (2, 20), (3, 30), (4, 31)] {
            keep(&mut tx, ring, (sequence, day * DAY_MS), &[u8::try_from(sequence).unwrap(); 100]).await.unwrap();
        }
        keep(&mut tx, ring, (4, 31 * DAY_MS), b"other bytes").await.unwrap();
        prune(&mut tx, 40 * DAY_MS, 250).await.unwrap();
        let mut kept = Vec::new();
        for sequence in 1..=4 {
            kept.push(get(&mut tx, ring, sequence).await.unwrap().map(|bytes| bytes.len()));
        }
        assert_eq!(kept, [None, None, Some(100), Some(100)], "the first is too old, and there is room for two of the others");
        drop(tx);
        cache.close().await;
    }
}
