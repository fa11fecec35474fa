//! What holds now, before anything is sent: who can read this, and by which keys.

use bezel_protocol::roster::Status;
use bezel_protocol::{Algorithm, ConversationId, Role};
use serde::Serialize;
use ts_rs::TS;

use super::show::show;
use crate::clock::{DAY_MS, Timestamp};
use crate::error::Result;
use crate::member::Member;

/// The live encryption status of a conversation.
#[derive(Debug, Clone, Serialize, TS)]
pub struct EncryptionStatus {
    /// The conversation.
    pub conversation: String,
    /// How its messages are encrypted.
    #[ts(as = "crate::view::AlgorithmName")]
    pub algorithm: Algorithm,
    /// The epoch of the group.
    #[ts(type = "number")]
    pub epoch: u64,
    /// How many people can read.
    pub people: u32,
    /// How many of them are vouched for by the roster, with every device.
    pub verified: u32,
    /// When the keys last changed.
    pub rotated_at: Timestamp,
    /// When they change at the latest.
    pub next_rotation_at: Timestamp,
    /// What one should know before sending.
    pub warnings: Vec<Warning>,
    /// Who can read.
    pub readers: Vec<Reader>,
}

/// Something that one should know before sending.
#[derive(Debug, Clone, Serialize, TS)]
pub struct Warning {
    /// Stable code.
    pub code: String,
    /// In words.
    pub text: String,
}

/// Somebody who can read.
#[derive(Debug, Clone, Serialize, TS)]
pub struct Reader {
    /// Handle.
    pub handle: String,
    /// Role in the conversation.
    #[ts(as = "crate::view::RoleName")]
    pub role: Role,
    /// How many devices.
    pub devices: u32,
    /// Whether the roster vouches for every device.
    pub verified: bool,
}

/// A device is called new for a day.
const NEW_DEVICE_MS: i64 = DAY_MS;

/// The live encryption status.
///
/// # Errors
/// When there is no such conversation.
pub async fn status(member: &Member, conversation: ConversationId) -> Result<EncryptionStatus> {
    let details = show(member, conversation).await?;
    let readers: Vec<Reader> = details
        .members
        .iter()
        .map(|each| Reader { handle: each.handle.clone(), role: each.role, devices: each.devices, verified: each.verified })
        .collect();
    let mut warnings = Vec::new();
    let mut warn = |code: &str, text: String| warnings.push(Warning { code: code.into(), text });
    for reader in readers.iter().filter(|reader| !reader.verified) {
        warn("unverified", format!("A device of {} is not vouched for by the workspace", reader.handle));
    }
    for reader in readers.iter().filter(|reader| reader.role == Role::Guest) {
        warn("guest", format!("{} is a guest", reader.handle));
    }
    let (roster, now_ms) = (member.roster(), member.now_ms());
    for each in &details.members {
        let Some(user) = each.user.parse().ok().and_then(|user| roster.user(user)) else { continue };
        if user.status != Status::Active {
            warn("shut_out", format!("{} was shut out of the workspace and leaves at the next change of keys", user.handle));
        }
        let newest = roster.standing_devices(user.id, now_ms).map(|device| device.added_at_ms).max();
        if !each.me
            && newest.is_some_and(|added_ms| {
                added_ms > user.joined_at_ms.saturating_add(60_000) && now_ms.saturating_sub(added_ms) < NEW_DEVICE_MS
            })
        {
            warn("new_device", format!("{} has a new device", user.handle));
        }
    }
    Ok(EncryptionStatus {
        conversation: details.id,
        algorithm: details.algorithm,
        epoch: details.epoch,
        people: u32::try_from(readers.len()).unwrap_or(u32::MAX),
        verified: u32::try_from(readers.iter().filter(|reader| reader.verified).count()).unwrap_or(u32::MAX),
        rotated_at: details.rotated_at,
        next_rotation_at: details.next_rotation_at,
        warnings,
        readers,
    })
}
