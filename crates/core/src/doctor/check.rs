//! Looks at everything that must be right, and says what is not.

use bezel_protocol::wire::RelayInfo;
use serde::Serialize;
use ts_rs::TS;

use crate::alarm::{self, AlarmView};
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
        checks.push(disk(member));
        checks.extend([recovery(member).await, identity(member), conversations(member).await].into_iter().map(or_failed));
        checks.extend(alarms(member).await.unwrap_or_else(|error| vec![failed(error)]));
    }
    Report { ok: checks.iter().all(|check| check.ok), checks }
}

fn or_failed(check: Result<Check, Error>) -> Check {
    check.unwrap_or_else(failed)
}

fn failed(error: Error) -> Check {
    bad("database", error.message, error.next_step)
}

/// Below so much room on the disk, messages and files soon can't be kept.
const SCARCE_BYTES: u64 = 200 << 20;

fn disk(member: &Member) -> Check {
    match fs4::available_space(member.home.folder()) {
        Ok(bytes) if bytes < SCARCE_BYTES => {
            bad("disk", format!("This computer's disk has {} MiB left.", bytes >> 20), "Make room on it before nothing can be kept.")
        }
        Ok(_) => good("disk", "There is room on this computer's disk."),
        Err(error) => bad("disk", format!("The folder can't be looked at ({error})."), "Look at the disk and at the folder's rights."),
    }
}

async fn keychain() -> Check {
    if vault::keychain_available().await {
        return good("keychain", "The system's keychain answers.");
    }
    bad("keychain", "There is no system keychain.", "Start a Secret Service (gnome-keyring, KWallet), or unlock by passphrase.")
}

async fn relay(member: &Member) -> Check {
    const SKEW_MS: i64 = 2 * 60 * 1000;
    let apart_ms = |info: &RelayInfo| info.now_ms.saturating_sub(member.now_ms()).saturating_abs();
    match member.client.info().await {
        Err(error) => {
            let error = Error::from(error);
            bad("relay", error.message, "Start the relay, or check its address and the network.")
        }
        Ok(info) if info.key != member.profile().relay_key => {
            bad("relay", "The relay answers with another key than it began with.", "Do not go on: speak with whoever runs the relay.")
        }
        Ok(info) if apart_ms(&info) > SKEW_MS => bad(
            "clock",
            format!("This computer's clock and the relay's are {} seconds apart.", apart_ms(&info) / 1000),
            "Look which of the two is right: set this computer's clock, or ask whoever runs the relay to set the relay's.",
        ),
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
    // Where a clock ran ahead, the roster's time may lie in the future: no age is below nothing.
    let days = member.now_ms().saturating_sub(user.identity_since_ms).max(0) / crate::clock::DAY_MS;
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
        .filter(|each| each.removed_at_ms.is_none() && member.now_ms().saturating_sub(each.rotated_at_ms) > CONVERSATION_KEY_LIFETIME_MS)
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

/// One line for each alarm that waits to be seen.
async fn alarms(member: &Member) -> Result<Vec<Check>, Error> {
    let waiting: Vec<_> = alarm::list(member).await?.into_iter().filter(|alarm| alarm.acknowledged_at.is_none()).collect();
    if waiting.is_empty() {
        return Ok(vec![good("alarms", "None.")]);
    }
    let place = |alarm: &AlarmView| {
        let place = alarm.conversation_title.as_ref().map(|title| format!(" In {title}."));
        let accused = alarm.accused.as_ref().map(|handle| format!(" It comes from a device of {handle}."));
        [place, accused].into_iter().flatten().collect::<String>()
    };
    Ok(waiting
        .iter()
        .map(|alarm| {
            let remedy = format!("{} Once seen: bezel alarms acknowledge {}.", alarm.next_step, alarm.id);
            bad("alarm", format!("{}{}", alarm.message, place(alarm)), remedy)
        })
        .collect())
}
