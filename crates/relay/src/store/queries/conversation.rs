//! Conversations: their members, their commits, the welcomes into them.

use async_trait::async_trait;
use bezel_protocol::wire::{Bytes, CommitUpload, ConversationHead, GroupState, MemberRole, NewConversation, StoredCommit, Welcome};
use bezel_protocol::{ConversationId, DeviceId, Role, Suite, UserId, cbor};
use futures_util::TryStreamExt as _;
use sqlx::Row as _;

use super::super::{EngineUnit, Row};
use super::{id, signed, unsigned};
use crate::store::{Conversation, Conversations, Membership, StoreError};

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

    async fn insert_conversation(&mut self, new: &NewConversation, now_ms: i64) -> Result<(), StoreError> {
        let (workspace, user, device) = self.device()?;
        sqlx::query(
            "INSERT INTO group_conversations (conversation_id, workspace_id, suite, epoch, last_sequence, group_info, ratchet_tree, created_at_ms)
             VALUES ($1, $2, $3, 0, 0, $4, $5, $6)",
        )
        .bind(new.conversation.as_bytes().as_slice())
        .bind(workspace.as_bytes().as_slice())
        .bind(i64::from(new.suite.code()))
        .bind(new.group_info.as_ref())
        .bind(new.ratchet_tree.as_ref())
        .bind(now_ms)
        .execute(&mut *self.connection)
        .await?;
        self.insert_member(new.conversation, user, Role::Owner).await?;
        self.insert_group_device(new.conversation, device, user, 0).await
    }

    async fn conversation(&mut self, conversation: ConversationId) -> Result<Option<Conversation>, StoreError> {
        let (_, _, device) = self.device()?;
        let row = sqlx::query(
            "SELECT c.suite, c.epoch, c.last_sequence, m.role
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
            "SELECT c.suite, c.epoch, c.last_sequence, m.role
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

    async fn heads(&mut self) -> Result<Vec<ConversationHead>, StoreError> {
        let (_, user, device) = self.device()?;
        let rows = sqlx::query(
            "SELECT c.conversation_id, c.last_sequence, c.epoch, m.role
             FROM group_conversations c
             JOIN group_members m ON m.conversation_id = c.conversation_id AND m.user_id = $1
             JOIN group_devices d ON d.conversation_id = c.conversation_id AND d.device_id = $2
             ORDER BY c.conversation_id",
        )
        .bind(user.as_bytes().as_slice())
        .bind(device.as_bytes().as_slice())
        .fetch_all(&mut *self.connection)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(ConversationHead {
                    conversation: id(row, "conversation_id", ConversationId::from_slice)?,
                    last_sequence: unsigned(row, "last_sequence")?,
                    epoch: unsigned(row, "epoch")?,
                    role: role(row)?,
                })
            })
            .collect()
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
        let member = |row| Ok((id(row, "user_id", UserId::from_slice)?, role(row)?));
        let device = |row| Ok((id(row, "device_id", DeviceId::from_slice)?, id(row, "user_id", UserId::from_slice)?));
        Ok(Membership {
            members: members.iter().map(member).collect::<Result<_, StoreError>>()?,
            devices: devices.iter().map(device).collect::<Result<_, StoreError>>()?,
        })
    }

    async fn apply_commit(
        &mut self,
        conversation: &Conversation,
        upload: &CommitUpload,
        before: &Membership,
        devices: &[(DeviceId, UserId)],
        now_ms: i64,
    ) -> Result<bool, StoreError> {
        let (_, user, committer) = self.device()?;
        if !self.end_epoch(conversation, upload, user).await? {
            return Ok(false);
        }
        self.insert_commit(conversation, upload, committer, now_ms).await?;
        self.replace_members(conversation.id, &upload.members).await?;
        for (device, _) in before.devices.iter().filter(|(device, _)| !devices.iter().any(|(kept, _)| kept == device)) {
            self.delete_group_device(conversation.id, *device).await?;
        }
        for (device, user) in devices.iter().filter(|(device, _)| !before.devices.iter().any(|(kept, _)| kept == device)) {
            self.insert_group_device(conversation.id, *device, *user, conversation.last_sequence).await?;
        }
        for welcome in &upload.welcomes {
            self.put_welcome(conversation, welcome.device, &welcome.welcome, &upload.ratchet_tree, now_ms).await?;
        }
        Ok(true)
    }

    async fn commits(
        &mut self,
        conversation: ConversationId,
        from: u64,
        limit: u32,
        max_bytes: usize,
    ) -> Result<Vec<StoredCommit>, StoreError> {
        let (_, _, device) = self.device()?;
        let mut rows = sqlx::query(
            "SELECT k.epoch, k.commit_message, k.committer_device_id, k.members, k.devices, k.created_at_ms
             FROM conversation_encryption_keys k
             JOIN group_devices d ON d.conversation_id = k.conversation_id AND d.device_id = $4
             WHERE k.conversation_id = $1 AND k.epoch >= $2 ORDER BY k.epoch LIMIT $3",
        )
        .bind(conversation.as_bytes().as_slice())
        .bind(signed(from))
        .bind(i64::from(limit))
        .bind(device.as_bytes().as_slice())
        .fetch(&mut *self.connection);
        let (mut commits, mut bytes) = (Vec::new(), 0);
        while let Some(row) = rows.try_next().await? {
            let commit = commit(&row)?;
            bytes += commit.commit.0.len();
            if bytes > max_bytes && !commits.is_empty() {
                break;
            }
            commits.push(commit);
        }
        Ok(commits)
    }

    async fn group_state(&mut self, conversation: ConversationId) -> Result<Option<GroupState>, StoreError> {
        let (_, user, _) = self.device()?;
        let row = sqlx::query(
            "SELECT c.suite, c.epoch, c.last_sequence, c.group_info, c.ratchet_tree
             FROM group_conversations c
             JOIN group_members m ON m.conversation_id = c.conversation_id AND m.user_id = $2
             WHERE c.conversation_id = $1",
        )
        .bind(conversation.as_bytes().as_slice())
        .bind(user.as_bytes().as_slice())
        .fetch_optional(&mut *self.connection)
        .await?;
        row.map(|row| {
            Ok(GroupState {
                epoch: unsigned(&row, "epoch")?,
                suite: suite(&row)?,
                group_info: Bytes(row.try_get("group_info")?),
                ratchet_tree: Bytes(row.try_get("ratchet_tree")?),
                last_sequence: unsigned(&row, "last_sequence")?,
            })
        })
        .transpose()
    }

    async fn welcomes(&mut self) -> Result<Vec<Welcome>, StoreError> {
        let (_, _, device) = self.device()?;
        let rows = sqlx::query(
            "SELECT w.conversation_id, c.suite, w.epoch, w.welcome, w.ratchet_tree, w.last_sequence, w.created_at_ms
             FROM welcomes w JOIN group_conversations c ON c.conversation_id = w.conversation_id
             WHERE w.device_id = $1 ORDER BY w.created_at_ms, w.conversation_id",
        )
        .bind(device.as_bytes().as_slice())
        .fetch_all(&mut *self.connection)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(Welcome {
                    conversation: id(row, "conversation_id", ConversationId::from_slice)?,
                    suite: suite(row)?,
                    epoch: unsigned(row, "epoch")?,
                    welcome: Bytes(row.try_get("welcome")?),
                    ratchet_tree: Bytes(row.try_get("ratchet_tree")?),
                    last_sequence: unsigned(row, "last_sequence")?,
                    created_at_ms: row.try_get("created_at_ms")?,
                })
            })
            .collect()
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

