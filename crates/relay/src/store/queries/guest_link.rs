//! Links for guests, and the guests who were admitted by them.

use async_trait::async_trait;
use bezel_protocol::wire::{NewGuestLink, OpenGuestLink};
use bezel_protocol::{CallId, ConversationId, DeviceId, GuestId, GuestLinkId, UserId, WorkspaceId};
use sqlx::Row as _;

use super::super::{EngineUnit, Row};
use super::id;
use crate::store::{Admission, GuestLinkRow, GuestLinks, StoreError};

#[async_trait]
impl GuestLinks for EngineUnit<'_> {
    async fn insert_guest_link(&mut self, new: &NewGuestLink, now_ms: i64) -> Result<bool, StoreError> {
        let (workspace, user, device) = self.device()?;
        let made = sqlx::query(
            "INSERT INTO video_call_guest_links
                 (link_id, workspace_id, conversation_id, call_id, user_id, device_id, is_single_use, created_at_ms, expires_at_ms)
             SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9
             WHERE NOT EXISTS (SELECT 1 FROM video_calls v WHERE v.call_id = $4 AND (v.conversation_id <> $3 OR v.ended_at_ms IS NOT NULL))
             ON CONFLICT (link_id) DO UPDATE SET expires_at_ms = excluded.expires_at_ms
             WHERE conversation_id = excluded.conversation_id AND call_id = excluded.call_id AND device_id = excluded.device_id
               AND is_single_use = excluded.is_single_use AND expires_at_ms = excluded.expires_at_ms AND revoked_at_ms IS NULL",
        )
        .bind(new.link.as_bytes().as_slice())
        .bind(workspace.as_bytes().as_slice())
        .bind(new.conversation.as_bytes().as_slice())
        .bind(new.call.as_bytes().as_slice())
        .bind(user.as_bytes().as_slice())
        .bind(device.as_bytes().as_slice())
        .bind(i64::from(new.is_single_use))
        .bind(now_ms)
        .bind(new.expires_at_ms)
        .execute(&mut *self.connection)
        .await?;
        Ok(made.rows_affected() == 1)
    }

    async fn guest_link_target(&mut self, link: GuestLinkId) -> Result<Option<(ConversationId, CallId)>, StoreError> {
        let (_, _, device) = self.device()?;
        let row = sqlx::query(
            "SELECT l.conversation_id, l.call_id
             FROM video_call_guest_links l
             JOIN group_devices d ON d.conversation_id = l.conversation_id AND d.device_id = $2
             JOIN group_members m ON m.conversation_id = l.conversation_id AND m.user_id = d.user_id
             WHERE l.link_id = $1",
        )
        .bind(link.as_bytes().as_slice())
        .bind(device.as_bytes().as_slice())
        .fetch_optional(&mut *self.connection)
        .await?;
        let target = |row: &Row| Ok((id(row, "conversation_id", ConversationId::from_slice)?, id(row, "call_id", CallId::from_slice)?));
        row.as_ref().map(target).transpose()
    }

    async fn open_guest_links(&mut self, now_ms: i64) -> Result<Vec<OpenGuestLink>, StoreError> {
        let (_, _, device) = self.device()?;
        let rows = sqlx::query(
            "SELECT l.link_id, l.conversation_id, l.call_id, l.user_id, l.expires_at_ms, l.is_single_use, l.used_by IS NOT NULL AS is_used
             FROM video_call_guest_links l
             JOIN group_devices d ON d.conversation_id = l.conversation_id AND d.device_id = $1
             JOIN group_members m ON m.conversation_id = d.conversation_id AND m.user_id = d.user_id
             LEFT JOIN video_calls v ON v.call_id = l.call_id AND v.conversation_id = l.conversation_id
             WHERE l.revoked_at_ms IS NULL AND l.expires_at_ms > $2 AND NOT (l.is_single_use = 1 AND v.ended_at_ms IS NOT NULL)
             ORDER BY l.expires_at_ms, l.link_id",
        )
        .bind(device.as_bytes().as_slice())
        .bind(now_ms)
        .fetch_all(&mut *self.connection)
        .await?;
        rows.iter().map(read_open).collect()
    }

    async fn revoke_guest_link(&mut self, link: GuestLinkId, now_ms: i64) -> Result<bool, StoreError> {
        if self.guest_link_target(link).await?.is_none() {
            return Ok(false);
        }
        sqlx::query("UPDATE video_call_guest_links SET revoked_at_ms = $2 WHERE link_id = $1 AND revoked_at_ms IS NULL")
            .bind(link.as_bytes().as_slice())
            .bind(now_ms)
            .execute(&mut *self.connection)
            .await?;
        Ok(true)
    }

    async fn admit_guest(&mut self, link: GuestLinkId, guest: GuestId, now_ms: i64) -> Result<Admission, StoreError> {
        let Some((conversation, call)) = self.guest_link_target(link).await? else { return Ok(Admission::NotThere) };
        let Some(row) = self.link_row(link).await? else { return Ok(Admission::NotThere) };
        let is_in_it = self.is_guest_in(call, guest).await?;
        // Who is in the call stays in it, whatever became of the link.
        match row {
            _ if is_in_it => {}
            GuestLinkRow { is_revoked: true, .. } => return Ok(Admission::Revoked),
            GuestLinkRow { used_by: Some(by), .. } if by != guest => return Ok(Admission::Used),
            GuestLinkRow { expires_at_ms, .. } if expires_at_ms <= now_ms => return Ok(Admission::Expired),
            _ => {}
        }
        let came = sqlx::query(
            "INSERT INTO video_call_participants (call_id, guest_id, joined_at_ms, seen_at_ms)
             SELECT v.call_id, $2, $3, $3 FROM video_calls v WHERE v.call_id = $1 AND v.conversation_id = $4 AND v.ended_at_ms IS NULL
             ON CONFLICT (call_id, guest_id) WHERE left_at_ms IS NULL DO UPDATE SET seen_at_ms = excluded.seen_at_ms",
        )
        .bind(call.as_bytes().as_slice())
        .bind(guest.as_bytes().as_slice())
        .bind(now_ms)
        .bind(conversation.as_bytes().as_slice())
        .execute(&mut *self.connection)
        .await?;
        if came.rows_affected() == 0 {
            return Ok(Admission::NoCall);
        }
        sqlx::query("UPDATE video_call_guest_links SET used_by = $2 WHERE link_id = $1 AND is_single_use = 1")
            .bind(link.as_bytes().as_slice())
            .bind(guest.as_bytes().as_slice())
            .execute(&mut *self.connection)
            .await?;
        Ok(Admission::Admitted(call))
    }

    async fn guest_link(&mut self, link: GuestLinkId) -> Result<Option<GuestLinkRow>, StoreError> {
        self.relay()?;
        self.link_row(link).await
    }

    async fn readers(&mut self, conversation: ConversationId) -> Result<Vec<DeviceId>, StoreError> {
        self.relay()?;
        let rows = sqlx::query(
            "SELECT d.device_id
             FROM group_devices d
             JOIN group_members m ON m.conversation_id = d.conversation_id AND m.user_id = d.user_id
             JOIN standing_devices s ON s.device_id = d.device_id
             WHERE d.conversation_id = $1",
        )
        .bind(conversation.as_bytes().as_slice())
        .fetch_all(&mut *self.connection)
        .await?;
        rows.iter().map(|row| id(row, "device_id", DeviceId::from_slice)).collect()
    }

    async fn see_guest(&mut self, call: CallId, guest: GuestId, now_ms: i64) -> Result<bool, StoreError> {
        self.relay()?;
        let seen =
            sqlx::query("UPDATE video_call_participants SET seen_at_ms = $3 WHERE call_id = $1 AND guest_id = $2 AND left_at_ms IS NULL")
                .bind(call.as_bytes().as_slice())
                .bind(guest.as_bytes().as_slice())
                .bind(now_ms)
                .execute(&mut *self.connection)
                .await?;
        Ok(seen.rows_affected() == 1)
    }

    async fn remove_guest(&mut self, call: CallId, guest: GuestId, now_ms: i64) -> Result<(), StoreError> {
        self.relay()?;
        sqlx::query("UPDATE video_call_participants SET left_at_ms = $3 WHERE call_id = $1 AND guest_id = $2 AND left_at_ms IS NULL")
            .bind(call.as_bytes().as_slice())
            .bind(guest.as_bytes().as_slice())
            .bind(now_ms)
            .execute(&mut *self.connection)
            .await?;
        Ok(())
    }
}

