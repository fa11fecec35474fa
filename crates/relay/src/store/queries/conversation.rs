//! Conversations: their members, their commits, the welcomes into them. A conversation that the caller's device is not in does not
//! exist for it.

use bezel_protocol::wire::{Bytes, CommitUpload, ConversationHead, GroupState, MemberRole, NewConversation, StoredCommit, Welcome};
use bezel_protocol::{ConversationId, DeviceId, Role, Suite, UserId, cbor};
use sqlx::Row as _;

use super::super::{Row, Unit};
use super::{id, signed, unsigned};
use crate::store::{Conversation, Membership, StoreError};

fn suite(row: &Row) -> Result<Suite, StoreError> {
    let code = u16::try_from(unsigned(row, "suite")?).map_err(|_| StoreError::Damaged("suite"))?;
    Suite::try_from(code).map_err(|_| StoreError::Damaged("suite"))
}

fn role(row: &Row) -> Result<Role, StoreError> {
    row.try_get::<&str, _>("role")?.parse().map_err(|_| StoreError::Damaged("role"))
}

impl Unit<'_> {
    /// Whether a conversation with this id exists, for whomever.
    pub async fn is_conversation(&mut self, conversation: ConversationId) -> Result<bool, StoreError> {
        let row = sqlx::query("SELECT 1 AS there FROM group_conversations WHERE conversation_id = $1")
            .bind(conversation.as_bytes().as_slice())
            .fetch_optional(&mut *self.connection)
            .await?;
        Ok(row.is_some())
    }

    /// A new conversation of the caller.
    pub async fn insert_conversation(&mut self, new: &NewConversation, now_ms: i64) -> Result<(), StoreError> {
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

    /// A conversation that the caller's device is in.
    pub async fn conversation(&mut self, conversation: ConversationId) -> Result<Option<Conversation>, StoreError> {
        let (_, _, device) = self.device()?;
        let row = sqlx::query(
            "SELECT c.suite, c.epoch, c.last_sequence, m.role, d.joined_sequence
             FROM group_conversations c
             JOIN group_devices d ON d.conversation_id = c.conversation_id AND d.device_id = $2
             JOIN group_members m ON m.conversation_id = c.conversation_id AND m.user_id = d.user_id
             WHERE c.conversation_id = $1",
        )
        .bind(conversation.as_bytes().as_slice())
        .bind(device.as_bytes().as_slice())
        .fetch_optional(&mut *self.connection)
        .await?;
        row.map(|row| {
            Ok(Conversation {
                id: conversation,
                suite: suite(&row)?,
                epoch: unsigned(&row, "epoch")?,
                last_sequence: unsigned(&row, "last_sequence")?,
                role: role(&row)?,
                joined_sequence: unsigned(&row, "joined_sequence")?,
            })
        })
        .transpose()
    }

    /// The same for a device that has no leaf (any more) but whose user is a member: it may come back.
    pub async fn conversation_of_member(&mut self, conversation: ConversationId) -> Result<Option<Conversation>, StoreError> {
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
        row.map(|row| {
            let last_sequence = unsigned(&row, "last_sequence")?;
            Ok(Conversation {
                id: conversation,
                suite: suite(&row)?,
                epoch: unsigned(&row, "epoch")?,
                last_sequence,
                role: role(&row)?,
                joined_sequence: last_sequence,
            })
        })
        .transpose()
    }

    /// Every conversation that the caller's device is in.
    pub async fn heads(&mut self) -> Result<Vec<ConversationHead>, StoreError> {
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

    /// Who is in a conversation that the caller was shown.
    pub async fn membership(&mut self, conversation: ConversationId) -> Result<Membership, StoreError> {
        let members = sqlx::query("SELECT user_id, role FROM group_members WHERE conversation_id = $1 ORDER BY user_id")
            .bind(conversation.as_bytes().as_slice())
            .fetch_all(&mut *self.connection)
            .await?;
        let devices = sqlx::query("SELECT device_id, user_id FROM group_devices WHERE conversation_id = $1 ORDER BY device_id")
            .bind(conversation.as_bytes().as_slice())
            .fetch_all(&mut *self.connection)
            .await?;
        Ok(Membership {
            members: members
                .iter()
                .map(|row| Ok((id(row, "user_id", UserId::from_slice)?, role(row)?)))
                .collect::<Result<_, StoreError>>()?,
            devices: devices
                .iter()
                .map(|row| Ok((id(row, "device_id", DeviceId::from_slice)?, id(row, "user_id", UserId::from_slice)?)))
                .collect::<Result<_, StoreError>>()?,
        })
    }

    /// A commit that was authorised: the log, the newest group, the members, the welcomes.
    pub async fn apply_commit(
        &mut self,
        conversation: &Conversation,
        upload: &CommitUpload,
        before: &Membership,
        devices: &[(DeviceId, UserId)],
        now_ms: i64,
    ) -> Result<(), StoreError> {
        let (_, _, committer) = self.device()?;
        self.insert_commit(conversation, upload, committer, now_ms).await?;
        sqlx::query("UPDATE group_conversations SET epoch = $2, group_info = $3, ratchet_tree = $4 WHERE conversation_id = $1")
            .bind(conversation.id.as_bytes().as_slice())
            .bind(signed(conversation.epoch + 1))
            .bind(upload.group_info.as_ref())
            .bind(upload.ratchet_tree.as_ref())
            .execute(&mut *self.connection)
            .await?;
        sqlx::query("DELETE FROM group_members WHERE conversation_id = $1")
            .bind(conversation.id.as_bytes().as_slice())
            .execute(&mut *self.connection)
            .await?;
        for member in &upload.members {
            self.insert_member(conversation.id, member.user, member.role).await?;
        }
        for (device, _) in before.devices.iter().filter(|(device, _)| !devices.iter().any(|(kept, _)| kept == device)) {
            for leave in [
                "DELETE FROM group_devices WHERE conversation_id = $1 AND device_id = $2",
                "DELETE FROM welcomes WHERE conversation_id = $1 AND device_id = $2",
            ] {
                sqlx::query(leave)
                    .bind(conversation.id.as_bytes().as_slice())
                    .bind(device.as_bytes().as_slice())
                    .execute(&mut *self.connection)
                    .await?;
            }
        }
        for (device, user) in devices.iter().filter(|(device, _)| !before.devices.iter().any(|(kept, _)| kept == device)) {
            self.insert_group_device(conversation.id, *device, *user, conversation.last_sequence).await?;
        }
        for welcome in &upload.welcomes {
            self.put_welcome(conversation, welcome.device, &welcome.welcome, &upload.ratchet_tree, now_ms).await?;
        }
        Ok(())
    }

    async fn insert_commit(
        &mut self,
        conversation: &Conversation,
        upload: &CommitUpload,
        committer: DeviceId,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO conversation_encryption_keys
                 (conversation_id, epoch, suite, commit_message, committer_device_id, members, devices, created_at_ms)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(conversation.id.as_bytes().as_slice())
        .bind(signed(conversation.epoch))
        .bind(i64::from(conversation.suite.code()))
        .bind(upload.commit.as_ref())
        .bind(committer.as_bytes().as_slice())
        .bind(cbor::encode(&upload.members))
        .bind(cbor::encode(&upload.devices))
        .bind(now_ms)
        .execute(&mut *self.connection)
        .await?;
        Ok(())
    }

    async fn insert_member(&mut self, conversation: ConversationId, user: UserId, role: Role) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO group_members (conversation_id, user_id, role) VALUES ($1, $2, $3)")
            .bind(conversation.as_bytes().as_slice())
            .bind(user.as_bytes().as_slice())
            .bind(role.as_str())
            .execute(&mut *self.connection)
            .await?;
        Ok(())
    }

    async fn insert_group_device(
        &mut self,
        conversation: ConversationId,
        device: DeviceId,
        user: UserId,
        joined: u64,
    ) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO group_devices (conversation_id, device_id, user_id, joined_sequence) VALUES ($1, $2, $3, $4)")
            .bind(conversation.as_bytes().as_slice())
            .bind(device.as_bytes().as_slice())
            .bind(user.as_bytes().as_slice())
            .bind(signed(joined))
            .execute(&mut *self.connection)
            .await?;
        Ok(())
    }

    async fn put_welcome(
        &mut self,
        conversation: &Conversation,
        device: DeviceId,
        welcome: &Bytes,
        ratchet_tree: &Bytes,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO welcomes (device_id, conversation_id, epoch, welcome, ratchet_tree, last_sequence, created_at_ms)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (device_id, conversation_id) DO UPDATE SET
                 epoch = excluded.epoch, welcome = excluded.welcome, ratchet_tree = excluded.ratchet_tree,
                 last_sequence = excluded.last_sequence, created_at_ms = excluded.created_at_ms",
        )
        .bind(device.as_bytes().as_slice())
        .bind(conversation.id.as_bytes().as_slice())
        .bind(signed(conversation.epoch + 1))
        .bind(welcome.as_ref())
        .bind(ratchet_tree.as_ref())
        .bind(signed(conversation.last_sequence))
        .bind(now_ms)
        .execute(&mut *self.connection)
        .await?;
        Ok(())
    }

    /// Commits from an epoch on, in order.
    pub async fn commits(&mut self, conversation: ConversationId, from: u64, limit: u32) -> Result<Vec<StoredCommit>, StoreError> {
        self.device()?;
        let rows = sqlx::query(
            "SELECT epoch, commit_message, committer_device_id, members, devices, created_at_ms
             FROM conversation_encryption_keys WHERE conversation_id = $1 AND epoch >= $2 ORDER BY epoch LIMIT $3",
        )
        .bind(conversation.as_bytes().as_slice())
        .bind(signed(from))
        .bind(i64::from(limit))
        .fetch_all(&mut *self.connection)
        .await?;
        rows.iter()
            .map(|row| {
                let members: Vec<MemberRole> = cbor::decode(row.try_get("members")?).map_err(|_| StoreError::Damaged("members"))?;
                Ok(StoredCommit {
                    epoch: unsigned(row, "epoch")?,
                    commit: Bytes(row.try_get("commit_message")?),
                    device: id(row, "committer_device_id", DeviceId::from_slice)?,
                    created_at_ms: row.try_get("created_at_ms")?,
                    members,
                    devices: cbor::decode(row.try_get("devices")?).map_err(|_| StoreError::Damaged("devices"))?,
                })
            })
            .collect()
    }

    /// The newest group info and tree.
    pub async fn group_state(&mut self, conversation: ConversationId) -> Result<Option<GroupState>, StoreError> {
        self.device()?;
        let row =
            sqlx::query("SELECT suite, epoch, last_sequence, group_info, ratchet_tree FROM group_conversations WHERE conversation_id = $1")
                .bind(conversation.as_bytes().as_slice())
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

    /// Welcomes that wait for the caller's device.
    pub async fn welcomes(&mut self) -> Result<Vec<Welcome>, StoreError> {
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

    /// How many welcomes wait for the caller's device.
    pub async fn count_welcomes(&mut self) -> Result<u64, StoreError> {
        let (_, _, device) = self.device()?;
        let row = sqlx::query("SELECT count(*) AS waiting FROM welcomes WHERE device_id = $1")
            .bind(device.as_bytes().as_slice())
            .fetch_one(&mut *self.connection)
            .await?;
        unsigned(&row, "waiting")
    }

    /// The caller's device took a welcome.
    pub async fn delete_welcome(&mut self, conversation: ConversationId) -> Result<(), StoreError> {
        let (_, _, device) = self.device()?;
        sqlx::query("DELETE FROM welcomes WHERE device_id = $1 AND conversation_id = $2")
            .bind(device.as_bytes().as_slice())
            .bind(conversation.as_bytes().as_slice())
            .execute(&mut *self.connection)
            .await?;
        Ok(())
    }
}
