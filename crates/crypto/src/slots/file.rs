//! The slot file: what lies on disk beside the encrypted database. Nothing in it helps without one of the secrets.

use bezel_protocol::{DeviceId, WorkspaceId, cbor};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use super::{Cost, MasterKey, NewPassphrase, Passphrase, RecoveryWords, SlotError, Wrapped};
use crate::rng::{self, Rng};

/// The ways into an installation, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotFile {
    version: u8,
    /// The workspace of the installation, once there is one.
    pub workspace: Option<WorkspaceId>,
    /// The device of the installation, once there is one.
    pub device: Option<DeviceId>,
    keychain: Option<KeychainSlot>,
    words: Option<Wrapped>,
    passphrase: Option<PassphraseSlot>,
}

/// Where the keychain holds the master key, and by what it is recognised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeychainSlot {
    /// The service of the entry.
    pub service: String,
    /// The account of the entry.
    pub account: String,
    #[serde(with = "serde_bytes")]
    check: [u8; 16],
}

/// The master key under a passphrase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassphraseSlot {
    cost: Cost,
    #[serde(with = "serde_bytes")]
    salt: [u8; 16],
    wrapped: Wrapped,
}

const VERSION: u8 = 1;
const WORDS_AAD: &[u8] = b"bezel/slot/words/1";
const PASSPHRASE_AAD: &[u8] = b"bezel/slot/passphrase/1";
const WORDS_PURPOSE: &str = "bezel/master";

impl SlotFile {
    /// A file without a slot. Whoever writes it adds one first, or the installation can't be opened again.
    #[must_use]
    pub const fn new() -> Self {
        Self { version: VERSION, workspace: None, device: None, keychain: None, words: None, passphrase: None }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`SlotError::Malformed`] when it is not one, or of a newer version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SlotError> {
        let file: Self = cbor::decode(bytes).map_err(|_| SlotError::Malformed)?;
        if file.version == VERSION { Ok(file) } else { Err(SlotError::Malformed) }
    }

