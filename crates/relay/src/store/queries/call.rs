//! Calls: who is in one, and when.

use async_trait::async_trait;
use bezel_protocol::wire::{CallParticipant, CallRecord, NewCall, Participant};
use bezel_protocol::{CallId, ConversationId, DeviceId, GuestId, UserId};
use sqlx::Row as _;

use super::super::{EngineUnit, Row};
use super::id;
use crate::clock::now_ms;
use crate::store::{Calls, Departure, Presence, Silence, StoreError};

#[async_trait]
impl Calls for EngineUnit<'_> {
    async fn insert_call(&mut self, new: &NewCall, now_ms: i64) -> Result<Presence, StoreError> {
        let (workspace, _, _) = self.device()?;
        sqlx::query(
            "INSERT INTO video_calls (call_id, workspace_id, conversation_id, started_at_ms) VALUES ($1, $2, $3, $4)
             ON CONFLICT (call_id) DO NOTHING",
        )
        .bind(new.call.as_bytes().as_slice())
        .bind(workspace.as_bytes().as_slice())
        .bind(new.conversation.as_bytes().as_slice())
        .bind(now_ms)
        .execute(&mut *self.connection)
        .await?;
        match self.visible_call(new.call).await? {
            Some((conversation, _, _)) if conversation == new.conversation => self.join_call(new.call, now_ms).await,
            _ => Ok(Presence::NotThere),
        }
    }

    async fn join_call(&mut self, call: CallId, now_ms: i64) -> Result<Presence, StoreError> {
        let (_, user, device) = self.device()?;
        match self.visible_call(call).await? {
            None => return Ok(Presence::NotThere),
            Some((_, _, Some(_))) if !self.begin_again(call, now_ms).await? => return Ok(Presence::Over),
            Some(_) => {}
        }
        sqlx::query(
            "INSERT INTO video_call_participants (call_id, user_id, device_id, joined_at_ms, seen_at_ms) VALUES ($1, $2, $3, $4, $4)
             ON CONFLICT (call_id, device_id) WHERE left_at_ms IS NULL DO UPDATE SET seen_at_ms = excluded.seen_at_ms",
        )
        .bind(call.as_bytes().as_slice())
        .bind(user.as_bytes().as_slice())
        .bind(device.as_bytes().as_slice())
        .bind(now_ms)
        .execute(&mut *self.connection)
        .await?;
        Ok(Presence::Present)
    }

    async fn leave_call(&mut self, call: CallId, now_ms: i64) -> Result<Departure, StoreError> {
        let (_, _, device) = self.device()?;
        // Whoever was removed from the conversation meanwhile still leaves: the row is the device's own.
        let left =
            sqlx::query("UPDATE video_call_participants SET left_at_ms = $3 WHERE call_id = $1 AND device_id = $2 AND left_at_ms IS NULL")
                .bind(call.as_bytes().as_slice())
                .bind(device.as_bytes().as_slice())
                .bind(now_ms)
                .execute(&mut *self.connection)
                .await?
                .rows_affected();
        if left > 0 {
            return Ok(if self.end_empty_calls().await?.contains(&call) { Departure::Ended } else { Departure::Left });
        }
        Ok(match self.visible_call(call).await? {
            None => Departure::NotThere,
            Some((_, _, Some(_))) => Departure::Ended,
            Some((_, _, None)) => Departure::Left,
        })
    }

    async fn is_call_going_on(&mut self, conversation: ConversationId) -> Result<bool, StoreError> {
        let (_, _, device) = self.device()?;
        let row = sqlx::query(
            "SELECT 1 AS goes_on FROM video_calls c
             JOIN group_devices d ON d.conversation_id = c.conversation_id AND d.device_id = $2
             WHERE c.conversation_id = $1 AND c.ended_at_ms IS NULL LIMIT 1",
        )
        .bind(conversation.as_bytes().as_slice())
        .bind(device.as_bytes().as_slice())
        .fetch_optional(&mut *self.connection)
        .await?;
        Ok(row.is_some())
    }

    async fn call(&mut self, call: CallId) -> Result<Option<CallRecord>, StoreError> {
        let Some((conversation, started_at_ms, ended_at_ms)) = self.visible_call(call).await? else { return Ok(None) };
        let rows = sqlx::query(
            "SELECT user_id, device_id, guest_id, joined_at_ms, left_at_ms FROM video_call_participants WHERE call_id = $1
             ORDER BY joined_at_ms, participation_id",
        )
        .bind(call.as_bytes().as_slice())
        .fetch_all(&mut *self.connection)
        .await?;
        let participants = rows.iter().map(participant).collect::<Result<_, _>>()?;
        Ok(Some(CallRecord { call, conversation, started_at_ms, ended_at_ms, participants, now_ms: now_ms() }))
    }

    async fn end_silent_calls(&mut self, before_ms: i64) -> Result<Silence, StoreError> {
        self.relay()?;
        let left = sqlx::query("UPDATE video_call_participants SET left_at_ms = seen_at_ms WHERE left_at_ms IS NULL AND seen_at_ms < $1")
            .bind(before_ms)
            .execute(&mut *self.connection)
            .await?
            .rows_affected();
        Ok(Silence { left, calls: if left > 0 { self.end_empty_calls().await? } else { Vec::new() } })
    }
}

