//! A key under another key.

use bezel_protocol::Algorithm;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::SlotError;
use crate::aead;
use crate::rng::{self, Rng};
use crate::secret::Secret;

/// A 32-byte key under a wrapping key, by AES-256-GCM with additional data that names its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wrapped {
    #[serde(with = "serde_bytes")]
    nonce: [u8; 12],
    #[serde(with = "serde_bytes")]
    ciphertext: [u8; 32 + aead::TAG_BYTES],
}

impl Wrapped {
    pub(crate) fn seal(key: &Secret<32>, wrapping: &Secret<32>, aad: &[u8], rng: &mut dyn Rng) -> Result<Self, SlotError> {
        let nonce = rng::array(rng)?;
        let ciphertext = aead::seal(Algorithm::Aes256Gcm, wrapping, &nonce, aad, key.expose()).map_err(|_| SlotError::Failed)?;
        Ok(Self { nonce, ciphertext: ciphertext.try_into().map_err(|_| SlotError::Failed)? })
    }

    pub(crate) fn open(&self, wrapping: &Secret<32>, aad: &[u8]) -> Option<Secret<32>> {
        let opened = aead::open(Algorithm::Aes256Gcm, wrapping, &self.nonce, aad, &self.ciphertext).ok()?;
        Secret::from_slice(&Zeroizing::new(opened))
    }
}
