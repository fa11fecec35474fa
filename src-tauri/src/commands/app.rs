//! First run, unlocking, and who one is.

use bezel_core::Result;
use bezel_core::vault::{self, NewSlots, SlotName, Unlock};
use bezel_core::workspace::{self, Profile};
use bezel_crypto::slots::{NewPassphrase, Passphrase, RecoveryWords as Words};
use bezel_protocol::Handle;
use bezel_protocol::invite_link::InviteLink;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::typed;
use crate::shell::Shell;

/// Which screen comes first.
#[derive(Serialize, TS)]
#[serde(tag = "state", rename_all = "snake_case")]
pub(crate) enum AppState {
    /// The first run.
    New,
    /// The usual slot did not open it.
    Locked { slots: Vec<SlotName>, reason: String },
    /// Everything is there.
    Ready { profile: Profile, recovery_confirmed: bool },
}

/// A workspace to begin.
#[derive(Deserialize, TS)]
pub(crate) struct CreateRequest {
    name: String,
    handle: String,
    /// None: a relay inside this app.
    relay: Option<String>,
    passphrase: Option<String>,
}

/// Somebody who joins.
#[derive(Deserialize, TS)]
pub(crate) struct JoinRequest {
    link: String,
    handle: String,
    passphrase: Option<String>,
}

/// Shown once.
#[derive(Serialize, TS)]
pub(crate) struct RecoveryWords {
    recovery_words: Vec<String>,
}

/// Words by their place.
#[derive(Deserialize, TS)]
pub(crate) struct RecoveryAnswers {
    answers: Vec<RecoveryAnswer>,
}

/// A word by its place, from 0.
#[derive(Deserialize, TS)]
pub(crate) struct RecoveryAnswer {
    index: u32,
    word: String,
}

/// Whether the words are known to be written down.
#[derive(Serialize, TS)]
pub(crate) struct RecoveryConfirmed {
    confirmed: bool,
}

/// One of the two.
#[derive(Deserialize, TS)]
pub(crate) struct UnlockRequest {
    passphrase: Option<String>,
    recovery_words: Option<String>,
}

pub(super) async fn app_state(shell: &Shell) -> Result<AppState> {
    if shell.unlocked().is_none() {
        if !shell.home.is_inhabited() {
            return Ok(AppState::New);
        }
        let opened = match shell.usual_unlock() {
            Ok(unlock) => shell.open(&unlock).await,
            Err(error) => Err(error),
        };
        if let Err(error) = opened {
            return Ok(AppState::Locked { slots: vault::slots(&shell.home).unwrap_or_default(), reason: error.to_string() });
        }
    }
    ready(shell).await
}

async fn ready(shell: &Shell) -> Result<AppState> {
    let member = shell.member()?;
    Ok(AppState::Ready { profile: workspace::profile(&member)?, recovery_confirmed: workspace::recovery_confirmed(&member).await? })
}

pub(super) async fn workspace_create(shell: &Shell, request: CreateRequest) -> Result<RecoveryWords> {
    let handle: Handle = typed("bad_handle", &request.handle)?;
    // Before a relay begins for nothing.
    let slots = new_slots(shell, request.passphrase, &[handle.as_str(), &request.name])?;
    let given = request.relay.filter(|relay| !relay.trim().is_empty());
    let hosts_relay = given.is_none();
    let relay = match given {
        Some(relay) => relay,
        None => shell.begin_relay().await?,
    };
    let relay = typed("bad_relay", &relay)?;
    let request = workspace::CreateRequest {
        name: request.name,
        handle,
        relay,
        hosts_relay,
        setup_token: std::env::var("BEZEL_SETUP_TOKEN").ok().map(Into::into),
        slots,
    };
    let (member, enrolled) = workspace::create(&shell.home, shell.environment.clone(), request).await?;
    shell.keep(member);
    Ok(RecoveryWords { recovery_words: enrolled.recovery_words })
}

pub(super) async fn workspace_join(shell: &Shell, request: JoinRequest) -> Result<RecoveryWords> {
    let handle: Handle = typed("bad_handle", &request.handle)?;
    let slots = new_slots(shell, request.passphrase, &[handle.as_str()])?;
    let request = workspace::JoinRequest { link: InviteLink::parse(&request.link)?, handle, slots };
    let (member, enrolled) = workspace::join(&shell.home, shell.environment.clone(), request).await?;
    shell.keep(member);
    Ok(RecoveryWords { recovery_words: enrolled.recovery_words })
}

/// The slots of a new home. `known` is what a guesser at a passphrase tries first.
fn new_slots(shell: &Shell, passphrase: Option<String>, known: &[&str]) -> Result<NewSlots> {
    let chosen = passphrase.filter(|passphrase| !passphrase.is_empty()).or_else(|| shell.given_passphrase());
    let passphrase = chosen.map(|chosen| NewPassphrase::choose(chosen, known)).transpose()?;
    Ok(NewSlots { keychain: shell.uses_keychain(), passphrase, ..NewSlots::default() })
}

pub(super) async fn recovery_confirm(shell: &Shell, request: RecoveryAnswers) -> Result<RecoveryConfirmed> {
    let answers: Vec<(usize, String)> = request.answers.into_iter().map(|answer| (answer.index as usize, answer.word)).collect();
    workspace::confirm_recovery(&*shell.member()?, &answers).await?;
    Ok(RecoveryConfirmed { confirmed: true })
}

pub(super) async fn unlock(shell: &Shell, request: UnlockRequest) -> Result<AppState> {
    let unlock = match (request.passphrase, request.recovery_words) {
        (Some(passphrase), _) => Unlock::Passphrase(Passphrase::parse(passphrase)?),
        (None, Some(words)) => Unlock::RecoveryWords(Words::parse(&words)?),
        (None, None) => shell.usual_unlock()?,
    };
    shell.open(&unlock).await?;
    ready(shell).await
}

pub(super) async fn profile(shell: &Shell) -> Result<Profile> {
    workspace::profile(&*shell.member()?)
}
