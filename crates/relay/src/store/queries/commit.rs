//! What a commit changes, piece by piece.

use bezel_protocol::wire::{Bytes, CommitUpload, MemberRole};
use bezel_protocol::{ConversationId, DeviceId, Role, UserId, cbor};

use super::super::EngineUnit;
use super::signed;
use crate::store::{Conversation, StoreError};

impl EngineUnit<'_> {
    /// Ends the epoch, if it is still that one and the user a member: of two commits, one finds it so.
    pub(super) async fn end_epoch(&mut self, conversation: &Conversation, upload: &CommitUpload, user: UserId) -> Result<bool, StoreError> {
        let ended = sqlx::query(
            "UPDATE group_conversations SET epoch = epoch + 1, group_info = $3, ratchet_tree = $4
             WHERE conversation_id = $1 AND epoch = $2
               AND EXISTS (SELECT 1 FROM group_members m WHERE m.conversation_id = $1 AND m.user_id = $5)",
        )
        .bind(conversation.id.as_bytes().as_slice())
        .bind(signed(conversation.epoch))
        .bind(upload.group_info.as_ref())
        .bind(upload.ratchet_tree.as_ref())
        .bind(user.as_bytes().as_slice())
        .execute(&mut *self.connection)
        .await?;
        Ok(ended.rows_affected() == 1)
    }

    pub(super) async fn insert_commit(
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

    pub(super) async fn replace_members(&mut self, conversation: ConversationId, members: &[MemberRole]) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM group_members WHERE conversation_id = $1")
            .bind(conversation.as_bytes().as_slice())
            .execute(&mut *self.connection)
            .await?;
        for member in members {
            self.insert_member(conversation, member.user, member.role).await?;
        }
        Ok(())
    }

    pub(super) async fn insert_member(&mut self, conversation: ConversationId, user: UserId, role: Role) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO group_members (conversation_id, user_id, role) VALUES ($1, $2, $3)")
            .bind(conversation.as_bytes().as_slice())
            .bind(user.as_bytes().as_slice())
            .bind(role.as_str())
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
        sqlx::query("INSERT INTO group_devices (conversation_id, device_id, user_id, joined_sequence) VALUES ($1, $2, $3, $4)")
            .bind(conversation.as_bytes().as_slice())
            .bind(device.as_bytes().as_slice())
            .bind(user.as_bytes().as_slice())
            .bind(signed(joined_sequence))
            .execute(&mut *self.connection)
            .await?;
        Ok(())
    }

    /// A device leaves, and what waits for it there falls away.
    pub(super) async fn delete_group_device(&mut self, conversation: ConversationId, device: DeviceId) -> Result<(), StoreError> {
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
}