impl EngineUnit<'_> {
    async fn is_guest_in(&mut self, call: CallId, guest: GuestId) -> Result<bool, StoreError> {
        let row = sqlx::query("SELECT 1 AS is_in FROM video_call_participants WHERE call_id = $1 AND guest_id = $2 AND left_at_ms IS NULL")
            .bind(call.as_bytes().as_slice())
            .bind(guest.as_bytes().as_slice())
            .fetch_optional(&mut *self.connection)
            .await?;
        Ok(row.is_some())
    }

    async fn link_row(&mut self, link: GuestLinkId) -> Result<Option<GuestLinkRow>, StoreError> {
        let row = sqlx::query(
            "SELECT l.workspace_id, l.conversation_id, l.call_id, l.user_id, l.is_single_use, l.expires_at_ms, l.used_by,
                    l.revoked_at_ms IS NOT NULL AS is_revoked,
                    v.ended_at_ms IS NOT NULL AND l.is_single_use = 1 AS is_call_over
             FROM video_call_guest_links l
             LEFT JOIN video_calls v ON v.call_id = l.call_id AND v.conversation_id = l.conversation_id
             WHERE l.link_id = $1",
        )
        .bind(link.as_bytes().as_slice())
        .fetch_optional(&mut *self.connection)
        .await?;
        row.as_ref().map(read).transpose()
    }
}

fn read_open(row: &Row) -> Result<OpenGuestLink, StoreError> {
    Ok(OpenGuestLink {
        link: id(row, "link_id", GuestLinkId::from_slice)?,
        conversation: id(row, "conversation_id", ConversationId::from_slice)?,
        call: id(row, "call_id", CallId::from_slice)?,
        user: id(row, "user_id", UserId::from_slice)?,
        expires_at_ms: row.try_get("expires_at_ms")?,
        is_single_use: row.try_get::<i64, _>("is_single_use")? == 1,
        is_used: row.try_get("is_used")?,
    })
}

fn read(row: &Row) -> Result<GuestLinkRow, StoreError> {
    let used_by: Option<&[u8]> = row.try_get("used_by")?;
    Ok(GuestLinkRow {
        workspace: id(row, "workspace_id", WorkspaceId::from_slice)?,
        conversation: id(row, "conversation_id", ConversationId::from_slice)?,
        call: id(row, "call_id", CallId::from_slice)?,
        is_call_over: row.try_get("is_call_over")?,
        inviter: id(row, "user_id", UserId::from_slice)?,
        is_single_use: row.try_get::<i64, _>("is_single_use")? == 1,
        expires_at_ms: row.try_get("expires_at_ms")?,
        is_revoked: row.try_get("is_revoked")?,
        used_by: used_by.map(|by| GuestId::from_slice(by).ok_or(StoreError::Damaged("id"))).transpose()?,
    })
}
