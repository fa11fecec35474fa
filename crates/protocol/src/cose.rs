//! Signing by COSE (RFC 9052) without holding a key: the bytes to sign go out, the signature comes in.

use coset::iana;

/// Who can sign: an identity (PS256), a device or an invite (Ed25519). Implemented where private keys live.
pub trait Signer: Send + Sync {
    /// The algorithm of the signatures (RFC 8230 PS256, RFC 9864 Ed25519).
    fn algorithm(&self) -> SignatureAlgorithm;

    /// Which key it is: the fingerprint of an identity, the id of a device or an invite.
    fn key_id(&self) -> Vec<u8>;

    /// Signs `message`.
    ///
    /// # Errors
    /// When the library refuses; a key that is whole never does.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningFailed>;
}

/// The library refused to sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("signing failed")]
pub struct SigningFailed;

/// The algorithms by which something of ours is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureAlgorithm {
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// Ed25519.
    Ed25519,
}

impl SignatureAlgorithm {
    pub(crate) const fn iana(self) -> iana::Algorithm {
        match self {
            Self::Ps256 => iana::Algorithm::PS256,
            Self::Ed25519 => iana::Algorithm::Ed25519,
        }
    }
}

/// Keeps one kind of signature from passing as another (`external_aad`, RFC 9052 §4.3).
pub(crate) mod label {
    pub(crate) const CERTIFICATE: &[u8] = b"bezel/device-certificate/1";
    pub(crate) const STATEMENT: &[u8] = b"bezel/roster-statement/1";
    pub(crate) const ENVELOPE: &[u8] = b"bezel/envelope/1";
    pub(crate) const MANIFEST: &[u8] = b"bezel/file-manifest/1";
}

/// A protected header with an algorithm and a key id, and nothing else.
pub(crate) fn signer_header(signer: &dyn Signer) -> coset::Header {
    coset::HeaderBuilder::new().algorithm(signer.algorithm().iana()).key_id(signer.key_id()).build()
}

/// Whether a protected header says exactly this algorithm and this key.
pub(crate) fn header_says(header: &coset::Header, algorithm: SignatureAlgorithm, key_id: &[u8]) -> bool {
    header.alg == Some(coset::RegisteredLabelWithPrivate::Assigned(algorithm.iana())) && header.key_id == key_id
}
