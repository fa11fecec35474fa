//! What heals after the relay was put back from a copy.

use async_trait::async_trait;
use bezel_protocol::envelope::EnvelopeHeader;
use bezel_protocol::log::{Place, SpineEntry};
use bezel_protocol::wire::Bytes;
use bezel_protocol::{ConversationId, DeviceId, Hash, Role, UserId, WorkspaceId};
use sqlx::Row as _;

use super::super::EngineUnit;
use super::conversation::{membership, suite};
use super::log::last;
use super::{hash, id, signed, unsigned};
use crate::store::{
    Caller, Conversation, Conversations as _, Healing, HealingLog, HealingState, JudgedCommit, Membership, NewGroup, StoreError,
};

#[async_trait]
impl Healing for EngineUnit<'_> {
    async fn is_copy(&mut self) -> Result<bool, StoreError> {
        self.relay()?;
        Ok(sqlx::query("SELECT 1 AS there FROM copies").fetch_optional(&mut *self.connection).await?.is_some())
    }

    async fn mark_as_copy(&mut self) -> Result<(), StoreError> {
        self.relay()?;
        sqlx::query("INSERT INTO copies (one) VALUES (1) ON CONFLICT (one) DO NOTHING").execute(&mut *self.connection).await?;
        Ok(())
    }

    async fn begin_healing(&mut self) -> Result<(), StoreError> {
        self.relay()?;
        for step in [
            "DELETE FROM copies",
            "DELETE FROM healing_devices",
            "DELETE FROM healing",
            "INSERT INTO healing (subject_id) SELECT conversation_id FROM group_conversations",
            "INSERT INTO healing (subject_id) SELECT workspace_id FROM workspaces",
            // What a copy revives and must not: sessions that ended, and key packages that were used. Their devices bring new ones.
            "DELETE FROM sessions",
            "DELETE FROM key_packages",
        ] {
            sqlx::query(step).execute(&mut *self.connection).await?;
        }
        Ok(())
    }

    async fn open_healings(&mut self) -> Result<Vec<[u8; 16]>, StoreError> {
        let rows = sqlx::query("SELECT subject_id FROM healing WHERE healed_at_ms IS NULL").fetch_all(&mut *self.connection).await?;
        rows.iter().map(|row| id(row, "subject_id", |bytes| bytes.try_into().ok())).collect()
    }

    async fn healing(&mut self, subject: [u8; 16]) -> Result<Option<HealingState>, StoreError> {
        let row = sqlx::query("SELECT first_at_ms, healed_at_ms FROM healing WHERE subject_id = $1")
            .bind(subject.as_slice())
            .fetch_optional(&mut *self.connection)
            .await?;
        row.map(|row| Ok(HealingState { first_at_ms: row.try_get("first_at_ms")?, healed_at_ms: row.try_get("healed_at_ms")? })).transpose()
    }

    async fn note_compared(
        &mut self,
        subject: [u8; 16],
        (device, user): (DeviceId, UserId),
        follows: bool,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        self.relay()?;
        sqlx::query("UPDATE healing SET first_at_ms = coalesce(first_at_ms, $2) WHERE subject_id = $1")
            .bind(subject.as_slice())
            .bind(now_ms)
            .execute(&mut *self.connection)
            .await?;
        sqlx::query(
            "INSERT INTO healing_devices (subject_id, device_id, user_id, follows) VALUES ($1, $2, $3, $4)
             ON CONFLICT (subject_id, device_id) DO UPDATE SET user_id = excluded.user_id, follows = excluded.follows",
        )
        .bind(subject.as_slice())
        .bind(device.as_bytes().as_slice())
        .bind(user.as_bytes().as_slice())
        .bind(i64::from(follows))
        .execute(&mut *self.connection)
        .await?;
        Ok(())
    }

    async fn compared(&mut self, subject: [u8; 16]) -> Result<Vec<(DeviceId, UserId, bool)>, StoreError> {
        self.relay()?;
        let rows = sqlx::query(
            "SELECT device_id, user_id, follows FROM healing_devices WHERE subject_id = $1
             UNION ALL
             SELECT d.device_id, d.user_id, 1 AS follows
             FROM healing h
             JOIN group_devices d ON d.conversation_id = h.subject_id AND d.joined_sequence > h.healed_sequence
             WHERE h.subject_id = $1",
        )
        .bind(subject.as_slice())
        .fetch_all(&mut *self.connection)
        .await?;
        rows.iter()
            .map(|row| {
                let device = id(row, "device_id", DeviceId::from_slice)?;
                Ok((device, id(row, "user_id", UserId::from_slice)?, row.try_get::<i64, _>("follows")? == 1))
            })
            .collect()
    }

    async fn end_healing(&mut self, subject: [u8; 16], now_ms: i64, place: Option<Place>) -> Result<(), StoreError> {
        self.relay()?;
        sqlx::query("UPDATE healing SET healed_at_ms = $2, healed_sequence = $3 WHERE subject_id = $1 AND healed_at_ms IS NULL")
            .bind(subject.as_slice())
            .bind(now_ms)
            .bind(place.map(|place| signed(place.sequence)))
            .execute(&mut *self.connection)
            .await?;
        Ok(())
    }

    async fn healing_log(&mut self, conversation: ConversationId, workspace: WorkspaceId) -> Result<Option<HealingLog>, StoreError> {
        self.relay()?;
        let row = sqlx::query(
            "SELECT suite, epoch, last_sequence, last_hash, last_roster FROM group_conversations
             WHERE conversation_id = $1 AND workspace_id = $2",
        )
        .bind(conversation.as_bytes().as_slice())
        .bind(workspace.as_bytes().as_slice())
        .fetch_optional(&mut *self.connection)
        .await?;
        row.map(|row| {
            Ok(HealingLog {
                id: conversation,
                suite: suite(&row)?,
                epoch: unsigned(&row, "epoch")?,
                last: last(&row)?,
                last_roster: unsigned(&row, "last_roster")?,
            })
        })
        .transpose()
    }

    async fn healing_members(&mut self, conversation: ConversationId) -> Result<Membership, StoreError> {
        self.relay()?;
        let members = sqlx::query("SELECT user_id, role FROM group_members WHERE conversation_id = $1 ORDER BY user_id")
            .bind(conversation.as_bytes().as_slice())
            .fetch_all(&mut *self.connection)
            .await?;
        let devices = sqlx::query("SELECT device_id, user_id FROM group_devices WHERE conversation_id = $1 ORDER BY device_id")
            .bind(conversation.as_bytes().as_slice())
            .fetch_all(&mut *self.connection)
            .await?;
        membership(&members, &devices)
    }

    async fn chain_at(&mut self, conversation: ConversationId, sequence: u64) -> Result<Option<Hash>, StoreError> {
        self.relay()?;
        if sequence == Place::START.sequence {
            return Ok(Some(Place::START.hash));
        }
        let row = sqlx::query("SELECT hash FROM conversation_log WHERE conversation_id = $1 AND sequence = $2")
            .bind(conversation.as_bytes().as_slice())
            .bind(signed(sequence))
            .fetch_optional(&mut *self.connection)
            .await?;
        row.map(|row| hash(&row, "hash")).transpose()
    }

    async fn is_message_taken(&mut self, header: &EnvelopeHeader) -> Result<bool, StoreError> {
        self.relay()?;
        let row = sqlx::query(
            "SELECT 1 AS there FROM encrypted_message_metadata
             WHERE conversation_id = $1 AND device_id = $2 AND (message_id = $3 OR counter = $4) LIMIT 1",
        )
        .bind(header.conversation.as_bytes().as_slice())
        .bind(header.device.as_bytes().as_slice())
        .bind(header.message.as_bytes().as_slice())
        .bind(signed(header.counter))
        .fetch_optional(&mut *self.connection)
        .await?;
        Ok(row.is_some())
    }

    async fn put_back_envelope(
        &mut self,
        log: &HealingLog,
        entry: &SpineEntry,
        (header, envelope): (&EnvelopeHeader, &[u8]),
    ) -> Result<Place, StoreError> {
        let place = self.put_back_entry(log, entry, Some(envelope)).await?;
        sqlx::query(
            "INSERT INTO encrypted_message_metadata (conversation_id, sequence, device_id, message_id, counter, epoch, size_bytes)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(log.id.as_bytes().as_slice())
        .bind(signed(place.sequence))
        .bind(header.device.as_bytes().as_slice())
        .bind(header.message.as_bytes().as_slice())
        .bind(signed(header.counter))
        .bind(signed(header.epoch))
        .bind(signed(envelope.len() as u64))
        .execute(&mut *self.connection)
        .await?;
        Ok(place)
    }

    async fn healing_group(&mut self, conversation: ConversationId) -> Result<Option<(Vec<u8>, bool)>, StoreError> {
        self.relay()?;
        let row = sqlx::query("SELECT observer, length(group_info) > 0 AS has_info FROM group_conversations WHERE conversation_id = $1")
            .bind(conversation.as_bytes().as_slice())
            .fetch_optional(&mut *self.connection)
            .await?;
        row.map(|row| Ok((row.try_get("observer")?, row.try_get::<i64, _>("has_info")? == 1))).transpose()
    }

    async fn put_back_conversation(&mut self, author: Caller, group: &NewGroup, stamp: (i64, u64)) -> Result<Place, StoreError> {
        self.relay()?;
        let place = EngineUnit { connection: &mut *self.connection, caller: author }.insert_conversation(group, stamp).await?;
        sqlx::query("INSERT INTO healing (subject_id) VALUES ($1)")
            .bind(group.conversation.as_bytes().as_slice())
            .execute(&mut *self.connection)
            .await?;
        Ok(place)
    }

    async fn put_back_commit(
        &mut self,
        author: Caller,
        log: &HealingLog,
        commit: &JudgedCommit,
        stamp: (i64, u64),
    ) -> Result<Option<Place>, StoreError> {
        self.relay()?;
        let conversation = conversation(log);
        let mut by_author = EngineUnit { connection: &mut *self.connection, caller: author };
        Ok(by_author.apply_commit(&conversation, commit, stamp).await?.place())
    }

    async fn put_back_leave(
        &mut self,
        author: Caller,
        log: &HealingLog,
        (entry, observer): (&Bytes, &[u8]),
        stamp: (i64, u64),
    ) -> Result<Option<Place>, StoreError> {
        self.relay()?;
        let conversation = conversation(log);
        let mut by_author = EngineUnit { connection: &mut *self.connection, caller: author };
        Ok(by_author.apply_leave(&conversation, entry, observer, stamp).await?.place())
    }

    async fn put_group_info(&mut self, conversation: ConversationId, epoch: u64, group_info: &[u8]) -> Result<bool, StoreError> {
        self.relay()?;
        let kept = sqlx::query(
            "UPDATE group_conversations SET group_info = $3 WHERE conversation_id = $1 AND epoch = $2 AND length(group_info) = 0",
        )
        .bind(conversation.as_bytes().as_slice())
        .bind(signed(epoch))
        .bind(group_info)
        .execute(&mut *self.connection)
        .await?;
        Ok(kept.rows_affected() == 1)
    }

    async fn put_back_entry(&mut self, log: &HealingLog, entry: &SpineEntry, bytes: Option<&[u8]>) -> Result<Place, StoreError> {
        self.relay()?;
        let id = log.id;
        let [place] = self.append(&conversation(log), &[*entry]).await?.try_into().map_err(|_| StoreError::Damaged("log"))?;
        if let Some(bytes) = bytes {
            sqlx::query("INSERT INTO message_envelopes (conversation_id, sequence, envelope) VALUES ($1, $2, $3)")
                .bind(id.as_bytes().as_slice())
                .bind(signed(place.sequence))
                .bind(bytes)
                .execute(&mut *self.connection)
                .await?;
        }
        Ok(place)
    }

    async fn begin_trial(&mut self) -> Result<(), StoreError> {
        self.relay()?;
        sqlx::query("SAVEPOINT trial").execute(&mut *self.connection).await?;
        Ok(())
    }

    async fn end_trial(&mut self, keep: bool) -> Result<(), StoreError> {
        self.relay()?;
        if !keep {
            sqlx::query("ROLLBACK TO trial").execute(&mut *self.connection).await?;
        }
        sqlx::query("RELEASE trial").execute(&mut *self.connection).await?;
        Ok(())
    }
}

/// The log as the rest of the queries know it. The role is nobody's: an append does not ask for it.
const fn conversation(log: &HealingLog) -> Conversation {
    let HealingLog { id, suite, epoch, last, last_roster } = *log;
    Conversation { id, suite, epoch, last, last_roster, role: Role::ReadOnly }
}