impl EngineUnit<'_> {
    /// Conversation, beginning and end of a call in a conversation that the caller's device is in.
    async fn visible_call(&mut self, call: CallId) -> Result<Option<(ConversationId, i64, Option<i64>)>, StoreError> {
        let (_, _, device) = self.device()?;
        let row = sqlx::query(
            "SELECT v.conversation_id, v.started_at_ms, v.ended_at_ms
             FROM video_calls v
             JOIN group_devices d ON d.conversation_id = v.conversation_id AND d.device_id = $2
             JOIN group_members m ON m.conversation_id = v.conversation_id AND m.user_id = d.user_id
             WHERE v.call_id = $1",
        )
        .bind(call.as_bytes().as_slice())
        .bind(device.as_bytes().as_slice())
        .fetch_optional(&mut *self.connection)
        .await?;
        let found = |row: &Row| {
            let conversation = id(row, "conversation_id", ConversationId::from_slice)?;
            Ok((conversation, row.try_get("started_at_ms")?, row.try_get("ended_at_ms")?))
        };
        row.as_ref().map(found).transpose()
    }

    /// A call that ended goes on for as long as a link of several uses leads to it. Returns whether it does.
    async fn begin_again(&mut self, call: CallId, now_ms: i64) -> Result<bool, StoreError> {
        let begun = sqlx::query(
            "UPDATE video_calls SET ended_at_ms = NULL
             WHERE call_id = $1 AND EXISTS
                 (SELECT 1 FROM video_call_guest_links l
                  WHERE l.call_id = video_calls.call_id AND l.conversation_id = video_calls.conversation_id
                    AND l.is_single_use = 0 AND l.revoked_at_ms IS NULL AND l.expires_at_ms > $2)",
        )
        .bind(call.as_bytes().as_slice())
        .bind(now_ms)
        .execute(&mut *self.connection)
        .await?;
        Ok(begun.rows_affected() == 1)
    }

    /// A call ends when the last device left; guests leave with it. Returns the calls that ended.
    async fn end_empty_calls(&mut self) -> Result<Vec<CallId>, StoreError> {
        let rows = sqlx::query(
            "UPDATE video_calls SET ended_at_ms =
                 (SELECT max(p.left_at_ms) FROM video_call_participants p WHERE p.call_id = video_calls.call_id AND p.device_id IS NOT NULL)
             WHERE ended_at_ms IS NULL AND NOT EXISTS
                 (SELECT 1 FROM video_call_participants p
                  WHERE p.call_id = video_calls.call_id AND p.device_id IS NOT NULL AND p.left_at_ms IS NULL)
             RETURNING call_id",
        )
        .fetch_all(&mut *self.connection)
        .await?;
        let ended: Vec<CallId> = rows.iter().map(|row| id(row, "call_id", CallId::from_slice)).collect::<Result<_, _>>()?;
        for call in &ended {
            sqlx::query(
                "UPDATE video_call_participants
                 SET left_at_ms = max(joined_at_ms, (SELECT v.ended_at_ms FROM video_calls v WHERE v.call_id = $1))
                 WHERE call_id = $1 AND left_at_ms IS NULL",
            )
            .bind(call.as_bytes().as_slice())
            .execute(&mut *self.connection)
            .await?;
        }
        Ok(ended)
    }
}

fn participant(row: &Row) -> Result<CallParticipant, StoreError> {
    let guest: Option<&[u8]> = row.try_get("guest_id")?;
    let who = match guest {
        Some(guest) => Participant::Guest(GuestId::from_slice(guest).ok_or(StoreError::Damaged("id"))?),
        None => Participant::Member { user: id(row, "user_id", UserId::from_slice)?, device: id(row, "device_id", DeviceId::from_slice)? },
    };
    Ok(CallParticipant { who, joined_at_ms: row.try_get("joined_at_ms")?, left_at_ms: row.try_get("left_at_ms")? })
}
