//! How old the keys are, and when they change.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use ts_rs::TS;

use crate::clock::{DAY_MS, Timestamp};
use crate::error::{Result, damaged};
use crate::group::CONVERSATION_KEY_LIFETIME_MS;
use crate::member::Member;
use crate::{cache, vault};

/// The keys of this member.
#[derive(Debug, Clone, Serialize, TS)]
pub struct KeysStatus {
    /// Always RSA-4096.
    pub algorithm: String,
    /// SHA-256 of the identity key.
    pub fingerprint: String,
    /// Since when it is in force.
    pub created_at: Timestamp,
    /// How many whole days.
    pub age_days: u32,
    /// At which age it is rotated.
    pub rotation_days: u32,
    /// When that is.
    pub due_at: Timestamp,
    /// The ways to unlock this device.
    pub slots: SlotsPresent,
    /// The keys of the conversations.
    pub conversations: Vec<ConversationKeys>,
}

/// The ways to unlock this device.
#[derive(Debug, Clone, Copy, Serialize, TS)]
pub struct SlotsPresent {
    /// The system's keychain.
    pub keychain: bool,
    /// The recovery words.
    pub recovery_words: bool,
    /// A passphrase.
    pub passphrase: bool,
}

/// The keys of a conversation.
#[derive(Debug, Clone, Serialize, TS)]
pub struct ConversationKeys {
    /// The conversation.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The epoch.
    #[ts(type = "number")]
    pub epoch: u64,
    /// When the keys last changed.
    pub rotated_at: Timestamp,
    /// When they change at the latest.
    pub due_at: Timestamp,
}

/// The user's public key.
#[derive(Debug, Clone, Serialize, TS)]
pub struct UserKey {
    /// The user.
    pub user: String,
    /// Always RSA-4096.
    pub algorithm: String,
    /// SHA-256 of the key.
    pub fingerprint: String,
    /// The SubjectPublicKeyInfo, PEM (RFC 7468).
    pub pem: String,
    /// Since when it is in force.
    pub created_at: Timestamp,
}

const ALGORITHM: &str = "RSA-4096";

/// The keys of this member.
///
/// # Errors
/// When the local database or the slot file can't be read.
pub async fn status(member: &Member) -> Result<KeysStatus> {
    let roster = member.roster();
    let user = roster.user(member.user()).ok_or_else(|| damaged("profile"))?;
    let slots = vault::read_slots(&member.home)?;
    let conversations = cache::conversations::all(&mut *member.cache.read().await?).await?;
    let rotation_days = member.environment.settings.key_rotation_days;
    // Where a clock ran ahead, the roster's time may lie in the future: no date shown does.
    let since_ms = user.identity_since_ms.min(member.now_ms());
    let age_ms = member.now_ms().saturating_sub(since_ms);
    Ok(KeysStatus {
        algorithm: ALGORITHM.into(),
        fingerprint: user.identity.fingerprint().to_string(),
        created_at: Timestamp::from_ms(since_ms),
        age_days: u32::try_from(age_ms / DAY_MS).unwrap_or(u32::MAX),
        rotation_days,
        due_at: Timestamp::from_ms(since_ms.saturating_add(i64::from(rotation_days) * DAY_MS)),
        slots: SlotsPresent { keychain: slots.keychain().is_some(), recovery_words: slots.has_words(), passphrase: slots.has_passphrase() },
        conversations: conversations
            .into_iter()
            .filter(|conversation| conversation.removed_at_ms.is_none())
            .map(|conversation| ConversationKeys {
                id: conversation.id.to_string(),
                title: conversation.title,
                epoch: conversation.epoch,
                rotated_at: Timestamp::from_ms(conversation.rotated_at_ms),
                due_at: Timestamp::from_ms(conversation.rotated_at_ms.saturating_add(CONVERSATION_KEY_LIFETIME_MS)),
            })
            .collect(),
    })
}

/// This user's public key.
///
/// # Errors
/// When the roster does not name this user, which can't be.
pub fn user_key(member: &Member) -> Result<UserKey> {
    let roster = member.roster();
    let user = roster.user(member.user()).ok_or_else(|| damaged("profile"))?;
    let body = STANDARD.encode(user.identity.as_spki_der());
    let lines: Vec<&str> = body.as_bytes().chunks(64).filter_map(|line| core::str::from_utf8(line).ok()).collect();
    Ok(UserKey {
        user: user.id.to_string(),
        algorithm: ALGORITHM.into(),
        fingerprint: user.identity.fingerprint().to_string(),
        pem: format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n")),
        created_at: Timestamp::from_ms(user.identity_since_ms.min(member.now_ms())),
    })
}
