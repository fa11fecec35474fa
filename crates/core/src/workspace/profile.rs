//! Who this member is, and what it must be reminded of.

use bezel_protocol::Role;
use serde::Serialize;
use ts_rs::TS;

use crate::cache;
use crate::change::Change;
use crate::error::{Error, Result};
use crate::member::Member;

/// Who this member is.
#[derive(Debug, Clone, Serialize, TS)]
pub struct Profile {
    /// The workspace.
    pub workspace: String,
    /// The name of the shop.
    pub workspace_name: String,
    /// The user.
    pub user: String,
    /// The handle.
    pub handle: String,
    /// The device.
    pub device: String,
    /// The role in the workspace.
    #[ts(as = "crate::view::RoleName")]
    pub role: Role,
    /// SHA-256 of the identity key.
    pub fingerprint: String,
    /// Where the relay answers.
    pub relay: String,
    /// Whether the relay runs inside this app.
    pub hosts_relay: bool,
}

/// Who this member is.
///
/// # Errors
/// When the roster does not name this user, which can't be.
pub fn profile(member: &Member) -> Result<Profile> {
    let roster = member.roster();
    let user = roster.user(member.user()).ok_or_else(|| crate::error::damaged("profile"))?;
    let profile = member.profile();
    Ok(Profile {
        workspace: profile.workspace.to_string(),
        workspace_name: roster.name().into(),
        user: user.id.to_string(),
        handle: user.handle.to_string(),
        device: member.device().to_string(),
        role: user.role,
        fingerprint: user.identity.fingerprint().to_string(),
        relay: profile.relay.to_string(),
        hosts_relay: profile.hosts_relay,
    })
}

/// Whether the owner has shown that the recovery words are written down.
///
/// # Errors
/// When the local database fails.
pub async fn recovery_confirmed(member: &Member) -> Result<bool> {
    Ok(cache::profile::recovery_words(&mut *member.cache.read().await?).await?.is_none())
}

/// Checks words by their place (from 0). When all are right, the words are forgotten here for good.
///
/// # Errors
/// When a word is wrong, or too few are given.
pub async fn confirm_recovery(member: &Member, answers: &[(usize, String)]) -> Result<()> {
    let mut tx = member.cache.begin().await?;
    let Some(words) = cache::profile::recovery_words(&mut tx).await? else { return Ok(()) };
    let words: Vec<&str> = words.split(' ').collect();
    let right = answers.iter().all(|(index, word)| words.get(*index).is_some_and(|expected| *expected == word.trim().to_lowercase()));
    if answers.len() < 3 || !right {
        return Err(Error::new(
            "wrong_words",
            "These are not the words that were asked for.",
            "Look at what you wrote down, and mind the numbers.",
        ));
    }
    cache::profile::forget_recovery_words(&mut tx).await?;
    tx.commit().await?;
    member.changed([Change::AppState]);
    Ok(())
}
