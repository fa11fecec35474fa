//! The primitives of whoever holds no private key: hashes, signatures to be verified, public keys to be checked. All else fails, whatever the
//! library might ask for.

#![expect(clippy::disallowed_types, reason = "the library's interface names them; every method with one fails")]

use bezel_protocol::Suite;
use mls_rs::{CipherSuite, CipherSuiteProvider, CryptoProvider};
use mls_rs_core::crypto::{
    HpkeCiphertext, HpkeContextR, HpkeContextS, HpkePsk, HpkePublicKey, HpkeSecretKey, SignaturePublicKey, SignatureSecretKey,
};
use mls_rs_core::error::{AnyError, IntoAnyError};
use mls_rs_crypto_awslc::{AwsLcCipherSuite, AwsLcCryptoProvider};
use zeroize::Zeroizing;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum PublicError {
    /// The operation needs a secret.
    #[error("an observer holds no key")]
    NeedsKey,
    /// The library below refuses.
    #[error("{0}")]
    Below(AnyError),
}

impl IntoAnyError for PublicError {
    fn into_dyn_error(self) -> Result<Box<dyn core::error::Error + Send + Sync>, Self> {
        Ok(self.into())
    }
}

/// Our suites, without any operation on a secret.
#[derive(Clone, Copy, Debug, Default)]
pub struct PublicCrypto;

impl CryptoProvider for PublicCrypto {
    type CipherSuiteProvider = PublicSuite;

    fn supported_cipher_suites(&self) -> Vec<CipherSuite> {
        Suite::ALL.map(|suite| CipherSuite::new(suite.code())).to_vec()
    }

    fn cipher_suite_provider(&self, suite: CipherSuite) -> Option<PublicSuite> {
        let ours = self.supported_cipher_suites();
        AwsLcCryptoProvider::with_enabled_cipher_suites(ours).cipher_suite_provider(suite).map(PublicSuite)
    }
}

/// One of our suites, without any operation on a secret.
#[derive(Clone)]
pub struct PublicSuite(AwsLcCipherSuite);

/// Nothing is sealed or opened in it: none can be made.
#[derive(Debug)]
pub enum NoContext {}

impl HpkeContextS for NoContext {
    type Error = PublicError;

    fn seal(&mut self, _: Option<&[u8]>, _: &[u8]) -> Result<Vec<u8>, PublicError> {
        Err(PublicError::NeedsKey)
    }

    fn export(&self, _: &[u8], _: usize) -> Result<Zeroizing<Vec<u8>>, PublicError> {
        Err(PublicError::NeedsKey)
    }
}

impl HpkeContextR for NoContext {
    type Error = PublicError;

    fn open(&mut self, _: Option<&[u8]>, _: &[u8]) -> Result<Zeroizing<Vec<u8>>, PublicError> {
        Err(PublicError::NeedsKey)
    }

    fn export(&self, _: &[u8], _: usize) -> Result<Zeroizing<Vec<u8>>, PublicError> {
        Err(PublicError::NeedsKey)
    }
}

fn below(error: impl IntoAnyError) -> PublicError {
    PublicError::Below(error.into_any_error())
}

impl CipherSuiteProvider for PublicSuite {
    type Error = PublicError;
    type HpkeContextS = NoContext;
    type HpkeContextR = NoContext;

    fn cipher_suite(&self) -> CipherSuite {
        self.0.cipher_suite()
    }

    fn hash(&self, data: &[u8]) -> Result<Vec<u8>, PublicError> {
        self.0.hash(data).map_err(below)
    }

    fn verify(&self, key: &SignaturePublicKey, signature: &[u8], data: &[u8]) -> Result<(), PublicError> {
        self.0.verify(key, signature, data).map_err(below)
    }

    /// The library below looks at no key of Curve25519: only who seals to one finds out that it is none (RFC 9180 §7.1.4).
    fn kem_public_key_validate(&self, key: &HpkePublicKey) -> Result<(), PublicError> {
        self.0.kem_public_key_validate(key).map_err(below)?;
        match self.0.cipher_suite() {
            CipherSuite::CURVE25519_CHACHA => self.0.hpke_seal(key, &[], None, &[]).map(drop).map_err(below),
            _ => Ok(()),
        }
    }

    fn aead_key_size(&self) -> usize {
        self.0.aead_key_size()
    }

    fn aead_nonce_size(&self) -> usize {
        self.0.aead_nonce_size()
    }

    fn kdf_extract_size(&self) -> usize {
        self.0.kdf_extract_size()
    }

    fn mac(&self, _: &[u8], _: &[u8]) -> Result<Vec<u8>, PublicError> {
        Err(PublicError::NeedsKey)
    }

    fn aead_seal(&self, _: &[u8], _: &[u8], _: Option<&[u8]>, _: &[u8]) -> Result<Vec<u8>, PublicError> {
        Err(PublicError::NeedsKey)
    }

    fn aead_open(&self, _: &[u8], _: &[u8], _: Option<&[u8]>, _: &[u8]) -> Result<Zeroizing<Vec<u8>>, PublicError> {
        Err(PublicError::NeedsKey)
    }

    fn kdf_extract(&self, _: &[u8], _: &[u8]) -> Result<Zeroizing<Vec<u8>>, PublicError> {
        Err(PublicError::NeedsKey)
    }

