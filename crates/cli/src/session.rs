//! Opens the member for which a verb is meant.

use std::path::PathBuf;
use std::sync::Arc;

use bezel_core::clock::SystemClock;
use bezel_core::vault::{NewSlots, Unlock};
use bezel_core::{Environment, Error, Home, Member, Result};
use bezel_crypto::slots::{Passphrase, RecoveryWords};
use bezel_protocol::settings::Settings;

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
        Ok(Self { home: Home::new(folder), environment: Environment { clock: Arc::new(SystemClock), settings }, unlock })
    }

    pub(crate) async fn open(&self) -> Result<Member> {
        Member::open(&self.home, self.environment.clone(), &self.unlock()?).await
    }

    fn unlock(&self) -> Result<Unlock> {
        Ok(match self.unlock {
            UnlockBy::Keychain => Unlock::Keychain,
            UnlockBy::Passphrase => Unlock::Passphrase(passphrase()?),
            UnlockBy::Words => {
                let words = variable("BEZEL_WORDS")?;
                let words = RecoveryWords::parse(&words)
                    .map_err(|error| Error::new("bad_words", format!("{error}."), "Give all 24 words in order, with spaces."))?;
                Unlock::RecoveryWords(words)
            }
        })
    }

    /// The slots that a new home gets.
    pub(crate) fn new_slots(&self) -> Result<NewSlots> {
        Ok(match self.unlock {
            UnlockBy::Keychain | UnlockBy::Words => NewSlots::default(),
            UnlockBy::Passphrase => NewSlots { keychain: false, passphrase: Some(passphrase()?), ..NewSlots::default() },
        })
    }
}

fn passphrase() -> Result<Passphrase> {
    Ok(Passphrase::new(variable("BEZEL_PASSPHRASE")?))
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
