//! The keys of this device: one MLS signature key for each suite, and an Ed25519 key for messages and log-ins.

use core::fmt;

use bezel_protocol::certificate::CERTIFICATE_LIFETIME_MS;
use bezel_protocol::cose::{SignatureAlgorithm, Signer, SigningFailed};
use bezel_protocol::key::Ed25519PublicKey;
use bezel_protocol::login::LoginStatement;
use bezel_protocol::{Certificate, DeviceId, SignedCertificate, Suite, UserId, WorkspaceId, cbor};
use mls_rs_core::crypto::{CipherSuite, CipherSuiteProvider as _, CryptoProvider as _, SignaturePublicKey, SignatureSecretKey};
use mls_rs_crypto_awslc::AwsLcCryptoProvider;
use serde::{Deserialize, Serialize};

use crate::IdentityKeyPair;
use crate::invite::Ed25519Signer;
use crate::rng::Rng;
use crate::secret::{Secret, SecretBytes};

/// The private keys of this device.
pub struct DeviceKeys {
    device: DeviceId,
    leaf_p384: LeafKey,
    leaf_ed25519: LeafKey,
    message_seed: Secret<32>,
    message: Ed25519Signer,
}

struct LeafKey {
    secret: SecretBytes,
    public: Vec<u8>,
}

/// Why there are no device keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DeviceKeysError {
    /// There is no randomness, or the library could not make a key.
    #[error("the device's keys could not be made")]
    Generation,
    /// The stored bytes are not device keys.
    #[error("the stored device keys can't be read")]
    Malformed,
}

/// As stored, under the database's encryption.
#[derive(Serialize, Deserialize)]
struct Stored {
    version: u8,
    device: DeviceId,
    #[serde(with = "crate::secret::stored_bytes")]
    leaf_p384: SecretBytes,
    #[serde(with = "crate::secret::stored_bytes")]
    leaf_ed25519: SecretBytes,
    #[serde(with = "crate::secret::stored")]
    message_seed: Secret<32>,
}

const STORED_VERSION: u8 = 1;

impl DeviceKeys {
    /// Makes the keys of a new device. The MLS keys are made by AWS-LC from its own randomness, the message key from `rng`.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn generate(device: DeviceId, rng: &mut dyn Rng) -> Result<Self, DeviceKeysError> {
        let message_seed = Secret::random(rng).map_err(|_| DeviceKeysError::Generation)?;
        let message = Ed25519Signer::from_seed(&message_seed).map_err(|_| DeviceKeysError::Generation)?;
        let leaf_p384 = LeafKey::generate(Suite::P384Aes256)?;
        let leaf_ed25519 = LeafKey::generate(Suite::X25519ChaCha20)?;
        Ok(Self { device, leaf_p384, leaf_ed25519, message_seed, message })
    }

    /// Reads keys that [`Self::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`DeviceKeysError::Malformed`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DeviceKeysError> {
        let stored: Stored = cbor::decode(bytes).map_err(|_| DeviceKeysError::Malformed)?;
        if stored.version != STORED_VERSION {
            return Err(DeviceKeysError::Malformed);
        }
        Ok(Self {
            device: stored.device,
            leaf_p384: LeafKey::read(Suite::P384Aes256, stored.leaf_p384)?,
            leaf_ed25519: LeafKey::read(Suite::X25519ChaCha20, stored.leaf_ed25519)?,
            message: Ed25519Signer::from_seed(&stored.message_seed).map_err(|_| DeviceKeysError::Malformed)?,
            message_seed: stored.message_seed,
        })
    }

    /// The keys in CBOR, for storage under another key.
    #[must_use]
    pub fn to_bytes(&self) -> SecretBytes {
        let stored = StoredRef {
            version: STORED_VERSION,
            device: self.device,
            leaf_p384: &self.leaf_p384.secret,
            leaf_ed25519: &self.leaf_ed25519.secret,
            message_seed: &self.message_seed,
        };
        SecretBytes::new(cbor::encode(&stored))
    }

    /// The device.
    #[must_use]
    pub const fn device(&self) -> DeviceId {
        self.device
    }

    /// The public half of the message key.
    #[must_use]
    pub const fn message_key(&self) -> &Ed25519PublicKey {
        &self.message.public
    }

    /// Certifies these keys for `user` with the user's identity, from `now_ms` for [`CERTIFICATE_LIFETIME_MS`]. The same call renews.
    ///
    /// # Errors
    /// When the identity can't sign.
    pub fn certify(
        &self,
        identity: &IdentityKeyPair,
        workspace: WorkspaceId,
        user: UserId,
        now_ms: i64,
    ) -> Result<SignedCertificate, SigningFailed> {
        let leaf_key_ed25519 = Ed25519PublicKey::from_bytes(&self.leaf_ed25519.public).map_err(|_| SigningFailed)?;
        let certificate = Certificate {
            workspace,
            user,
            device: self.device,
            leaf_key_p384: self.leaf_p384.public.clone(),
            leaf_key_ed25519,
            message_key: self.message.public,
            not_after_ms: now_ms.saturating_add(CERTIFICATE_LIFETIME_MS),
        };
        certificate.sign(identity)
    }

    /// Whether a certificate is about these very keys.
    #[must_use]
    pub fn are_certified_by(&self, certificate: &Certificate) -> bool {
        certificate.device == self.device
            && certificate.leaf_key_p384 == self.leaf_p384.public
            && certificate.leaf_key_ed25519.as_bytes().as_slice() == self.leaf_ed25519.public
            && certificate.message_key == self.message.public
    }

    /// Signs a log-in with the message key.
    ///
    /// # Errors
    /// When the library refuses.
    pub fn sign_login(&self, login: &LoginStatement) -> Result<Vec<u8>, SigningFailed> {
        self.message.sign(&login.to_be_signed())
    }

    /// The leaf signature key pair of a suite, in the library's terms.
    pub(crate) fn leaf(&self, suite: Suite) -> (SignatureSecretKey, SignaturePublicKey) {
        let key = match suite {
            Suite::P384Aes256 => &self.leaf_p384,
            Suite::X25519ChaCha20 => &self.leaf_ed25519,
        };
        (SignatureSecretKey::new_slice(key.secret.expose()), SignaturePublicKey::new_slice(&key.public))
    }
}

