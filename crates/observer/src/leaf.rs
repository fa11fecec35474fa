//! A leaf of a group: which device of whom.

use bezel_protocol::roster::LeafRefused;
use bezel_protocol::{DeviceId, SignedCertificate, UserId};
use mls_rs::identity::{Credential, CredentialType, CustomCredential, SigningIdentity};
use mls_rs_core::crypto::SignaturePublicKey;

/// A leaf and the certificate that is its credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    index: u32,
    certificate: SignedCertificate,
    key: Vec<u8>,
}

/// The credential type of device certificates.
pub const CERTIFICATE: CredentialType = CredentialType::new(0xF001);

impl Leaf {
    /// The place in the tree; it stays for as long as the leaf does.
    #[must_use]
    pub const fn index(&self) -> u32 {
        self.index
    }

    /// Whose leaf.
    #[must_use]
    pub const fn user(&self) -> UserId {
        self.certificate.certificate().user
    }

    /// The device.
    #[must_use]
    pub const fn device(&self) -> DeviceId {
        self.certificate.certificate().device
    }

    /// The credential.
    #[must_use]
    pub const fn certificate(&self) -> &SignedCertificate {
        &self.certificate
    }

    /// The signature key, as the suite writes it.
    #[must_use]
    pub fn key(&self) -> &[u8] {
        &self.key
    }

    /// Reads the leaf at an index.
    ///
    /// # Errors
    /// [`LeafRefused::Malformed`] when its credential is no certificate.
    pub fn read(index: u32, identity: &SigningIdentity) -> Result<Self, LeafRefused> {
        let certificate = SignedCertificate::parse(credential(identity)?).map_err(|_| LeafRefused::Malformed)?;
        Ok(Self { index, certificate, key: identity.signature_key.as_bytes().to_vec() })
    }
}

fn credential(identity: &SigningIdentity) -> Result<&[u8], LeafRefused> {
    match &identity.credential {
        Credential::Custom(custom) if custom.credential_type == CERTIFICATE => Ok(&custom.data),
        _ => Err(LeafRefused::Malformed),
    }
}

/// The credential of a device with this certificate and leaf key.
#[must_use]
pub fn signing_identity(certificate: &SignedCertificate, key: SignaturePublicKey) -> SigningIdentity {
    let credential = CustomCredential::new(CERTIFICATE, certificate.as_bytes().to_vec());
    SigningIdentity::new(Credential::Custom(credential), key)
}