    /// The file's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        cbor::encode(self)
    }

    /// Whether any slot is there.
    #[must_use]
    pub const fn has_slot(&self) -> bool {
        self.keychain.is_some() || self.words.is_some() || self.passphrase.is_some()
    }

    /// Where to look in the keychain.
    #[must_use]
    pub const fn keychain(&self) -> Option<&KeychainSlot> {
        self.keychain.as_ref()
    }

    /// Whether the recovery words open it.
    #[must_use]
    pub const fn has_words(&self) -> bool {
        self.words.is_some()
    }

    /// Whether a passphrase opens it.
    #[must_use]
    pub const fn has_passphrase(&self) -> bool {
        self.passphrase.is_some()
    }

    /// Notes that the keychain holds `master` under this service and account.
    ///
    /// # Errors
    /// [`SlotError::Failed`].
    pub fn set_keychain(&mut self, service: impl Into<String>, account: impl Into<String>, master: &MasterKey) -> Result<(), SlotError> {
        self.keychain = Some(KeychainSlot { service: service.into(), account: account.into(), check: master.check_value()? });
        Ok(())
    }

    /// Forgets the keychain.
    pub fn remove_keychain(&mut self) {
        self.keychain = None;
    }

    /// Checks that what the keychain gave is this installation's master key. A keychain that was reset, or that holds the entry of
    /// another installation, must not lead to a new empty database over the old one.
    ///
    /// # Errors
    /// [`SlotError::NoSuchSlot`] without a keychain slot, [`SlotError::WrongKeychain`] for another key.
    pub fn check_keychain(&self, found: MasterKey) -> Result<MasterKey, SlotError> {
        let slot = self.keychain.as_ref().ok_or(SlotError::NoSuchSlot)?;
        if found.check_value()?.ct_eq(&slot.check).into() { Ok(found) } else { Err(SlotError::WrongKeychain) }
    }

    /// Wraps `master` under the recovery words, instead of the words that were there.
    ///
    /// # Errors
    /// When there is no randomness, or the library refuses.
    pub fn set_words(&mut self, words: &RecoveryWords, master: &MasterKey, rng: &mut dyn Rng) -> Result<(), SlotError> {
        let key = words.wrapping_key(WORDS_PURPOSE)?;
        self.words = Some(Wrapped::seal(master.secret(), &key, WORDS_AAD, rng)?);
        Ok(())
    }

    /// Opens with the recovery words.
    ///
    /// # Errors
    /// [`SlotError::NoSuchSlot`], [`SlotError::WrongWords`].
    pub fn open_with_words(&self, words: &RecoveryWords) -> Result<MasterKey, SlotError> {
        let wrapped = self.words.as_ref().ok_or(SlotError::NoSuchSlot)?;
        let key = words.wrapping_key(WORDS_PURPOSE)?;
        wrapped.open(&key, WORDS_AAD).map(MasterKey::from_secret).ok_or(SlotError::WrongWords)
    }

    /// Wraps `master` under a passphrase, instead of the one that was there. Takes a moment by design.
    ///
    /// # Errors
    /// When there is no randomness, or the library refuses.
    pub fn set_passphrase(
        &mut self,
        passphrase: &NewPassphrase,
        cost: Cost,
        master: &MasterKey,
        rng: &mut dyn Rng,
    ) -> Result<(), SlotError> {
        self.passphrase = Some(PassphraseSlot::seal(passphrase.as_passphrase(), cost, master, rng)?);
        Ok(())
    }

    /// Forgets the passphrase.
    pub fn remove_passphrase(&mut self) {
        self.passphrase = None;
    }

    /// Opens with the passphrase. Takes a moment by design.
    ///
    /// # Errors
    /// [`SlotError::NoSuchSlot`], [`SlotError::WrongPassphrase`].
    pub fn open_with_passphrase(&self, passphrase: &Passphrase) -> Result<MasterKey, SlotError> {
        let slot = self.passphrase.as_ref().ok_or(SlotError::NoSuchSlot)?;
        let key = slot.cost.stretch(passphrase, &slot.salt)?;
        slot.wrapped.open(&key, PASSPHRASE_AAD).map(MasterKey::from_secret).ok_or(SlotError::WrongPassphrase)
    }
}

impl SlotFile {
    /// The slots of the same installation for a new master key, without the keychain. The passphrase stays as it is, under a new salt; it is
    /// given again, since nothing that the old master key opens tells it. Takes a moment by design.
    ///
    /// # Errors
    /// [`SlotError::PassphraseNeeded`] when there is such a slot and none is given, [`SlotError::WrongPassphrase`] when it is another.
    pub fn rekeyed(
        &self,
        master: &MasterKey,
        words: &RecoveryWords,
        passphrase: Option<&Passphrase>,
        rng: &mut dyn Rng,
    ) -> Result<Self, SlotError> {
        let mut new = Self { workspace: self.workspace, device: self.device, ..Self::new() };
        new.set_words(words, master, rng)?;
        if let Some(slot) = &self.passphrase {
            let passphrase = passphrase.ok_or(SlotError::PassphraseNeeded)?;
            self.open_with_passphrase(passphrase)?;
            new.passphrase = Some(PassphraseSlot::seal(passphrase, slot.cost, master, rng)?);
        }
        Ok(new)
    }
}

impl PassphraseSlot {
    fn seal(passphrase: &Passphrase, cost: Cost, master: &MasterKey, rng: &mut dyn Rng) -> Result<Self, SlotError> {
        let salt = rng::array(rng)?;
        let key = cost.stretch(passphrase, &salt)?;
        Ok(Self { cost, salt, wrapped: Wrapped::seal(master.secret(), &key, PASSPHRASE_AAD, rng)? })
    }
}

impl Default for SlotFile {
    fn default() -> Self {
        Self::new()
    }
}