fn suite(row: &Row) -> Result<Suite, StoreError> {
    let code = u16::try_from(unsigned(row, "suite")?).map_err(|_| StoreError::Damaged("suite"))?;
    Suite::try_from(code).map_err(|_| StoreError::Damaged("suite"))
}

fn role(row: &Row) -> Result<Role, StoreError> {
    row.try_get::<&str, _>("role")?.parse().map_err(|_| StoreError::Damaged("role"))
}

fn found(id: ConversationId, row: &Row) -> Result<Conversation, StoreError> {
    Ok(Conversation {
        id,
        suite: suite(row)?,
        epoch: unsigned(row, "epoch")?,
        last_sequence: unsigned(row, "last_sequence")?,
        role: role(row)?,
    })
}

fn commit(row: &Row) -> Result<StoredCommit, StoreError> {
    let members: Vec<MemberRole> = cbor::decode(row.try_get("members")?).map_err(|_| StoreError::Damaged("members"))?;
    Ok(StoredCommit {
        epoch: unsigned(row, "epoch")?,
        commit: Bytes(row.try_get("commit_message")?),
        device: id(row, "committer_device_id", DeviceId::from_slice)?,
        created_at_ms: row.try_get("created_at_ms")?,
        members,
        devices: cbor::decode(row.try_get("devices")?).map_err(|_| StoreError::Damaged("devices"))?,
    })
}
