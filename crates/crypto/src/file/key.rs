//! The key of one file, and the way it reaches a named person.

use core::fmt;

use aws_lc_rs::rsa::{
    OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, OaepPublicEncryptingKey, PrivateDecryptingKey, PublicEncryptingKey,
};
use bezel_protocol::content::FileKeyBytes;
use bezel_protocol::key::IdentityPublicKey;
use zeroize::Zeroizing;

use crate::identity::IdentityKeyPair;
use crate::rng::{Rng, RngFailed};
use crate::secret::Secret;

/// The 256-bit key of one file: random, for nothing else, never changed.
pub struct FileKey(Secret<32>);

/// A key could not be sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FileKeyError {
    /// The library refused to seal.
    #[error("the file's key could not be sealed for this person")]
    Seal,
    /// It is not sealed for this identity key, or was changed.
    #[error("the file's key is not sealed for this identity key")]
    Open,
}

/// Keeps a sealed file key from passing as anything else (the label of RSAES-OAEP, RFC 8017 §7.1.1).
const LABEL: &[u8] = b"bezel/file-key/1";

impl FileKey {
    /// A new random key.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn random(rng: &mut dyn Rng) -> Result<Self, RngFailed> {
        Secret::random(rng).map(Self)
    }

    /// The key out of a message or the cache.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Secret::from_slice(bytes).map(Self)
    }

    /// As it stands in a message.
    #[must_use]
    pub fn to_message(&self) -> FileKeyBytes {
        FileKeyBytes::new(self.0.expose())
    }

    /// The bytes.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        self.0.expose()
    }

    /// Seals the key for whoever holds an identity key: RSAES-OAEP with SHA-256.
    ///
    /// # Errors
    /// When the library refuses.
    pub fn seal_for(&self, identity: &IdentityPublicKey) -> Result<Vec<u8>, FileKeyError> {
        let key = PublicEncryptingKey::from_der(identity.as_spki_der()).map_err(|_| FileKeyError::Seal)?;
        let key = OaepPublicEncryptingKey::new(key).map_err(|_| FileKeyError::Seal)?;
        let mut sealed = vec![0; key.ciphertext_size()];
        key.encrypt(&OAEP_SHA256_MGF1SHA256, self.0.expose(), &mut sealed, Some(LABEL)).map_err(|_| FileKeyError::Seal)?;
        Ok(sealed)
    }

    /// The way back.
    ///
    /// # Errors
    /// When it is not sealed for this identity.
    pub fn open_with(identity: &IdentityKeyPair, sealed: &[u8]) -> Result<Self, FileKeyError> {
        let der = identity.to_pkcs8_der().map_err(|_| FileKeyError::Open)?;
        let key = PrivateDecryptingKey::from_pkcs8(der.expose()).map_err(|_| FileKeyError::Open)?;
        let key = OaepPrivateDecryptingKey::new(key).map_err(|_| FileKeyError::Open)?;
        let mut buffer = Zeroizing::new(vec![0; key.min_output_size()]);
        let opened = key.decrypt(&OAEP_SHA256_MGF1SHA256, sealed, &mut buffer, Some(LABEL)).map_err(|_| FileKeyError::Open)?;
        Self::from_bytes(opened).ok_or(FileKeyError::Open)
    }
}

impl fmt::Debug for FileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::SystemRng;

    #[test]
    fn a_sealed_file_key_opens_for_its_person_alone() {
        let (ben, cora) = (IdentityKeyPair::generate().unwrap(), IdentityKeyPair::generate().unwrap());
        let key = FileKey::random(&mut SystemRng).unwrap();
        let mut sealed = key.seal_for(ben.public()).unwrap();
        assert_eq!(FileKey::open_with(&ben, &sealed).unwrap().expose(), key.expose());
        assert_eq!(FileKey::open_with(&cora, &sealed).unwrap_err(), FileKeyError::Open, "nobody else opens it");
        if let Some(byte) = sealed.last_mut() {
            *byte ^= 1;
        }
        assert_eq!(FileKey::open_with(&ben, &sealed).unwrap_err(), FileKeyError::Open, "a changed one opens for nobody");
    }
}
