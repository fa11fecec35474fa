//! Looks at everything that must be right, and says what is not.

use serde::Serialize;
use ts_rs::TS;

use crate::error::Error;
use crate::group::CONVERSATION_KEY_LIFETIME_MS;
use crate::member::Member;
use crate::{cache, vault, workspace};

/// What was found.
#[derive(Debug, Clone, Serialize, TS)]
pub struct Report {
    /// Whether nothing is wrong.
    pub ok: bool,
    /// Every check.
    pub checks: Vec<Check>,
}

/// One check.
#[derive(Debug, Clone, Serialize, TS)]
pub struct Check {
    /// What was looked at.
    pub name: String,
    /// Whether it is as it should be.
    pub ok: bool,
    /// What was found.
    pub detail: String,
    /// What to do.
    pub remedy: Option<String>,
}

fn good(name: &str, detail: impl Into<String>) -> Check {
    Check { name: name.into(), ok: true, detail: detail.into(), remedy: None }
}

fn bad(name: &str, detail: impl Into<String>, remedy: impl Into<String>) -> Check {
    Check { name: name.into(), ok: false, detail: detail.into(), remedy: Some(remedy.into()) }
}

/// Checks this machine and, where one is unlocked, the member and its workspace.
pub async fn check(member: Option<&Member>) -> Report {
    let mut checks = vec![keychain().await];
    if let Some(member) = member {
        checks.push(relay(member).await);
        checks.extend(
            [recovery(member).await, identity(member), conversations(member).await, alarm(member).await].into_iter().map(or_failed),
        );
    }
    Report { ok: checks.iter().all(|check| check.ok), checks }
}

fn or_failed(check: Result<Check, Error>) -> Check {
    check.unwrap_or_else(|error| bad("database", error.message, error.next_step))
}

async fn keychain() -> Check {
    if vault::keychain_available().await {
        return good("keychain", "The system's keychain answers.");
    }
    bad("keychain", "There is no system keychain.", "Start a Secret Service (gnome-keyring, KWallet), or unlock by passphrase.")
}

async fn relay(member: &Member) -> Check {
    const SKEW_MS: i64 = 2 * 60 * 1000;
    match member.client.info().await {
        Err(error) => {
            let error = Error::from(error);
            bad("relay", error.message, "Start the relay, or check its address and the network.")
        }
        Ok(info) if info.key != member.profile().relay_key => {
            bad("relay", "The relay answers with another key than it began with.", "Do not go on: speak with whoever runs the relay.")
        }
        Ok(info) if (info.now_ms - member.now_ms()).abs() > SKEW_MS => {
            bad("clock", "This computer's clock and the relay's are more than two minutes apart.", "Set the clock.")
        }
        Ok(info) => good("relay", format!("The relay answers (version {}).", info.version)),
    }
}

async fn recovery(member: &Member) -> Result<Check, Error> {
    if workspace::recovery_confirmed(member).await? {
        return Ok(good("recovery", "The recovery words are written down."));
    }
    Ok(bad("recovery", "The recovery words were not confirmed.", "Write them down and confirm them, or a lost computer is a lost history."))
}

fn identity(member: &Member) -> Result<Check, Error> {
    let roster = member.roster();
    let user = roster.user(member.user()).ok_or_else(|| crate::error::damaged("profile"))?;
    let days = (member.now_ms() - user.identity_since_ms) / crate::clock::DAY_MS;
    if member.identity().is_err() {
        return Ok(good("identity", "The identity key lives on another device of yours."));
    }
    if days > i64::from(member.environment.settings.key_rotation_days) {
        return Ok(bad("identity", format!("The identity key is {days} days old."), "Rotate it: bezel keys rotate."));
    }
    Ok(good("identity", format!("The identity key is {days} days old.")))
}

async fn conversations(member: &Member) -> Result<Check, Error> {
    let all = cache::conversations::all(&mut *member.cache.read().await?).await?;
    let old = all
        .iter()
        .filter(|each| each.removed_at_ms.is_none() && member.now_ms() - each.rotated_at_ms > CONVERSATION_KEY_LIFETIME_MS)
        .count();
    if old > 0 {
        return Ok(bad(
            "conversations",
            format!("The keys of {old} conversations are older than 30 days."),
            "Synchronise: they rotate by themselves.",
        ));
    }
    Ok(good("conversations", format!("{} conversations, all keys young.", all.len())))
}

async fn alarm(member: &Member) -> Result<Check, Error> {
    Ok(match workspace::alarm(member).await? {
        None => good("alarms", "None."),
        Some(alarm) => bad("alarms", alarm.message, alarm.next_step),
    })
}
