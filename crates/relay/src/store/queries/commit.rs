//! What a commit changes, piece by piece.

use std::collections::BTreeMap;

use bezel_protocol::wire::{Bytes, WelcomeUpload};
use bezel_protocol::{ConversationId, DeviceId, Role, UserId};

use super::super::EngineUnit;
use super::signed;
use crate::store::{Conversation, JudgedCommit, Membership, StoreError};

impl EngineUnit<'_> {
    /// Ends the epoch, if it is still that one and the user a member: of two commits, one finds it so.
    pub(super) async fn end_epoch(&mut self, conversation: &Conversation, commit: &JudgedCommit, user: UserId) -> Result<bool, StoreError> {
        let ended = sqlx::query(
            "UPDATE group_conversations SET epoch = epoch + 1, group_info = $3, observer = $4
             WHERE conversation_id = $1 AND epoch = $2
               AND EXISTS (SELECT 1 FROM group_members m WHERE m.conversation_id = $1 AND m.user_id = $5)",
        )
        .bind(conversation.id.as_bytes().as_slice())
        .bind(signed(conversation.epoch))
        .bind(commit.group_info.as_ref())
        .bind(commit.observer.as_slice())
        .bind(user.as_bytes().as_slice())
        .execute(&mut *self.connection)
        .await?;
        Ok(ended.rows_affected() == 1)
    }

    /// Whether somebody has left behind the place where a log ended. A leave begins no epoch, and what was judged before it knows nothing of it.
    pub(super) async fn has_left_behind(&mut self, conversation: &Conversation) -> Result<bool, StoreError> {
        let row = sqlx::query("SELECT 1 AS there FROM conversation_leaves WHERE conversation_id = $1 AND sequence > $2 LIMIT 1")
            .bind(conversation.id.as_bytes().as_slice())
            .bind(signed(conversation.last.sequence))
            .fetch_optional(&mut *self.connection)
            .await?;
        Ok(row.is_some())
    }

    pub(super) async fn insert_commit(
        &mut self,
        conversation: &Conversation,
        commit: &JudgedCommit,
        committer: DeviceId,
        (sequence, now_ms): (u64, i64),
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO conversation_encryption_keys (conversation_id, epoch, sequence, entry, committer_device_id, stored_at_ms)
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(conversation.id.as_bytes().as_slice())
        .bind(signed(conversation.epoch))
        .bind(signed(sequence))
        .bind(commit.entry.as_ref())
        .bind(committer.as_bytes().as_slice())
        .bind(now_ms)
        .execute(&mut *self.connection)
        .await?;
        Ok(())
    }

    /// A user leaves: the entry, the group as it is seen then, and no role any more.
    pub(super) async fn insert_leave(
        &mut self,
        conversation: ConversationId,
        entry: &Bytes,
        observer: &[u8],
        (user, sequence, now_ms): (UserId, u64, i64),
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO conversation_leaves (conversation_id, sequence, entry, user_id, stored_at_ms) VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(conversation.as_bytes().as_slice())
        .bind(signed(sequence))
        .bind(entry.as_ref())
        .bind(user.as_bytes().as_slice())
        .bind(now_ms)
        .execute(&mut *self.connection)
        .await?;
        sqlx::query("UPDATE group_conversations SET observer = $2 WHERE conversation_id = $1")
            .bind(conversation.as_bytes().as_slice())
            .bind(observer)
            .execute(&mut *self.connection)
            .await?;
        self.delete_member(conversation, user).await
    }

    /// Who is in from now on. Who was in before keeps the place of coming in.
    pub(super) async fn replace_members(
        &mut self,
        conversation: ConversationId,
        (before, after): (&Membership, &Membership),
        sequence: u64,
    ) -> Result<(), StoreError> {
        let (was, is): (BTreeMap<_, _>, BTreeMap<_, _>) =
            (before.members.iter().copied().collect(), after.members.iter().copied().collect());
        for gone in was.keys().filter(|user| !is.contains_key(user)) {
            self.delete_member(conversation, *gone).await?;
        }
        for (user, role) in is.into_iter().filter(|(user, role)| was.get(user) != Some(role)) {
            self.put_member(conversation, (user, role), sequence).await?;
        }
        Ok(())
    }

    pub(super) async fn put_member(
        &mut self,
        conversation: ConversationId,
        (user, role): (UserId, Role),
        sequence: u64,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO group_members (conversation_id, user_id, role, joined_sequence) VALUES ($1, $2, $3, $4)
             ON CONFLICT (conversation_id, user_id) DO UPDATE SET role = excluded.role",
        )
        .bind(conversation.as_bytes().as_slice())
        .bind(user.as_bytes().as_slice())
        .bind(role.as_str())
        .bind(signed(sequence))
        .execute(&mut *self.connection)
        .await?;
        Ok(())
    }

    async fn delete_member(&mut self, conversation: ConversationId, user: UserId) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM group_members WHERE conversation_id = $1 AND user_id = $2")
            .bind(conversation.as_bytes().as_slice())
            .bind(user.as_bytes().as_slice())
            .execute(&mut *self.connection)
            .await?;
        Ok(())
    }

    pub(super) async fn insert_group_device(
        &mut self,
        conversation: ConversationId,
        device: DeviceId,
        user: UserId,
        joined_sequence: u64,
    ) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM group_removals WHERE conversation_id = $1 AND device_id = $2")
            .bind(conversation.as_bytes().as_slice())
            .bind(device.as_bytes().as_slice())
            .execute(&mut *self.connection)
            .await?;
        sqlx::query("INSERT INTO group_devices (conversation_id, device_id, user_id, joined_sequence) VALUES ($1, $2, $3, $4)")
            .bind(conversation.as_bytes().as_slice())
            .bind(device.as_bytes().as_slice())
            .bind(user.as_bytes().as_slice())
            .bind(signed(joined_sequence))
            .execute(&mut *self.connection)
            .await?;
        Ok(())
    }

    /// A device is removed by the commit at a place, and what waits for it there falls away.
    pub(super) async fn remove_group_device(
        &mut self,
        conversation: ConversationId,
        device: DeviceId,
        sequence: u64,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO group_removals (conversation_id, device_id, user_id, sequence)
             SELECT conversation_id, device_id, user_id, $3 FROM group_devices WHERE conversation_id = $1 AND device_id = $2",
        )
        .bind(conversation.as_bytes().as_slice())
        .bind(device.as_bytes().as_slice())
        .bind(signed(sequence))
        .execute(&mut *self.connection)
        .await?;
        for leave in [
            "DELETE FROM group_devices WHERE conversation_id = $1 AND device_id = $2",
            "DELETE FROM welcomes WHERE conversation_id = $1 AND device_id = $2",
            "DELETE FROM message_receipts WHERE conversation_id = $1 AND device_id = $2",
        ] {
            sqlx::query(leave)
                .bind(conversation.as_bytes().as_slice())
                .bind(device.as_bytes().as_slice())
                .execute(&mut *self.connection)
                .await?;
        }
        Ok(())
    }

    pub(super) async fn put_welcome(
        &mut self,
        conversation: &Conversation,
        welcome: &WelcomeUpload,
        (sequence, now_ms): (u64, i64),
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO welcomes (device_id, conversation_id, epoch, welcome, sequence, created_at_ms)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (device_id, conversation_id) DO UPDATE SET
                 epoch = excluded.epoch, welcome = excluded.welcome, sequence = excluded.sequence, created_at_ms = excluded.created_at_ms",
        )
        .bind(welcome.device.as_bytes().as_slice())
        .bind(conversation.id.as_bytes().as_slice())
        .bind(signed(conversation.epoch + 1))
        .bind(welcome.welcome.as_ref())
        .bind(signed(sequence))
        .bind(now_ms)
        .execute(&mut *self.connection)
        .await?;
        Ok(())
    }
}
