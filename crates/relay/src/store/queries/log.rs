//! The logs of conversations: the next places, and the chain over them.

use async_trait::async_trait;
use bezel_protocol::log::{EntryKind, Generation, Place, Spine, SpineEntry};
use bezel_protocol::{ConversationId, Hash};
use sqlx::Row as _;

use super::super::{EngineUnit, Row};
use super::{hash, id, signed, unsigned};
use crate::store::{Conversation, Logs, StoreError};

#[async_trait]
impl Logs for EngineUnit<'_> {
    async fn hash_at(&mut self, conversation: ConversationId, sequence: u64) -> Result<Option<Hash>, StoreError> {
        let (_, user, _) = self.device()?;
        if sequence == Place::START.sequence {
            return Ok(Some(Place::START.hash));
        }
        let row = sqlx::query(
            "SELECT l.hash
             FROM conversation_log l
             JOIN group_members m ON m.conversation_id = l.conversation_id AND m.user_id = $3
             WHERE l.conversation_id = $1 AND l.sequence = $2",
        )
        .bind(conversation.as_bytes().as_slice())
        .bind(signed(sequence))
        .bind(user.as_bytes().as_slice())
        .fetch_optional(&mut *self.connection)
        .await?;
        row.map(|row| hash(&row, "hash")).transpose()
    }

    async fn log_reach(&mut self, conversation: ConversationId) -> Result<Option<u64>, StoreError> {
        let (_, user, _) = self.device()?;
        let row = sqlx::query(
            "SELECT c.last_sequence AS reach
             FROM group_conversations c
             JOIN group_members m ON m.conversation_id = c.conversation_id AND m.user_id = $2
             WHERE c.conversation_id = $1
             UNION ALL
             SELECT r.sequence AS reach FROM group_removals r WHERE r.conversation_id = $1 AND r.user_id = $2
             ORDER BY reach DESC LIMIT 1",
        )
        .bind(conversation.as_bytes().as_slice())
        .bind(user.as_bytes().as_slice())
        .fetch_optional(&mut *self.connection)
        .await?;
        row.map(|row| unsigned(&row, "reach")).transpose()
    }

    async fn spine(&mut self, conversation: ConversationId, first: u64, last: u64, limit: u32) -> Result<Spine, StoreError> {
        let Some(reach) = self.log_reach(conversation).await? else { return Ok(Spine::new([])) };
        let rows = sqlx::query(
            "SELECT kind, stored_at_ms, roster, sha256 FROM conversation_log
             WHERE conversation_id = $1 AND sequence BETWEEN $2 AND $3
             ORDER BY sequence LIMIT $4",
        )
        .bind(conversation.as_bytes().as_slice())
        .bind(signed(first))
        .bind(signed(last.min(reach)))
        .bind(i64::from(limit))
        .fetch_all(&mut *self.connection)
        .await?;
        Ok(Spine::new(rows.iter().map(entry).collect::<Result<Vec<_>, _>>()?))
    }

    async fn log_head(&mut self, conversation: ConversationId) -> Result<Option<(Place, u64)>, StoreError> {
        let Some(reach) = self.log_reach(conversation).await? else { return Ok(None) };
        let row = sqlx::query(
            "SELECT l.sequence AS last_sequence, l.hash AS last_hash,
                    CASE WHEN l.sequence = c.last_sequence THEN c.epoch ELSE
                        (SELECT count(*) FROM conversation_encryption_keys k
                         WHERE k.conversation_id = l.conversation_id AND k.sequence <= l.sequence)
                    END AS epoch
             FROM conversation_log l JOIN group_conversations c ON c.conversation_id = l.conversation_id
             WHERE l.conversation_id = $1 AND l.sequence = $2",
        )
        .bind(conversation.as_bytes().as_slice())
        .bind(signed(reach))
        .fetch_optional(&mut *self.connection)
        .await?;
        row.map(|row| Ok((last(&row)?, unsigned(&row, "epoch")?))).transpose()
    }

    async fn log_heads(&mut self) -> Result<Vec<(ConversationId, Place, u64)>, StoreError> {
        let (_, user, _) = self.device()?;
        let rows = sqlx::query(
            "SELECT c.conversation_id, c.last_sequence, c.last_hash, c.epoch
             FROM group_members m JOIN group_conversations c ON c.conversation_id = m.conversation_id
             WHERE m.user_id = $1 ORDER BY m.conversation_id",
        )
        .bind(user.as_bytes().as_slice())
        .fetch_all(&mut *self.connection)
        .await?;
        rows.iter().map(|row| Ok((id(row, "conversation_id", ConversationId::from_slice)?, last(row)?, unsigned(row, "epoch")?))).collect()
    }

    async fn generation(&mut self) -> Result<Option<Generation>, StoreError> {
        let row =
            sqlx::query("SELECT generation FROM generations ORDER BY number DESC LIMIT 1").fetch_optional(&mut *self.connection).await?;
        row.map(|row| id(&row, "generation", Generation::from_slice)).transpose()
    }

    async fn is_first_generation(&mut self) -> Result<bool, StoreError> {
        let row = sqlx::query("SELECT count(*) AS generations FROM generations").fetch_one(&mut *self.connection).await?;
        Ok(unsigned(&row, "generations")? <= 1)
    }

    async fn begin_generation(&mut self, generation: Generation) -> Result<(), StoreError> {
        self.relay()?;
        sqlx::query("INSERT INTO generations (generation) VALUES ($1)")
            .bind(generation.as_bytes().as_slice())
            .execute(&mut *self.connection)
            .await?;
        Ok(())
    }
}

