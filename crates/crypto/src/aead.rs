//! The authenticated encryption of envelopes and wrapped keys: AES-256-GCM and ChaCha20-Poly1305.

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use bezel_protocol::Algorithm;
use chacha20poly1305::ChaCha20Poly1305;

use crate::secret::Secret;

/// Sealing or opening failed. It never says why: key, nonce, additional data and ciphertext are one question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Failed;

pub(crate) const TAG_BYTES: usize = 16;

pub(crate) fn seal(algorithm: Algorithm, key: &Secret<32>, nonce: &[u8; 12], aad: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, Failed> {
    let payload = Payload { msg: plaintext, aad };
    match algorithm {
        Algorithm::Aes256Gcm => Aes256Gcm::new(key.expose().into()).encrypt(nonce.into(), payload),
        Algorithm::ChaCha20Poly1305 => ChaCha20Poly1305::new(key.expose().into()).encrypt(nonce.into(), payload),
    }
    .map_err(|_| Failed)
}

pub(crate) fn open(algorithm: Algorithm, key: &Secret<32>, nonce: &[u8; 12], aad: &[u8], ciphertext: &[u8]) -> Result<Vec<u8>, Failed> {
    let payload = Payload { msg: ciphertext, aad };
    match algorithm {
        Algorithm::Aes256Gcm => Aes256Gcm::new(key.expose().into()).decrypt(nonce.into(), payload),
        Algorithm::ChaCha20Poly1305 => ChaCha20Poly1305::new(key.expose().into()).decrypt(nonce.into(), payload),
    }
    .map_err(|_| Failed)
}
