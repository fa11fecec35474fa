//! Ed25519 keys (RFC 8032) of devices, invites and relays, public side.

use core::fmt;

use ed25519_dalek::{Signature, VerifyingKey};
use serde::{Deserialize, Serialize};

use super::{BadSignature, InvalidKey};
use crate::Hash;

/// An Ed25519 public key. Verification is strict: no small-order keys, no malleable signatures.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "KeyBytes", into = "KeyBytes")]
pub struct Ed25519PublicKey(VerifyingKey);

#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct KeyBytes(#[serde(with = "serde_bytes")] [u8; 32]);

impl Ed25519PublicKey {
    /// Reads the 32 bytes.
    ///
    /// # Errors
    /// When they are not a point, or one of small order.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidKey> {
        let bytes = bytes.try_into().map_err(|_| InvalidKey::NotEd25519)?;
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| InvalidKey::NotEd25519)?;
        if key.is_weak() { Err(InvalidKey::NotEd25519) } else { Ok(Self(key)) }
    }

    /// The 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// SHA-256 of the 32 bytes.
    #[must_use]
    pub fn fingerprint(&self) -> Hash {
        Hash::of(self.as_bytes())
    }

    /// Checks a signature over `message`.
    ///
    /// # Errors
    /// When the signature is not by this key over these bytes.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
        let signature = Signature::from_slice(signature).map_err(|_| BadSignature)?;
        self.0.verify_strict(message, &signature).map_err(|_| BadSignature)
    }
}

impl fmt::Debug for Ed25519PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ed25519PublicKey({})", hex::encode(self.as_bytes()))
    }
}

impl TryFrom<KeyBytes> for Ed25519PublicKey {
    type Error = InvalidKey;

    fn try_from(bytes: KeyBytes) -> Result<Self, InvalidKey> {
        Self::from_bytes(&bytes.0)
    }
}

impl From<Ed25519PublicKey> for KeyBytes {
    fn from(key: Ed25519PublicKey) -> Self {
        Self(*key.as_bytes())
    }
}