impl EngineUnit<'_> {
    /// Gives entries, which bear one stamp, the places behind the end of a log, and returns these.
    pub(super) async fn append(&mut self, log: &Conversation, entries: &[SpineEntry]) -> Result<Vec<Place>, StoreError> {
        let conversation = log.id;
        let mut places = Vec::with_capacity(entries.len());
        let mut place = log.last;
        for entry in entries {
            place = place.next(entry);
            sqlx::query(
                "INSERT INTO conversation_log (conversation_id, sequence, kind, stored_at_ms, sha256, hash, roster)
                 VALUES ($1, $2, $3, $4, $5, $6, $7)",
            )
            .bind(conversation.as_bytes().as_slice())
            .bind(signed(place.sequence))
            .bind(i64::from(u8::from(entry.kind)))
            .bind(entry.stored_at_ms)
            .bind(entry.sha256.as_bytes().as_slice())
            .bind(place.hash.as_bytes().as_slice())
            .bind(signed(entry.roster))
            .execute(&mut *self.connection)
            .await?;
            places.push(place);
        }
        sqlx::query("UPDATE group_conversations SET last_sequence = $2, last_hash = $3, last_roster = $4 WHERE conversation_id = $1")
            .bind(conversation.as_bytes().as_slice())
            .bind(signed(place.sequence))
            .bind(place.hash.as_bytes().as_slice())
            .bind(signed(entries.last().map_or(log.last_roster, |entry| entry.roster)))
            .execute(&mut *self.connection)
            .await?;
        Ok(places)
    }
}

/// Where the log of a row of `group_conversations` ends.
pub(super) fn last(row: &Row) -> Result<Place, StoreError> {
    Ok(Place { sequence: unsigned(row, "last_sequence")?, hash: hash(row, "last_hash")? })
}

fn entry(row: &Row) -> Result<SpineEntry, StoreError> {
    let kind = u8::try_from(unsigned(row, "kind")?).ok().and_then(|kind| EntryKind::try_from(kind).ok());
    Ok(SpineEntry {
        kind: kind.ok_or(StoreError::Damaged("kind of an entry"))?,
        stored_at_ms: row.try_get("stored_at_ms")?,
        roster: unsigned(row, "roster")?,
        sha256: hash(row, "sha256")?,
    })
}
