//! How far each device has said that it has computed a conversation's log.

use bezel_protocol::{ConversationId, DeviceId};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::row::signed;
use super::{Connection, id, unsigned};
use crate::error::Result;

/// What a device confirmed last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Confirmation {
    pub(crate) device: DeviceId,
    /// The newest place that it had computed.
    pub(crate) sequence: u64,
    /// When it said so, by its own clock, milliseconds since the epoch.
    pub(crate) at_ms: i64,
}

/// An entry of a device, as far as it tells whether the device follows the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OwnEntry {
    pub(crate) sequence: u64,
    /// The newest place that the device had computed.
    pub(crate) seen: u64,
    /// By the relay's clock, milliseconds since the epoch.
    pub(crate) stored_at_ms: i64,
}

/// A device says that it has computed the log up to a place; what it said before never falls.
pub(crate) async fn confirm(db: &mut Connection, conversation: ConversationId, confirmed: Confirmation) -> Result<()> {
    sqlx::query(
        "INSERT INTO confirmations (conversation, device, sequence, at_ms) VALUES ($1, $2, $3, $4)
         ON CONFLICT (conversation, device) DO UPDATE SET sequence = excluded.sequence, at_ms = excluded.at_ms
         WHERE excluded.sequence >= confirmations.sequence",
    )
    .bind(conversation.as_bytes().as_slice())
    .bind(confirmed.device.as_bytes().as_slice())
    .bind(signed(confirmed.sequence))
    .bind(confirmed.at_ms)
    .execute(db)
    .await?;
    Ok(())
}

/// What each device confirmed last in a conversation.
pub(crate) async fn all(db: &mut Connection, conversation: ConversationId) -> Result<Vec<Confirmation>> {
    let rows = sqlx::query("SELECT device, sequence, at_ms FROM confirmations WHERE conversation = $1 ORDER BY device")
        .bind(conversation.as_bytes().as_slice())
        .fetch_all(db)
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Confirmation {
                device: id(row, "device", DeviceId::from_slice)?,
                sequence: unsigned(row, "sequence")?,
                at_ms: row.try_get("at_ms")?,
            })
        })
        .collect()
}

/// When one of these devices last confirmed anything outside of a conversation, by its own clock.
pub(crate) async fn newest_elsewhere(db: &mut Connection, conversation: ConversationId, devices: &[DeviceId]) -> Result<Option<i64>> {
    let mut query = sqlx::QueryBuilder::new("SELECT max(at_ms) AS newest FROM confirmations WHERE conversation <> ");
    query.push_bind(conversation.as_bytes().as_slice()).push(" AND device IN (");
    let mut listed = query.separated(", ");
    for device in devices {
        listed.push_bind(device.as_bytes().as_slice());
    }
    query.push(")");
    Ok(query.build().fetch_one(db).await?.try_get("newest")?)
}

/// The newest entry of a device, and its oldest one that the newest could have confirmed and does not; none where there is no such entry.
pub(crate) async fn unconfirmed(
    db: &mut Connection,
    conversation: ConversationId,
    device: DeviceId,
) -> Result<Option<(OwnEntry, OwnEntry)>> {
    let newest = sqlx::query(
        "SELECT l.sequence, l.seen, s.stored_at_ms
         FROM log   l
         JOIN spine s ON s.conversation = l.conversation AND s.sequence = l.sequence
         WHERE l.conversation = $1 AND l.device = $2
         ORDER BY l.counter DESC LIMIT 1",
    )
    .bind(conversation.as_bytes().as_slice())
    .bind(device.as_bytes().as_slice())
    .fetch_optional(&mut *db)
    .await?;
    let Some(newest) = newest.as_ref().map(own_entry).transpose()? else { return Ok(None) };
    // In the order of places, whatever the device: its next entry follows soon.
    let oldest = sqlx::query(
        "SELECT l.sequence, l.seen, s.stored_at_ms
         FROM log   l
         JOIN spine s ON s.conversation = l.conversation AND s.sequence = l.sequence
         WHERE l.conversation = $1 AND +l.device = $2 AND l.sequence > $3 AND l.sequence < $4
         ORDER BY l.sequence LIMIT 1",
    )
    .bind(conversation.as_bytes().as_slice())
    .bind(device.as_bytes().as_slice())
    .bind(signed(newest.seen))
    .bind(signed(newest.sequence))
    .fetch_optional(db)
    .await?;
    Ok(oldest.as_ref().map(own_entry).transpose()?.map(|oldest| (newest, oldest)))
}

fn own_entry(row: &SqliteRow) -> Result<OwnEntry> {
    Ok(OwnEntry { sequence: unsigned(row, "sequence")?, seen: unsigned(row, "seen")?, stored_at_ms: row.try_get("stored_at_ms")? })
}
