//! Opens a home by one of its slots.

use std::path::Path;

use bezel_crypto::slots::{
    InvalidPassphrase, InvalidWords, MasterKey, Passphrase, RecoveryWords, SlotError, SlotFile, UnfitPassphrase, Weakness,
};

use super::create::NewSlots;
use super::keychain::{self, Missing};
use crate::error::{Error, Result, capitalised};
use crate::home::Home;

/// How to unlock.
#[derive(Debug)]
pub enum Unlock {
    /// The operating system's keychain.
    Keychain,
    /// The passphrase.
    Passphrase(Passphrase),
    /// The recovery words.
    RecoveryWords(RecoveryWords),
}

/// The name of a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
pub enum SlotName {
    /// The operating system's keychain.
    Keychain,
    /// A passphrase.
    Passphrase,
    /// The recovery words.
    RecoveryWords,
}

/// The slots that a home has.
///
/// # Errors
/// When the slot file is missing or damaged.
pub fn slots(home: &Home) -> Result<Vec<SlotName>> {
    let file = read(home)?;
    let present = [
        (SlotName::Keychain, file.keychain().is_some()),
        (SlotName::Passphrase, file.has_passphrase()),
        (SlotName::RecoveryWords, file.has_words()),
    ];
    Ok(present.into_iter().filter_map(|(name, is_there)| is_there.then_some(name)).collect())
}

pub(crate) fn read(home: &Home) -> Result<SlotFile> {
    read_file(&home.slots())
}

pub(super) fn read_file(path: &Path) -> Result<SlotFile> {
    let bytes = std::fs::read(path).map_err(|error| {
        Error::new(
            "no_slots",
            format!("The file of key slots can't be read ({error})."),
            "Put slots.cbor back from a backup; the database can't be opened without it.",
        )
    })?;
    Ok(SlotFile::from_bytes(&bytes)?)
}

/// The master key that a file of slots holds.
pub(super) async fn unlock(file: &SlotFile, unlock: &Unlock) -> Result<MasterKey> {
    match unlock {
        Unlock::Passphrase(passphrase) => Ok(file.open_with_passphrase(passphrase)?),
        Unlock::RecoveryWords(words) => Ok(file.open_with_words(words)?),
        Unlock::Keychain => {
            let slot = file.keychain().ok_or(SlotError::NoSuchSlot)?;
            match keychain::get(&slot.service, &slot.account).await {
                Ok(found) => Ok(file.check_keychain(MasterKey::from_secret(found))?),
                Err(Missing::NoEntry) => Err(locked("it is locked, or the entry was deleted")),
                Err(Missing::Unavailable(reason)) => Err(locked(&reason)),
            }
        }
    }
}

/// The master key of a home, by the ways that a first run was asked to make.
pub(crate) async fn unlock_as_made(home: &Home, made: &NewSlots) -> Result<MasterKey> {
    let file = read(home)?;
    match &made.passphrase {
        Some(passphrase) if file.has_passphrase() => Ok(file.open_with_passphrase(passphrase.as_passphrase())?),
        _ => unlock(&file, &Unlock::Keychain).await,
    }
}

fn locked(reason: &str) -> Error {
    Error::unverifiable(
        "locked",
        format!("The system's keychain does not give the key ({reason})."),
        "Unlock the keychain and try again, or unlock with the passphrase or the recovery words. Nothing was changed.",
    )
}

impl From<SlotError> for Error {
    fn from(error: SlotError) -> Self {
        let code = match error {
            SlotError::NoSuchSlot => "no_such_slot",
            SlotError::WrongKeychain => "wrong_keychain",
            SlotError::WrongWords => "wrong_words",
            SlotError::WrongPassphrase => "wrong_passphrase",
            SlotError::PassphraseNeeded => "passphrase_needed",
            SlotError::Malformed => "slots_damaged",
            SlotError::Rng(_) => "no_randomness",
            SlotError::Failed => "wrapping_failed",
        };
        let next_step = match error {
            SlotError::PassphraseNeeded => "Give it in BEZEL_PASSPHRASE, or remove it first. Nothing was changed.",
            _ => "Try again, or another way: keychain, passphrase or recovery words. Nothing was changed.",
        };
        Self::unverifiable(code, format!("Not unlocked: {error}."), next_step)
    }
}

impl From<InvalidPassphrase> for Error {
    fn from(error: InvalidPassphrase) -> Self {
        Self::new("bad_passphrase", format!("This is no passphrase: {error}."), "Type it again.")
    }
}

impl From<UnfitPassphrase> for Error {
    fn from(error: UnfitPassphrase) -> Self {
        match error {
            UnfitPassphrase::Invalid(invalid) => invalid.into(),
            UnfitPassphrase::Weak(weakness) => {
                let code = match weakness {
                    Weakness::Common => "passphrase_common",
                    Weakness::Word => "passphrase_word",
                    Weakness::Name => "passphrase_name",
                    Weakness::Keyboard => "passphrase_keyboard",
                    Weakness::Repetition => "passphrase_repetition",
                    Weakness::Sequence => "passphrase_sequence",
                    Weakness::Date => "passphrase_date",
                    Weakness::Short => "passphrase_short",
                };
                Self::new(code, capitalised(&format!("{error}.")), weakness.advice())
            }
        }
    }
}

impl From<InvalidWords> for Error {
    fn from(error: InvalidWords) -> Self {
        Self::new("bad_words", capitalised(&format!("{error}.")), "Give all 24 words in order; numbers and commas between them do no harm.")
    }
}

impl From<bezel_crypto::rng::RngFailed> for Error {
    fn from(error: bezel_crypto::rng::RngFailed) -> Self {
        Self::new("no_randomness", format!("Keys can't be made: {error}."), "Restart the computer and try again.")
    }
}
