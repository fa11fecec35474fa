//! Conversations: their members, their commits, the welcomes into them.

use std::collections::BTreeMap;

use async_trait::async_trait;
use bezel_protocol::log::{EntryKind, Place, SpineEntry};
use bezel_protocol::wire::{Bytes, GroupState, StoredCommit, StoredLeave, Welcome};
use bezel_protocol::{ConversationId, DeviceId, Hash, Role, Suite, UserId};
use sqlx::Row as _;

use super::super::{EngineUnit, Row};
use super::log::last;
use super::{id, page_of, signed, unsigned};
use crate::store::{Committed, Conversation, Conversations, JudgedCommit, Logs as _, Membership, NewGroup, StoreError};

#[async_trait]
impl Conversations for EngineUnit<'_> {
    async fn is_conversation(&mut self, conversation: ConversationId) -> Result<bool, StoreError> {
        self.device()?;
        let row = sqlx::query("SELECT 1 AS there FROM group_conversations WHERE conversation_id = $1")
            .bind(conversation.as_bytes().as_slice())
            .fetch_optional(&mut *self.connection)
            .await?;
        Ok(row.is_some())
    }

    async fn insert_conversation(&mut self, new: &NewGroup, (now_ms, roster): (i64, u64)) -> Result<Place, StoreError> {
        let (workspace, user, device) = self.device()?;
        sqlx::query(
            "INSERT INTO group_conversations
                 (conversation_id, workspace_id, suite, epoch, last_sequence, last_hash, last_roster, begin, group_info, observer, created_at_ms)
             VALUES ($1, $2, $3, 0, $4, $5, 0, $6, $7, $8, $9)",
        )
        .bind(new.conversation.as_bytes().as_slice())
        .bind(workspace.as_bytes().as_slice())
        .bind(i64::from(new.suite.code()))
        .bind(signed(Place::START.sequence))
        .bind(Place::START.hash.as_bytes().as_slice())
        .bind(new.begin.as_ref())
        .bind(new.group_info.as_ref())
        .bind(new.observer.as_slice())
        .bind(now_ms)
        .execute(&mut *self.connection)
        .await?;
        let entry = SpineEntry { kind: EntryKind::Begin, stored_at_ms: now_ms, roster, sha256: Hash::of(new.begin.as_ref()) };
        let log = Conversation { id: new.conversation, suite: new.suite, epoch: 0, last: Place::START, last_roster: 0, role: Role::Owner };
        let [place] = self.append(&log, &[entry]).await?.try_into().map_err(|_| StoreError::Damaged("log"))?;
        self.put_member(new.conversation, (user, Role::Owner), place.sequence).await?;
        self.insert_group_device(new.conversation, device, user, place.sequence).await?;
        Ok(place)
    }

    async fn conversation(&mut self, conversation: ConversationId) -> Result<Option<Conversation>, StoreError> {
        let (_, _, device) = self.device()?;
        let row = sqlx::query(
            "SELECT c.suite, c.epoch, c.last_sequence, c.last_hash, c.last_roster, m.role
             FROM group_conversations c
             JOIN group_devices d ON d.conversation_id = c.conversation_id AND d.device_id = $2
             JOIN group_members m ON m.conversation_id = c.conversation_id AND m.user_id = d.user_id
             WHERE c.conversation_id = $1",
        )
        .bind(conversation.as_bytes().as_slice())
        .bind(device.as_bytes().as_slice())
        .fetch_optional(&mut *self.connection)
        .await?;
        row.map(|row| found(conversation, &row)).transpose()
    }

    async fn conversation_of_member(&mut self, conversation: ConversationId) -> Result<Option<Conversation>, StoreError> {
        let (_, user, _) = self.device()?;
        let row = sqlx::query(
            "SELECT c.suite, c.epoch, c.last_sequence, c.last_hash, c.last_roster, m.role
             FROM group_conversations c
             JOIN group_members m ON m.conversation_id = c.conversation_id AND m.user_id = $2
             WHERE c.conversation_id = $1",
        )
        .bind(conversation.as_bytes().as_slice())
        .bind(user.as_bytes().as_slice())
        .fetch_optional(&mut *self.connection)
        .await?;
        row.map(|row| found(conversation, &row)).transpose()
    }

    async fn membership(&mut self, conversation: ConversationId) -> Result<Membership, StoreError> {
        let (_, user, _) = self.device()?;
        let members = sqlx::query(
            "SELECT m.user_id, m.role
             FROM group_members m
             JOIN group_members own ON own.conversation_id = m.conversation_id AND own.user_id = $2
             WHERE m.conversation_id = $1 ORDER BY m.user_id",
        )
        .bind(conversation.as_bytes().as_slice())
        .bind(user.as_bytes().as_slice())
        .fetch_all(&mut *self.connection)
        .await?;
        let devices = sqlx::query(
            "SELECT d.device_id, d.user_id
             FROM group_devices d
             JOIN group_members own ON own.conversation_id = d.conversation_id AND own.user_id = $2
             WHERE d.conversation_id = $1 ORDER BY d.device_id",
        )
        .bind(conversation.as_bytes().as_slice())
        .bind(user.as_bytes().as_slice())
        .fetch_all(&mut *self.connection)
        .await?;
        membership(&members, &devices)
    }

    async fn observer(&mut self, conversation: ConversationId) -> Result<Option<Vec<u8>>, StoreError> {
        let (_, user, _) = self.device()?;
        let row = sqlx::query(
            "SELECT c.observer
             FROM group_conversations c
             JOIN group_members m ON m.conversation_id = c.conversation_id AND m.user_id = $2
             WHERE c.conversation_id = $1",
        )
        .bind(conversation.as_bytes().as_slice())
        .bind(user.as_bytes().as_slice())
        .fetch_optional(&mut *self.connection)
        .await?;
        Ok(row.map(|row| row.try_get("observer")).transpose()?)
    }

    async fn count_commits(&mut self, conversation: ConversationId, from_ms: i64) -> Result<u64, StoreError> {
        let (_, _, device) = self.device()?;
        let row = sqlx::query(
            "SELECT count(*) AS made FROM conversation_encryption_keys
             WHERE conversation_id = $1 AND committer_device_id = $2 AND stored_at_ms >= $3",
        )
        .bind(conversation.as_bytes().as_slice())
        .bind(device.as_bytes().as_slice())
        .bind(from_ms)
        .fetch_one(&mut *self.connection)
        .await?;
        unsigned(&row, "made")
    }

    async fn apply_commit(
        &mut self,
        conversation: &Conversation,
        commit: &JudgedCommit,
        (now_ms, roster): (i64, u64),
    ) -> Result<Committed, StoreError> {
        let (_, user, committer) = self.device()?;
        let Some(now) = self.conversation_of_member(conversation.id).await? else { return Ok(Committed::StaleEpoch) };
        if self.has_left_behind(conversation).await? {
            return Ok(Committed::Overtaken);
        }
        if now.last_roster > roster {
            return Ok(Committed::StaleRoster(now.last_roster));
        }
        let before = self.membership(conversation.id).await?;
        if !self.end_epoch(conversation, commit, user).await? {
            return Ok(Committed::StaleEpoch);
        }
        let entry = SpineEntry { kind: EntryKind::Commit, stored_at_ms: now_ms, roster, sha256: Hash::of(commit.entry.as_ref()) };
        let [place] = self.append(&now, &[entry]).await?.try_into().map_err(|_| StoreError::Damaged("log"))?;
        self.insert_commit(conversation, commit, committer, (place.sequence, now_ms)).await?;
        self.replace_members(conversation.id, (&before, &commit.after), place.sequence).await?;
        let (was, is): (BTreeMap<_, _>, BTreeMap<_, _>) =
            (before.devices.into_iter().collect(), commit.after.devices.iter().copied().collect());
        for device in was.keys().filter(|device| !is.contains_key(device)) {
            self.remove_group_device(conversation.id, *device, place.sequence).await?;
        }
        for (device, user) in is.iter().filter(|(device, _)| !was.contains_key(device)) {
            self.insert_group_device(conversation.id, *device, *user, place.sequence).await?;
        }
        for welcome in &commit.welcomes {
            self.put_welcome(conversation, welcome, (place.sequence, now_ms)).await?;
        }
        Ok(Committed::At(place))
    }

    async fn apply_leave(
        &mut self,
        conversation: &Conversation,
        entry: &Bytes,
        observer: &[u8],
        (now_ms, roster): (i64, u64),
    ) -> Result<Committed, StoreError> {
        let (_, user, _) = self.device()?;
        let Some(now) = self.conversation_of_member(conversation.id).await? else { return Ok(Committed::StaleEpoch) };
        if now.epoch != conversation.epoch {
            return Ok(Committed::StaleEpoch);
        }
        if self.has_left_behind(conversation).await? {
            return Ok(Committed::Overtaken);
        }
        if now.last_roster > roster {
            return Ok(Committed::StaleRoster(now.last_roster));
        }
        let before = self.membership(conversation.id).await?;
        let spine = SpineEntry { kind: EntryKind::Leave, stored_at_ms: now_ms, roster, sha256: Hash::of(entry.as_ref()) };
        let [place] = self.append(&now, &[spine]).await?.try_into().map_err(|_| StoreError::Damaged("log"))?;
        self.insert_leave(conversation.id, entry, observer, (user, place.sequence, now_ms)).await?;
        for (device, _) in before.devices.iter().filter(|(_, of)| *of == user) {
            self.remove_group_device(conversation.id, *device, place.sequence).await?;
        }
        Ok(Committed::At(place))
    }

    async fn leaves(&mut self, conversation: ConversationId, (after, to): (u64, u64), limit: u32) -> Result<Vec<StoredLeave>, StoreError> {
        let Some(reach) = self.log_reach(conversation).await? else { return Ok(Vec::new()) };
        let rows = sqlx::query(
            "SELECT sequence, entry, stored_at_ms FROM conversation_leaves
             WHERE conversation_id = $1 AND sequence > $2 AND sequence <= $3 ORDER BY sequence LIMIT $4",
        )
        .bind(conversation.as_bytes().as_slice())
        .bind(signed(after))
        .bind(signed(to.min(reach)))
        .bind(i64::from(limit))
        .fetch_all(&mut *self.connection)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(StoredLeave {
                    sequence: unsigned(row, "sequence")?,
                    entry: Bytes(row.try_get("entry")?),
                    stored_at_ms: row.try_get("stored_at_ms")?,
                })
            })
            .collect()
    }

    async fn begin_entry(&mut self, conversation: ConversationId) -> Result<Option<Bytes>, StoreError> {
        if self.log_reach(conversation).await?.is_none() {
            return Ok(None);
        }
        let row = sqlx::query("SELECT begin FROM group_conversations WHERE conversation_id = $1")
            .bind(conversation.as_bytes().as_slice())
            .fetch_optional(&mut *self.connection)
            .await?;
        Ok(row.map(|row| row.try_get("begin").map(Bytes)).transpose()?)
    }

    async fn commits(
        &mut self,
        conversation: ConversationId,
        (from, to): (u64, u64),
        limit: u32,
        max_bytes: usize,
    ) -> Result<Vec<StoredCommit>, StoreError> {
        let Some(reach) = self.log_reach(conversation).await? else { return Ok(Vec::new()) };
        let rows = sqlx::query(
            "SELECT epoch, sequence, entry, stored_at_ms FROM conversation_encryption_keys
             WHERE conversation_id = $1 AND epoch >= $2 AND sequence <= $3 ORDER BY epoch LIMIT $4",
        )
        .bind(conversation.as_bytes().as_slice())
        .bind(signed(from))
        .bind(signed(to.min(reach)))
        .bind(i64::from(limit))
        .fetch(&mut *self.connection);
        page_of(rows, max_bytes, commit, |commit| commit.entry.0.len()).await
    }

    async fn group_state(&mut self, conversation: ConversationId) -> Result<Option<GroupState>, StoreError> {
        let (_, user, _) = self.device()?;
        let row = sqlx::query(
            "SELECT c.suite, c.epoch, c.group_info
             FROM group_conversations c
             JOIN group_members m ON m.conversation_id = c.conversation_id AND m.user_id = $2
             WHERE c.conversation_id = $1",
        )
        .bind(conversation.as_bytes().as_slice())
        .bind(user.as_bytes().as_slice())
        .fetch_optional(&mut *self.connection)
        .await?;
        row.map(|row| {
            Ok(GroupState { epoch: unsigned(&row, "epoch")?, suite: suite(&row)?, group_info: Bytes(row.try_get("group_info")?) })
        })
        .transpose()
    }

    async fn welcomes(&mut self, limit: u32, max_bytes: usize) -> Result<Vec<Welcome>, StoreError> {
        let (_, _, device) = self.device()?;
        let rows = sqlx::query(
            "SELECT w.conversation_id, c.suite, w.epoch, w.welcome, w.sequence, w.created_at_ms
             FROM welcomes w JOIN group_conversations c ON c.conversation_id = w.conversation_id
             WHERE w.device_id = $1 ORDER BY w.created_at_ms, w.conversation_id LIMIT $2",
        )
        .bind(device.as_bytes().as_slice())
        .bind(i64::from(limit))
        .fetch(&mut *self.connection);
        page_of(rows, max_bytes, welcome, |welcome| welcome.welcome.0.len()).await
    }

    async fn count_welcomes(&mut self) -> Result<u64, StoreError> {
        let (_, _, device) = self.device()?;
        let row = sqlx::query("SELECT count(*) AS waiting FROM welcomes WHERE device_id = $1")
            .bind(device.as_bytes().as_slice())
            .fetch_one(&mut *self.connection)
            .await?;
        unsigned(&row, "waiting")
    }

    async fn delete_welcome(&mut self, conversation: ConversationId) -> Result<(), StoreError> {
        let (_, _, device) = self.device()?;
        sqlx::query("DELETE FROM welcomes WHERE device_id = $1 AND conversation_id = $2")
            .bind(device.as_bytes().as_slice())
            .bind(conversation.as_bytes().as_slice())
            .execute(&mut *self.connection)
            .await?;
        Ok(())
    }
}

