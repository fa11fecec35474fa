//! The certificate of a device: which keys speak for a user.

use coset::{CborSerializable as _, CoseSign1, CoseSign1Builder};
use serde::{Deserialize, Serialize};

use crate::cose::{SignatureAlgorithm, Signer, SigningFailed, header_says, label, signer_header};
use crate::key::{Ed25519PublicKey, IdentityPublicKey};
use crate::{DeviceId, Hash, Suite, UserId, WorkspaceId, cbor};

/// How long a certificate holds: 400 days, renewed with each identity key.
pub const CERTIFICATE_LIFETIME_MS: i64 = 400 * 24 * 60 * 60 * 1000;

/// What the identity key says of a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// The workspace in which it holds.
    pub workspace: WorkspaceId,
    /// The user for whom the device speaks.
    pub user: UserId,
    /// The device.
    pub device: DeviceId,
    /// The leaf signature key in groups of suite 0x0007: a P-384 point, uncompressed (97 bytes).
    #[serde(with = "serde_bytes")]
    pub leaf_key_p384: Vec<u8>,
    /// The leaf signature key in groups of suite 0x0003.
    pub leaf_key_ed25519: Ed25519PublicKey,
    /// The key of messages and log-ins.
    pub message_key: Ed25519PublicKey,
    /// When it ends, milliseconds since the epoch.
    pub not_after_ms: i64,
}

impl Certificate {
    /// The leaf signature key that belongs to a suite.
    #[must_use]
    pub fn leaf_key(&self, suite: Suite) -> &[u8] {
        match suite {
            Suite::P384Aes256 => &self.leaf_key_p384,
            Suite::X25519ChaCha20 => self.leaf_key_ed25519.as_bytes(),
        }
    }

    /// Signs the certificate with the user's identity key.
    ///
    /// # Errors
    /// When the signer refuses.
    pub fn sign(self, identity: &dyn Signer) -> Result<SignedCertificate, SigningFailed> {
        let signed = CoseSign1Builder::new()
            .protected(signer_header(identity))
            .payload(cbor::encode(&self))
            .try_create_signature(label::CERTIFICATE, |message| identity.sign(message))?
            .build();
        let bytes = signed.to_vec().map_err(|_| SigningFailed)?;
        Ok(SignedCertificate { bytes, certificate: self })
    }
}

/// A certificate as it travels: the signed bytes and what they say. The signature is only checked by [`SignedCertificate::verify`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCertificate {
    bytes: Vec<u8>,
    certificate: Certificate,
}

/// Why a certificate is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Not a certificate at all.
    #[error("the device certificate can't be read")]
    Malformed,
    /// Not signed by this identity key.
    #[error("the device certificate is not signed by the user's identity key")]
    NotSignedByIdentity,
}

impl SignedCertificate {
    /// Reads a certificate without judging it.
    ///
    /// # Errors
    /// When the bytes are not one.
    pub fn parse(bytes: &[u8]) -> Result<Self, CertificateError> {
        let signed = CoseSign1::from_slice(bytes).map_err(|_| CertificateError::Malformed)?;
        let payload = signed.payload.as_deref().ok_or(CertificateError::Malformed)?;
        let certificate: Certificate = cbor::decode(payload).map_err(|_| CertificateError::Malformed)?;
        if certificate.leaf_key_p384.len() != 97 {
            return Err(CertificateError::Malformed);
        }
        Ok(Self { bytes: bytes.to_vec(), certificate })
    }

    /// Checks that `identity` signed these bytes.
    ///
    /// # Errors
    /// When another key, or none, signed them.
    pub fn verify(&self, identity: &IdentityPublicKey) -> Result<(), CertificateError> {
        let signed = CoseSign1::from_slice(&self.bytes).map_err(|_| CertificateError::Malformed)?;
        let fingerprint = identity.fingerprint();
        if !header_says(&signed.protected.header, SignatureAlgorithm::Ps256, fingerprint.as_bytes()) {
            return Err(CertificateError::NotSignedByIdentity);
        }
        signed
            .verify_signature(label::CERTIFICATE, |signature, message| identity.verify(message, signature))
            .map_err(|_| CertificateError::NotSignedByIdentity)
    }

    /// What it says.
    #[must_use]
    pub const fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The bytes that were signed.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// SHA-256 of the bytes.
    #[must_use]
    pub fn hash(&self) -> Hash {
        Hash::of(&self.bytes)
    }
}
