//! The manifest as it travels: sealed under the file key, signed by the device.

use coset::{CborSerializable as _, CoseEncrypt0, CoseEncrypt0Builder, CoseSign1, CoseSign1Builder, HeaderBuilder, iana};

use crate::DeviceId;
use crate::cose::{SignatureAlgorithm, Signer, SigningFailed, header_says, label, signer_header};
use crate::key::Ed25519PublicKey;

/// Why a manifest is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// Not a manifest.
    #[error("the file's description can't be read")]
    Malformed,
    /// Not signed by the device that announced it.
    #[error("the file's description is not signed by the device that sent it")]
    BadSignature,
}

/// A manifest as it came: `COSE_Sign1` over `COSE_Encrypt0`.
#[derive(Clone, Debug)]
pub struct SealedManifest {
    signed: CoseSign1,
    encrypted: CoseEncrypt0,
}

impl SealedManifest {
    /// Reads one.
    ///
    /// # Errors
    /// When the bytes are none.
    pub fn parse(bytes: &[u8]) -> Result<Self, ManifestError> {
        let signed = CoseSign1::from_slice(bytes).map_err(|_| ManifestError::Malformed)?;
        let payload = signed.payload.as_deref().ok_or(ManifestError::Malformed)?;
        let encrypted = CoseEncrypt0::from_slice(payload).map_err(|_| ManifestError::Malformed)?;
        let header = &encrypted.protected.header;
        if header.alg != Some(coset::RegisteredLabelWithPrivate::Assigned(iana::Algorithm::A256GCM)) || encrypted.ciphertext.is_none() {
            return Err(ManifestError::Malformed);
        }
        Ok(Self { signed, encrypted })
    }

    /// Checks that `device` signed it by `message_key`.
    ///
    /// # Errors
    /// When it did not.
    pub fn verify(&self, device: DeviceId, message_key: &Ed25519PublicKey) -> Result<(), ManifestError> {
        if !header_says(&self.signed.protected.header, SignatureAlgorithm::Ed25519, device.as_bytes()) {
            return Err(ManifestError::BadSignature);
        }
        self.signed
            .verify_signature(label::MANIFEST, |signature, message| message_key.verify(message, signature))
            .map_err(|_| ManifestError::BadSignature)
    }

    /// The nonce, if it has 12 bytes.
    #[must_use]
    pub fn nonce(&self) -> Option<[u8; 12]> {
        self.encrypted.protected.header.iv.as_slice().try_into().ok()
    }

    /// Hands ciphertext and additional data to `open`, which holds the key.
    ///
    /// # Errors
    /// Whatever `open` answers.
    pub fn decrypt<E>(&self, open: impl FnOnce(&[u8], &[u8]) -> Result<Vec<u8>, E>) -> Result<Vec<u8>, E> {
        // `parse` refuses one without ciphertext; coset's own `decrypt` would panic on it.
        let ciphertext = self.encrypted.ciphertext.as_deref().unwrap_or_default();
        let aad = coset::enc_structure_data(coset::EncryptionContext::CoseEncrypt0, self.encrypted.protected.clone(), label::MANIFEST);
        open(ciphertext, &aad)
    }
}

/// The additional data of the encryption (Enc_structure, RFC 9052 §5.3) for a nonce.
#[must_use]
pub fn manifest_aad(nonce: [u8; 12]) -> Vec<u8> {
    let protected = coset::ProtectedHeader { original_data: None, header: inner_header(nonce) };
    coset::enc_structure_data(coset::EncryptionContext::CoseEncrypt0, protected, label::MANIFEST)
}

/// Puts a ciphertext (made with [`manifest_aad`] of the same nonce) into a signed manifest.
///
/// # Errors
/// When the device's signer refuses.
pub fn sign_manifest(nonce: [u8; 12], ciphertext: Vec<u8>, device: &dyn Signer) -> Result<Vec<u8>, SigningFailed> {
    let mut encrypted = CoseEncrypt0Builder::new().protected(inner_header(nonce)).build();
    encrypted.ciphertext = Some(ciphertext);
    CoseSign1Builder::new()
        .protected(signer_header(device))
        .payload(encrypted.to_vec().map_err(|_| SigningFailed)?)
        .try_create_signature(label::MANIFEST, |message| device.sign(message))?
        .build()
        .to_vec()
        .map_err(|_| SigningFailed)
}

fn inner_header(nonce: [u8; 12]) -> coset::Header {
    HeaderBuilder::new().algorithm(iana::Algorithm::A256GCM).iv(nonce.to_vec()).build()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = SealedManifest::parse(&bytes);
        }
    }
}
