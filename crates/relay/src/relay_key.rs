//! The relay's own key: it signs audit checkpoints, and log-ins are bound to it. It opens nothing.

use std::fs::OpenOptions;
use std::io::{Error, ErrorKind, Result, Write as _};
use std::path::Path;

use aws_lc_rs::hmac;
use bezel_protocol::ConversationId;
use bezel_protocol::audit::TreeHead;
use bezel_protocol::key::Ed25519PublicKey;
use bezel_protocol::log::{Generation, Place, SignedHead};
use bezel_protocol::wire::{Bytes, SignedCheckpoint, SignedGeneration};
use ed25519_dalek::{Signer as _, SigningKey};
use zeroize::Zeroizing;

/// An Ed25519 key pair.
#[derive(Clone)]
pub struct RelayKey {
    key: SigningKey,
    public: Ed25519PublicKey,
}

impl RelayKey {
    /// Reads the key from `path`.
    ///
    /// # Errors
    /// When there is none, the file can't be read, or is not a key.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = Zeroizing::new(std::fs::read(path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => Error::new(ErrorKind::NotFound, format!("{} is missing: bring it back from a backup", path.display())),
            _ => error,
        })?);
        let seed = Zeroizing::new(<[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| Error::other("relay.key is not a key of 32 bytes"))?);
        Self::from_seed(&seed)
    }

    /// Makes a key and keeps it at `path`, readable by the owner only. A file that is there is left as it is.
    ///
    /// # Errors
    /// When there is one already, or the file can't be written.
    pub fn make(path: &Path) -> Result<Self> {
        if path.exists() {
            return Err(Error::new(ErrorKind::AlreadyExists, "there is a relay.key already"));
        }
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(seed.as_mut_slice()).map_err(Error::other)?;
        // Under another name first: a key is there whole, or not at all.
        let half = path.with_extension("key.new");
        let mut options = OpenOptions::new();
        options.create(true).truncate(true).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&half)?;
        file.write_all(seed.as_slice())?;
        file.sync_all()?;
        std::fs::rename(&half, path)?;
        #[cfg(unix)]
        path.parent().map_or(Ok(()), |folder| std::fs::File::open(folder)?.sync_all())?;
        Self::from_seed(&seed)
    }

    fn from_seed(seed: &[u8; 32]) -> Result<Self> {
        let key = SigningKey::from_bytes(seed);
        let public = Ed25519PublicKey::from_bytes(key.verifying_key().as_bytes()).map_err(Error::other)?;
        Ok(Self { key, public })
    }

    /// The public half.
    #[must_use]
    pub const fn public(&self) -> Ed25519PublicKey {
        self.public
    }

    /// A key of its own for another purpose: HMAC-SHA-256 of the purpose's label under the seed.
    pub(crate) fn derive(&self, label: &str) -> Zeroizing<[u8; 32]> {
        let seed = Zeroizing::new(self.key.to_bytes());
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, seed.as_slice()), label.as_bytes());
        let mut derived = Zeroizing::new([0; 32]);
        for (to, from) in derived.iter_mut().zip(tag.as_ref()) {
            *to = *from;
        }
        derived
    }

    /// Signs what the audit log is now.
    #[must_use]
    pub fn checkpoint(&self, tree: TreeHead, at_ms: i64) -> SignedCheckpoint {
        let signature = self.key.sign(&SignedCheckpoint::to_be_signed(tree, at_ms));
        SignedCheckpoint { tree, at_ms, signature: Bytes(signature.to_bytes().to_vec()) }
    }
}

impl RelayKey {
    /// Signs in which life of its data the relay is.
    #[must_use]
    pub fn generation(&self, generation: Generation, at_ms: i64) -> SignedGeneration {
        let signature = self.key.sign(&SignedGeneration::to_be_signed(generation, at_ms));
        SignedGeneration { generation, at_ms, signature: Bytes(signature.to_bytes().to_vec()) }
    }

    /// Signs where a log ends, or where an entry of it stands.
    #[must_use]
    pub fn head(&self, generation: Generation, conversation: ConversationId, (place, epoch): (Place, u64), at_ms: i64) -> SignedHead {
        let signature = self.key.sign(&SignedHead::to_be_signed(generation, conversation, place, epoch, at_ms));
        SignedHead { generation, conversation, place, epoch, at_ms, signature: Bytes(signature.to_bytes().to_vec()) }
    }
}

impl core::fmt::Debug for RelayKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("RelayKey(..)")
    }
}
