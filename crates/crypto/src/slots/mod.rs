//! The slots that give the master key: the operating system's keychain, the recovery words, a passphrase.
//!
//! Each slot opens to the same 32 bytes. A wrong secret is an error that says so, never another key.

mod cost;
mod file;
mod passphrase;
mod words;
mod wrapped;

use core::fmt;

pub use cost::{Cost, InvalidCost};
pub use file::{KeychainSlot, PassphraseSlot, SlotFile};
pub use passphrase::{InvalidPassphrase, NewPassphrase, Passphrase, UnfitPassphrase, Weakness};
pub use words::{InvalidWords, RecoveryWords};
pub use wrapped::Wrapped;

use crate::kdf::{self, KdfFailed};
use crate::rng::{Rng, RngFailed};
use crate::secret::Secret;

/// The master key of an installation. All else on disk is encrypted under what comes from it.
#[derive(PartialEq, Eq)]
pub struct MasterKey(Secret<32>);

impl MasterKey {
    /// Makes a new master key.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn generate(rng: &mut dyn Rng) -> Result<Self, RngFailed> {
        Secret::random(rng).map(Self)
    }

    /// Takes what the keychain gave; [`SlotFile::check_keychain`] tells whether it is the right one.
    #[must_use]
    pub const fn from_secret(secret: Secret<32>) -> Self {
        Self(secret)
    }

    /// The key, for the keychain.
    #[must_use]
    pub const fn secret(&self) -> &Secret<32> {
        &self.0
    }

    /// The key of the local database: HKDF-SHA256(master, "bezel/db").
    ///
    /// # Errors
    /// [`SlotError::Failed`].
    pub fn database_key(&self) -> Result<Secret<32>, SlotError> {
        Ok(kdf::derive(self.0.expose(), &[b"bezel/db"])?)
    }

    /// The key under which `purpose` is stored outside of the database: HKDF-SHA256(master, "bezel/store/" ‖ purpose).
    ///
    /// # Errors
    /// [`SlotError::Failed`].
    pub fn storage_key(&self, purpose: &str) -> Result<Secret<32>, SlotError> {
        Ok(kdf::derive(self.0.expose(), &[b"bezel/store/", purpose.as_bytes()])?)
    }

    /// A value by which the key is recognised and from which nothing of it can be learnt.
    fn check_value(&self) -> Result<[u8; 16], SlotError> {
        let check: Secret<16> = kdf::derive(self.0.expose(), &[b"bezel/master-check"])?;
        Ok(*check.expose())
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(..)")
    }
}

/// Why a slot does not give the master key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SlotError {
    /// There is no such slot in the file.
    #[error("this installation has no such way to unlock it")]
    NoSuchSlot,
    /// The keychain holds another key than the one that this installation was made with.
    #[error("the keychain's entry belongs to another installation; unlock with the recovery words or the passphrase")]
    WrongKeychain,
    /// These are not the words.
    #[error("these are not the recovery words of this installation")]
    WrongWords,
    /// This is not the passphrase.
    #[error("this is not the passphrase")]
    WrongPassphrase,
    /// There is a passphrase, which must be given to be kept.
    #[error("the passphrase must be given, so that it opens with the new key too")]
    PassphraseNeeded,
    /// The file is not a slot file, or from a newer version.
    #[error("the slot file can't be read")]
    Malformed,
    /// There is no randomness.
    #[error(transparent)]
    Rng(#[from] RngFailed),
    /// The library refused.
    #[error("the key could not be wrapped")]
    Failed,
}

impl From<KdfFailed> for SlotError {
    fn from(_: KdfFailed) -> Self {
        Self::Failed
    }
}
