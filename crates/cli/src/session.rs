//! Opens the member for which a verb is meant.

use std::path::PathBuf;

use bezel_core::vault::{NewSlots, Unlock};
use bezel_core::{Environment, Error, Home, Member, Result};
use bezel_crypto::slots::{NewPassphrase, Passphrase, RecoveryWords};
use bezel_protocol::settings::Settings;
use zeroize::Zeroizing;

use crate::arguments::UnlockBy;

/// The folder, and the way to unlock it.
pub(crate) struct Session {
    pub(crate) home: Home,
    pub(crate) environment: Environment,
    unlock: UnlockBy,
}

impl Session {
    pub(crate) fn new(home: Option<PathBuf>, unlock: UnlockBy) -> Result<Self> {
        let settings = Settings::from_env(|name| std::env::var(name).ok())
            .map_err(|error| Error::new("bad_setting", format!("{error}."), "Correct the environment variable and start again."))?;
        let folder = match home {
            Some(folder) => folder,
            None => default_home()?,
        };
        Ok(Self { home: Home::new(folder), environment: Environment::of_this_machine(settings), unlock })
    }

    pub(crate) async fn open(&self) -> Result<Member> {
        Member::open(&self.home, self.environment.clone(), &self.unlock()?).await
    }

    /// The way to unlock it, with its secret.
    pub(crate) fn unlock(&self) -> Result<Unlock> {
        Ok(match self.unlock {
            UnlockBy::Keychain => Unlock::Keychain,
            UnlockBy::Passphrase => Unlock::Passphrase(Passphrase::parse(variable(PASSPHRASE)?)?),
            UnlockBy::Words => Unlock::RecoveryWords(RecoveryWords::parse(&Zeroizing::new(variable("BEZEL_WORDS")?))?),
        })
    }

    /// The slots that a new home gets. `known` is what a guesser at a passphrase tries first.
    pub(crate) fn new_slots(&self, known: &[&str]) -> Result<NewSlots> {
        Ok(match self.unlock {
            UnlockBy::Keychain | UnlockBy::Words => NewSlots::default(),
            UnlockBy::Passphrase => {
                NewSlots { keychain: false, passphrase: Some(new_passphrase(PASSPHRASE, known)?), ..NewSlots::default() }
            }
        })
    }
}

const PASSPHRASE: &str = "BEZEL_PASSPHRASE";

/// A passphrase that somebody has just chosen.
pub(crate) fn new_passphrase(name: &str, known: &[&str]) -> Result<NewPassphrase> {
    Ok(NewPassphrase::choose(variable(name)?, known)?)
}

/// The passphrase of the environment, if there is one.
pub(crate) fn given_passphrase() -> Result<Option<Passphrase>> {
    std::env::var(PASSPHRASE).ok().filter(|value| !value.is_empty()).map(|value| Ok(Passphrase::parse(value)?)).transpose()
}

fn variable(name: &str) -> Result<String> {
    std::env::var(name)
        .ok()
        .filter(|value| !value.is_empty())
        .ok_or_else(|| Error::new("no_secret", format!("{name} is not set."), format!("Set {name}, or choose another way to unlock.")))
}

fn default_home() -> Result<PathBuf> {
    let data = std::env::var_os("XDG_DATA_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share")))
        .or_else(|| std::env::var_os("APPDATA").map(PathBuf::from));
    data.map(|data| data.join("bezel")).ok_or_else(|| Error::new("no_home", "There is no folder for your data.", "Choose one with --home."))
}
