//! The relay's own key: it signs audit checkpoints, and log-ins are bound to it. It opens nothing.

use std::io::Write as _;
use std::path::Path;

use bezel_protocol::Hash;
use bezel_protocol::key::Ed25519PublicKey;
use bezel_protocol::wire::{Bytes, SignedCheckpoint};
use ed25519_dalek::{Signer as _, SigningKey};
use zeroize::Zeroizing;

/// An Ed25519 key pair.
pub struct RelayKey {
    key: SigningKey,
    public: Ed25519PublicKey,
}

impl RelayKey {
    /// Reads the key from `path`, or makes it at the first start.
    ///
    /// # Errors
    /// When the file can't be read or written, or is not a key.
    pub fn open(path: &Path) -> std::io::Result<Self> {
        let mut seed = Zeroizing::new([0; 32]);
        if path.exists() {
            let bytes = Zeroizing::new(std::fs::read(path)?);
            *seed = bytes.as_slice().try_into().map_err(|_| std::io::Error::other("relay.key is not a key of 32 bytes"))?;
        } else {
            getrandom::fill(seed.as_mut_slice()).map_err(std::io::Error::other)?;
            let mut options = std::fs::OpenOptions::new();
            options.create_new(true).write(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut file = options.open(path)?;
            file.write_all(seed.as_slice())?;
            file.sync_all()?;
        }
        let key = SigningKey::from_bytes(&seed);
        let public = Ed25519PublicKey::from_bytes(key.verifying_key().as_bytes()).map_err(std::io::Error::other)?;
        Ok(Self { key, public })
    }

    /// The public half.
    #[must_use]
    pub const fn public(&self) -> Ed25519PublicKey {
        self.public
    }

    /// Signs what the audit log is now.
    #[must_use]
    pub fn checkpoint(&self, entries: u64, head: Hash, at_ms: i64) -> SignedCheckpoint {
        let signature = self.key.sign(&SignedCheckpoint::to_be_signed(entries, head, at_ms));
        SignedCheckpoint { entries, head, at_ms, signature: Bytes(signature.to_bytes().to_vec()) }
    }
}

impl core::fmt::Debug for RelayKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("RelayKey(..)")
    }
}