    fn kdf_expand(&self, _: &[u8], _: &[u8], _: usize) -> Result<Zeroizing<Vec<u8>>, PublicError> {
        Err(PublicError::NeedsKey)
    }

    fn hpke_seal(&self, _: &HpkePublicKey, _: &[u8], _: Option<&[u8]>, _: &[u8]) -> Result<HpkeCiphertext, PublicError> {
        Err(PublicError::NeedsKey)
    }

    fn hpke_seal_psk(
        &self,
        _: &HpkePublicKey,
        _: &[u8],
        _: Option<&[u8]>,
        _: &[u8],
        _: HpkePsk<'_>,
    ) -> Result<HpkeCiphertext, PublicError> {
        Err(PublicError::NeedsKey)
    }

    fn hpke_open(
        &self,
        _: &HpkeCiphertext,
        _: &HpkeSecretKey,
        _: &HpkePublicKey,
        _: &[u8],
        _: Option<&[u8]>,
    ) -> Result<Zeroizing<Vec<u8>>, PublicError> {
        Err(PublicError::NeedsKey)
    }

    fn hpke_open_psk(
        &self,
        _: &HpkeCiphertext,
        _: &HpkeSecretKey,
        _: &HpkePublicKey,
        _: &[u8],
        _: Option<&[u8]>,
        _: HpkePsk<'_>,
    ) -> Result<Zeroizing<Vec<u8>>, PublicError> {
        Err(PublicError::NeedsKey)
    }

    fn hpke_setup_s(&self, _: &HpkePublicKey, _: &[u8]) -> Result<(Vec<u8>, NoContext), PublicError> {
        Err(PublicError::NeedsKey)
    }

    fn hpke_setup_r(&self, _: &[u8], _: &HpkeSecretKey, _: &HpkePublicKey, _: &[u8]) -> Result<NoContext, PublicError> {
        Err(PublicError::NeedsKey)
    }

    fn kem_derive(&self, _: &[u8]) -> Result<(HpkeSecretKey, HpkePublicKey), PublicError> {
        Err(PublicError::NeedsKey)
    }

    fn kem_generate(&self) -> Result<(HpkeSecretKey, HpkePublicKey), PublicError> {
        Err(PublicError::NeedsKey)
    }

    fn random_bytes(&self, _: &mut [u8]) -> Result<(), PublicError> {
        Err(PublicError::NeedsKey)
    }

    fn signature_key_generate(&self) -> Result<(SignatureSecretKey, SignaturePublicKey), PublicError> {
        Err(PublicError::NeedsKey)
    }

    fn signature_key_derive_public(&self, _: &SignatureSecretKey) -> Result<SignaturePublicKey, PublicError> {
        Err(PublicError::NeedsKey)
    }

    fn sign(&self, _: &SignatureSecretKey, _: &[u8]) -> Result<Vec<u8>, PublicError> {
        Err(PublicError::NeedsKey)
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "each of them is tried, and must fail")]
mod tests {
    use super::*;

    #[test]
    fn whatever_needs_a_secret_fails() {
        for suite in Suite::ALL {
            let suite = PublicCrypto.cipher_suite_provider(CipherSuite::new(suite.code())).unwrap();
            let (secret, public) = (SignatureSecretKey::from(vec![1; 32]), HpkePublicKey::from(vec![1; 32]));
            let opener = HpkeSecretKey::from(vec![1; 32]);
            let ciphertext = HpkeCiphertext { kem_output: vec![1; 32], ciphertext: vec![1; 32] };
            let needs_key = |failed: bool| assert!(failed);
            needs_key(matches!(suite.sign(&secret, b"text"), Err(PublicError::NeedsKey)));
            needs_key(matches!(suite.signature_key_generate(), Err(PublicError::NeedsKey)));
            needs_key(matches!(suite.signature_key_derive_public(&secret), Err(PublicError::NeedsKey)));
            needs_key(matches!(suite.kem_generate(), Err(PublicError::NeedsKey)));
            needs_key(matches!(suite.kem_derive(b"seed"), Err(PublicError::NeedsKey)));
            needs_key(matches!(suite.hpke_open(&ciphertext, &opener, &public, b"", None), Err(PublicError::NeedsKey)));
            needs_key(matches!(suite.hpke_setup_r(b"kem", &opener, &public, b""), Err(PublicError::NeedsKey)));
            needs_key(matches!(suite.hpke_seal(&public, b"", None, b"text"), Err(PublicError::NeedsKey)));
            needs_key(matches!(suite.aead_open(b"key", b"text", None, b"nonce"), Err(PublicError::NeedsKey)));
            needs_key(matches!(suite.aead_seal(b"key", b"text", None, b"nonce"), Err(PublicError::NeedsKey)));
            needs_key(matches!(suite.kdf_extract(b"salt", b"secret"), Err(PublicError::NeedsKey)));
            needs_key(matches!(suite.kdf_expand(b"secret", b"info", 32), Err(PublicError::NeedsKey)));
            needs_key(matches!(suite.mac(b"key", b"text"), Err(PublicError::NeedsKey)));
            assert!(suite.hash(b"text").is_ok());
        }
    }
}
