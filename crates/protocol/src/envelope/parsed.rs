//! Reading and building envelopes; the encryption and the signature themselves happen elsewhere.

use coset::cbor::value::Value;
use coset::{CborSerializable as _, CoseEncrypt0, CoseEncrypt0Builder, CoseSign1, CoseSign1Builder, Header, HeaderBuilder, Label, iana};

use super::header::EnvelopeHeader;
use crate::cose::{SignatureAlgorithm, Signer, SigningFailed, header_says, label, signer_header};
use crate::key::Ed25519PublicKey;
use crate::{Algorithm, Hash};

/// Private-use header labels (RFC 9052 §3.1).
const HEADER: i64 = -70_001;
const CIPHERTEXT_SHA256: i64 = -70_002;

/// Why bytes are not an envelope that may be judged further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// Not an envelope.
    #[error("the message can't be read: it is not an envelope")]
    Malformed,
    /// The carried SHA-256 is not that of the ciphertext.
    #[error("the message was changed on its way: its SHA-256 does not match")]
    HashMismatch,
    /// Not signed by the device that it names.
    #[error("the message is not signed by the device that it names")]
    BadSignature,
}

/// An envelope as it came: read, but neither verified nor decrypted.
#[derive(Clone, Debug)]
pub struct Envelope {
    header: EnvelopeHeader,
    signed: CoseSign1,
    encrypted: CoseEncrypt0,
    hash: Hash,
}

impl Envelope {
    /// Reads an envelope and checks the SHA-256 of its ciphertext.
    ///
    /// # Errors
    /// When the bytes are no envelope, or the ciphertext is not the one that was hashed.
    pub fn parse(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        let signed = CoseSign1::from_slice(bytes).map_err(|_| EnvelopeError::Malformed)?;
        let payload = signed.payload.as_deref().ok_or(EnvelopeError::Malformed)?;
        let encrypted = CoseEncrypt0::from_slice(payload).map_err(|_| EnvelopeError::Malformed)?;
        let header = header_of(&encrypted.protected.header).ok_or(EnvelopeError::Malformed)?;
        if encrypted.protected.header.iv.len() != 12
            || encrypted.ciphertext.is_none()
            || !header_says(&signed.protected.header, SignatureAlgorithm::Ed25519, header.device.as_bytes())
        {
            return Err(EnvelopeError::Malformed);
        }
        if bytes_of(&signed.protected.header, CIPHERTEXT_SHA256) != Some(Hash::of(payload).as_bytes()) {
            return Err(EnvelopeError::HashMismatch);
        }
        Ok(Self { header, signed, encrypted, hash: Hash::of(bytes) })
    }

    /// What it binds.
    #[must_use]
    pub const fn header(&self) -> &EnvelopeHeader {
        &self.header
    }

    /// SHA-256 of the whole envelope: what the next message of the sender refers to.
    #[must_use]
    pub const fn hash(&self) -> Hash {
        self.hash
    }

    /// The nonce (12 bytes).
    #[must_use]
    pub fn nonce(&self) -> &[u8] {
        &self.encrypted.protected.header.iv
    }

    /// Checks the signature with the message key of the device.
    ///
    /// # Errors
    /// When that key did not sign this envelope.
    pub fn verify(&self, message_key: &Ed25519PublicKey) -> Result<(), EnvelopeError> {
        self.signed
            .verify_signature(label::ENVELOPE, |signature, message| message_key.verify(message, signature))
            .map_err(|_| EnvelopeError::BadSignature)
    }

    /// Hands ciphertext and additional data to `open`, which holds the key.
    ///
    /// # Errors
    /// Whatever `open` answers.
    pub fn decrypt<E>(&self, open: impl FnOnce(&[u8], &[u8]) -> Result<Vec<u8>, E>) -> Result<Vec<u8>, E> {
        // `parse` refuses an envelope without ciphertext; coset's own `decrypt` would panic on one.
        let ciphertext = self.encrypted.ciphertext.as_deref().unwrap_or_default();
        let aad = coset::enc_structure_data(coset::EncryptionContext::CoseEncrypt0, self.encrypted.protected.clone(), label::ENVELOPE);
        open(ciphertext, &aad)
    }
}

/// The additional data of the encryption (Enc_structure, RFC 9052 §5.3) for a header and a nonce.
#[must_use]
pub fn encrypt0_aad(header: &EnvelopeHeader, nonce: [u8; 12]) -> Vec<u8> {
    let protected = coset::ProtectedHeader { original_data: None, header: inner_header(header, nonce) };
    coset::enc_structure_data(coset::EncryptionContext::CoseEncrypt0, protected, label::ENVELOPE)
}

/// Puts a ciphertext (made with [`encrypt0_aad`] of the same header and nonce) into a signed envelope.
///
/// # Errors
/// When the device's signer refuses.
pub fn build(header: &EnvelopeHeader, nonce: [u8; 12], ciphertext: Vec<u8>, device: &dyn Signer) -> Result<Vec<u8>, SigningFailed> {
    let mut encrypted = CoseEncrypt0Builder::new().protected(inner_header(header, nonce)).build();
    encrypted.ciphertext = Some(ciphertext);
    let payload = encrypted.to_vec().map_err(|_| SigningFailed)?;
    let mut outer = signer_header(device);
    outer.rest.push((Label::Int(CIPHERTEXT_SHA256), Value::Bytes(Hash::of(&payload).as_bytes().to_vec())));
    CoseSign1Builder::new()
        .protected(outer)
        .payload(payload)
        .try_create_signature(label::ENVELOPE, |message| device.sign(message))?
        .build()
        .to_vec()
        .map_err(|_| SigningFailed)
}

fn inner_header(header: &EnvelopeHeader, nonce: [u8; 12]) -> Header {
    HeaderBuilder::new().algorithm(algorithm(header.algorithm)).iv(nonce.to_vec()).value(HEADER, Value::Bytes(header.encode())).build()
}

fn header_of(inner: &Header) -> Option<EnvelopeHeader> {
    let named = [Algorithm::Aes256Gcm, Algorithm::ChaCha20Poly1305]
        .into_iter()
        .find(|named| inner.alg == Some(coset::RegisteredLabelWithPrivate::Assigned(algorithm(*named))))?;
    EnvelopeHeader::decode(bytes_of(inner, HEADER)?, named)
}

fn bytes_of(header: &Header, label: i64) -> Option<&[u8]> {
    header.rest.iter().find_map(|(name, value)| match (name, value) {
        (Label::Int(name), Value::Bytes(bytes)) if *name == label => Some(bytes.as_slice()),
        _ => None,
    })
}

const fn algorithm(algorithm: Algorithm) -> iana::Algorithm {
    match algorithm {
        Algorithm::Aes256Gcm => iana::Algorithm::A256GCM,
        Algorithm::ChaCha20Poly1305 => iana::Algorithm::ChaCha20Poly1305,
    }
}