/// The message key: envelopes and log-ins.
impl Signer for DeviceKeys {
    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::Ed25519
    }

    fn key_id(&self) -> Vec<u8> {
        self.device.as_bytes().to_vec()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningFailed> {
        self.message.sign(message)
    }
}

impl fmt::Debug for DeviceKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeviceKeys({}, ..)", self.device)
    }
}

#[derive(Serialize)]
struct StoredRef<'a> {
    version: u8,
    device: DeviceId,
    #[serde(serialize_with = "crate::secret::stored_bytes::serialize")]
    leaf_p384: &'a SecretBytes,
    #[serde(serialize_with = "crate::secret::stored_bytes::serialize")]
    leaf_ed25519: &'a SecretBytes,
    #[serde(serialize_with = "crate::secret::stored::serialize")]
    message_seed: &'a Secret<32>,
}

impl LeafKey {
    fn generate(suite: Suite) -> Result<Self, DeviceKeysError> {
        let (secret, public) =
            provider(suite).ok_or(DeviceKeysError::Generation)?.signature_key_generate().map_err(|_| DeviceKeysError::Generation)?;
        Ok(Self { secret: SecretBytes::new(secret.as_bytes().to_vec()), public: public.as_bytes().to_vec() })
    }

    fn read(suite: Suite, secret: SecretBytes) -> Result<Self, DeviceKeysError> {
        let public = provider(suite)
            .ok_or(DeviceKeysError::Malformed)?
            .signature_key_derive_public(&SignatureSecretKey::new_slice(secret.expose()))
            .map_err(|_| DeviceKeysError::Malformed)?;
        Ok(Self { public: public.as_bytes().to_vec(), secret })
    }
}

fn provider(suite: Suite) -> Option<impl mls_rs_core::crypto::CipherSuiteProvider> {
    AwsLcCryptoProvider::new().cipher_suite_provider(CipherSuite::new(suite.code()))
}

#[cfg(test)]
mod tests {
    use bezel_protocol::login::{LoginChallenge, Subject};

    use super::*;
    use crate::SystemRng;

    fn keys() -> DeviceKeys {
        DeviceKeys::generate(DeviceId::from_bytes([3; 16]), &mut SystemRng).unwrap()
    }

    #[test]
    fn stored_keys_are_the_same_keys() {
        let made = keys();
        let read = DeviceKeys::from_bytes(made.to_bytes().expose()).unwrap();
        let identity = IdentityKeyPair::generate().unwrap();
        let certificate = made.certify(&identity, WorkspaceId::from_bytes([1; 16]), UserId::from_bytes([2; 16]), 5).unwrap();
        certificate.verify(identity.public()).unwrap();
        assert!(read.are_certified_by(certificate.certificate()), "storage must not change a key");
        assert!(!keys().are_certified_by(certificate.certificate()), "another device's keys are not certified by this certificate");
        assert_eq!(certificate.certificate().not_after_ms, 5 + CERTIFICATE_LIFETIME_MS);
    }

    #[test]
    fn stored_keys_of_an_unknown_version_are_refused() {
        let mut bytes = keys().to_bytes().expose().to_vec();
        let at = bytes.windows(8).position(|window| window == b"\x67version").unwrap() + 8;
        bytes[at] = 2;
        assert_eq!(DeviceKeys::from_bytes(&bytes).unwrap_err(), DeviceKeysError::Malformed);
    }

    #[test]
    fn a_login_signature_verifies_with_the_message_key() {
        let keys = keys();
        let challenge = LoginChallenge {
            relay: *keys.message_key(),
            workspace: WorkspaceId::from_bytes([1; 16]),
            subject: Subject::Device(keys.device()),
            nonce: [9; 32],
            issued_at_ms: 1,
        };
        let login = LoginStatement { challenge, number: 1 };
        keys.message_key().verify(&login.to_be_signed(), &keys.sign_login(&login).unwrap()).unwrap();
    }
}
