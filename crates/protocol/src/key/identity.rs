//! The RSA-4096 identity key of a user, public side.

use core::fmt;

use rsa::pkcs8::{DecodePublicKey as _, EncodePublicKey as _};
use rsa::pss::{Signature, VerifyingKey};
use rsa::signature::Verifier as _;
use rsa::traits::PublicKeyParts as _;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::{BadSignature, InvalidKey};
use crate::Hash;

/// A user's identity key: RSA, 4096 bits, e = 65537. Its signatures are RSASSA-PSS with SHA-256 and a salt of 32 bytes (RFC 8017 §8.1).
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "SpkiBytes", into = "SpkiBytes")]
pub struct IdentityPublicKey {
    spki: Vec<u8>,
    key: VerifyingKey<Sha256>,
}

#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct SpkiBytes(#[serde(with = "serde_bytes")] Vec<u8>);

impl IdentityPublicKey {
    /// Reads a SubjectPublicKeyInfo (RFC 5280 §4.1) in DER.
    ///
    /// # Errors
    /// When it is not RSA, or not of our size and exponent.
    pub fn from_spki_der(spki: &[u8]) -> Result<Self, InvalidKey> {
        let key = rsa::PublicKey::from_public_key_der(spki).map_err(|_| InvalidKey::NotRsa)?;
        if key.n().as_ref().bit_width() != 4096 || key.e_bytes().as_ref() != [1, 0, 1] {
            return Err(InvalidKey::WrongSize);
        }
        // One encoding a key, so that one key has one fingerprint.
        let canonical = key.to_public_key_der().map_err(|_| InvalidKey::NotRsa)?;
        if canonical.as_bytes() != spki {
            return Err(InvalidKey::NotRsa);
        }
        Ok(Self { spki: spki.to_vec(), key: VerifyingKey::new_with_salt_len(key, 32) })
    }

    /// The SubjectPublicKeyInfo in DER.
    #[must_use]
    pub fn as_spki_der(&self) -> &[u8] {
        &self.spki
    }

    /// SHA-256 of the SubjectPublicKeyInfo.
    #[must_use]
    pub fn fingerprint(&self) -> Hash {
        Hash::of(&self.spki)
    }

    /// Checks an RSASSA-PSS signature over `message`.
    ///
    /// # Errors
    /// When the signature is not by this key over these bytes.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
        let signature = Signature::try_from(signature).map_err(|_| BadSignature)?;
        self.key.verify(message, &signature).map_err(|_| BadSignature)
    }
}

impl PartialEq for IdentityPublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.spki == other.spki
    }
}

impl Eq for IdentityPublicKey {}

impl fmt::Debug for IdentityPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdentityPublicKey({})", self.fingerprint())
    }
}

impl TryFrom<SpkiBytes> for IdentityPublicKey {
    type Error = InvalidKey;

    fn try_from(bytes: SpkiBytes) -> Result<Self, InvalidKey> {
        Self::from_spki_der(&bytes.0)
    }
}

impl From<IdentityPublicKey> for SpkiBytes {
    fn from(key: IdentityPublicKey) -> Self {
        Self(key.spki)
    }
}
