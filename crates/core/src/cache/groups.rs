//! MLS group states, as the group library writes them.

use bezel_protocol::{ConversationId, DeviceId};
use sqlx::Row as _;
use zeroize::Zeroizing;

use super::{Connection, id};
use crate::error::Result;

/// Keeps the state of a group, in which `device` has its leaf.
pub(crate) async fn put(db: &mut Connection, conversation: ConversationId, device: DeviceId, state: &[u8]) -> Result<()> {
    sqlx::query(
        "INSERT INTO groups (conversation, device, state) VALUES ($1, $2, $3)
         ON CONFLICT (conversation) DO UPDATE SET device = excluded.device, state = excluded.state",
    )
    .bind(conversation.as_bytes().as_slice())
    .bind(device.as_bytes().as_slice())
    .bind(state)
    .execute(db)
    .await?;
    Ok(())
}

pub(crate) async fn get(db: &mut Connection, conversation: ConversationId) -> Result<Option<Zeroizing<Vec<u8>>>> {
    let row =
        sqlx::query("SELECT state FROM groups WHERE conversation = $1").bind(conversation.as_bytes().as_slice()).fetch_optional(db).await?;
    row.map(|row| Ok(Zeroizing::new(row.try_get("state")?))).transpose()
}

/// The device whose leaf a group has.
pub(crate) async fn device(db: &mut Connection, conversation: ConversationId) -> Result<Option<DeviceId>> {
    let row = sqlx::query("SELECT device FROM groups WHERE conversation = $1")
        .bind(conversation.as_bytes().as_slice())
        .fetch_optional(db)
        .await?;
    row.map(|row| id(&row, "device", DeviceId::from_slice)).transpose()
}

/// The group is over for this device.
pub(crate) async fn delete(db: &mut Connection, conversation: ConversationId) -> Result<()> {
    sqlx::query("DELETE FROM groups WHERE conversation = $1").bind(conversation.as_bytes().as_slice()).execute(db).await?;
    Ok(())
}
