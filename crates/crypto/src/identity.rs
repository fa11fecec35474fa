//! The user's identity: an RSA-4096 key pair. It signs roster statements, certificates and a first log-in, and nothing else.

use core::fmt;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair as _, RSA_PSS_SHA256, RsaKeyPair};
use bezel_protocol::cose::{SignatureAlgorithm, Signer, SigningFailed};
use bezel_protocol::key::IdentityPublicKey;

use crate::secret::SecretBytes;

/// An identity key pair: RSA, 4096 bits, e = 65537, in AWS-LC's memory. Signatures are RSASSA-PSS with SHA-256 and a salt of 32 bytes.
pub struct IdentityKeyPair {
    key: RsaKeyPair,
    public: IdentityPublicKey,
}

/// Why there is no identity key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// The library could not make one.
    #[error("the identity key could not be made")]
    Generation,
    /// The stored bytes are not one.
    #[error("the stored identity key can't be read")]
    Malformed,
}

impl IdentityKeyPair {
    /// Makes a new key pair. Takes about a second of one core: not for the thread of the interface. The randomness is AWS-LC's own.
    ///
    /// # Errors
    /// When the library can't.
    pub fn generate() -> Result<Self, IdentityError> {
        let key = RsaKeyPair::generate(KeySize::Rsa4096).map_err(|_| IdentityError::Generation)?;
        Self::from_key(key).map_err(|_| IdentityError::Generation)
    }

    /// Reads a private key that [`Self::to_pkcs8_der`] wrote.
    ///
    /// # Errors
    /// When it is not an RSA key of our size and exponent.
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self, IdentityError> {
        Self::from_key(RsaKeyPair::from_pkcs8(der).map_err(|_| IdentityError::Malformed)?)
    }

    /// The private key in PKCS#8 (RFC 5208), for storage under another key.
    ///
    /// # Errors
    /// When the library can't write it.
    pub fn to_pkcs8_der(&self) -> Result<SecretBytes, IdentityError> {
        let der: Pkcs8V1Der<'_> = self.key.as_der().map_err(|_| IdentityError::Malformed)?;
        Ok(SecretBytes::new(der.as_ref().to_vec()))
    }

    /// The public half.
    #[must_use]
    pub const fn public(&self) -> &IdentityPublicKey {
        &self.public
    }

    fn from_key(key: RsaKeyPair) -> Result<Self, IdentityError> {
        let spki: PublicKeyX509Der<'_> = key.public_key().as_der().map_err(|_| IdentityError::Malformed)?;
        let public = IdentityPublicKey::from_spki_der(spki.as_ref()).map_err(|_| IdentityError::Malformed)?;
        Ok(Self { key, public })
    }
}

impl Signer for IdentityKeyPair {
    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::Ps256
    }

    fn key_id(&self) -> Vec<u8> {
        self.public.fingerprint().as_bytes().to_vec()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningFailed> {
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key.sign(&RSA_PSS_SHA256, &SystemRandom::new(), message, &mut signature).map_err(|_| SigningFailed)?;
        Ok(signature)
    }
}

impl fmt::Debug for IdentityKeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdentityKeyPair(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The private half must survive storage, and what AWS-LC signs must verify by the pure Rust `rsa` of the relay.
    #[test]
    fn a_stored_identity_signs_what_others_verify() {
        let made = IdentityKeyPair::generate().unwrap();
        let stored = made.to_pkcs8_der().unwrap();
        let read = IdentityKeyPair::from_pkcs8_der(stored.expose()).unwrap();
        assert_eq!(read.public(), made.public());
        let signature = read.sign(b"statement").unwrap();
        made.public().verify(b"statement", &signature).unwrap();
        assert!(made.public().verify(b"statement.", &signature).is_err(), "a signature holds for its message alone");
    }

    #[test]
    fn bytes_that_are_no_key_are_refused() {
        assert_eq!(IdentityKeyPair::from_pkcs8_der(b"not a key").unwrap_err(), IdentityError::Malformed);
    }
}