pub(super) fn suite(row: &Row) -> Result<Suite, StoreError> {
    let code = u16::try_from(unsigned(row, "suite")?).map_err(|_| StoreError::Damaged("suite"))?;
    Suite::try_from(code).map_err(|_| StoreError::Damaged("suite"))
}

fn role(row: &Row) -> Result<Role, StoreError> {
    row.try_get::<&str, _>("role")?.parse().map_err(|_| StoreError::Damaged("role"))
}

pub(super) fn found(id: ConversationId, row: &Row) -> Result<Conversation, StoreError> {
    Ok(Conversation {
        id,
        suite: suite(row)?,
        epoch: unsigned(row, "epoch")?,
        last: last(row)?,
        last_roster: unsigned(row, "last_roster")?,
        role: role(row)?,
    })
}

/// Who is in a conversation, from the rows of its members and of its devices.
pub(super) fn membership(members: &[Row], devices: &[Row]) -> Result<Membership, StoreError> {
    let member = |row| Ok((id(row, "user_id", UserId::from_slice)?, role(row)?));
    let device = |row| Ok((id(row, "device_id", DeviceId::from_slice)?, id(row, "user_id", UserId::from_slice)?));
    Ok(Membership {
        members: members.iter().map(member).collect::<Result<_, StoreError>>()?,
        devices: devices.iter().map(device).collect::<Result<_, StoreError>>()?,
    })
}

fn commit(row: &Row) -> Result<StoredCommit, StoreError> {
    Ok(StoredCommit {
        epoch: unsigned(row, "epoch")?,
        sequence: unsigned(row, "sequence")?,
        entry: Bytes(row.try_get("entry")?),
        stored_at_ms: row.try_get("stored_at_ms")?,
    })
}

fn welcome(row: &Row) -> Result<Welcome, StoreError> {
    Ok(Welcome {
        conversation: id(row, "conversation_id", ConversationId::from_slice)?,
        suite: suite(row)?,
        epoch: unsigned(row, "epoch")?,
        welcome: Bytes(row.try_get("welcome")?),
        sequence: unsigned(row, "sequence")?,
        created_at_ms: row.try_get("created_at_ms")?,
    })
}
