//! A library of primitives whose public keys are none: what they are made of is right, and nobody can seal to them.

use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

use mls_rs::{CipherSuite, CipherSuiteProvider, CryptoProvider};
use mls_rs_core::crypto::{HpkeCiphertext, HpkePsk, HpkePublicKey, HpkeSecretKey, SignaturePublicKey, SignatureSecretKey};
use mls_rs_crypto_awslc::{AwsLcCipherSuite, AwsLcCryptoProvider};

/// What makes the keys.
type Below = AwsLcCipherSuite;
type Failed = <Below as CipherSuiteProvider>::Error;
type Wiped = zeroize::Zeroizing<Vec<u8>>;

/// Which keys are spoilt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spoils {
    /// Those that are made of randomness, from this one on: keys of leaves and key packages.
    Made(usize),
    /// Those that are derived: keys of the nodes above a leaf, and that by which one comes back.
    Derived,
}

/// The primitives, careless about some keys.
#[derive(Clone, Debug)]
pub(crate) struct Careless {
    spoils: Spoils,
    made: Arc<AtomicUsize>,
}

impl Careless {
    pub(crate) fn about(spoils: Spoils) -> Self {
        Self { spoils, made: Arc::default() }
    }
}

impl CryptoProvider for Careless {
    type CipherSuiteProvider = CarelessSuite;

    fn supported_cipher_suites(&self) -> Vec<CipherSuite> {
        AwsLcCryptoProvider::new().supported_cipher_suites()
    }

    fn cipher_suite_provider(&self, suite: CipherSuite) -> Option<CarelessSuite> {
        AwsLcCryptoProvider::new().cipher_suite_provider(suite).map(|below| CarelessSuite { below, careless: self.clone() })
    }
}

#[derive(Clone)]
pub(crate) struct CarelessSuite {
    below: Below,
    careless: Careless,
}

/// No point of P-384, and a point of Curve25519 with which every secret is the same.
fn spoilt(key: &HpkePublicKey) -> HpkePublicKey {
    let mut bytes = vec![0; key.as_ref().len()];
    if let Some(first) = bytes.first_mut().filter(|_| key.as_ref().len() > 32) {
        *first = 4;
    }
    bytes.into()
}

impl CipherSuiteProvider for CarelessSuite {
    type Error = Failed;
    type HpkeContextS = <Below as CipherSuiteProvider>::HpkeContextS;
    type HpkeContextR = <Below as CipherSuiteProvider>::HpkeContextR;

    fn kem_derive(&self, seed: &[u8]) -> Result<(HpkeSecretKey, HpkePublicKey), Failed> {
        let (secret, public) = self.below.kem_derive(seed)?;
        let public = if self.careless.spoils == Spoils::Derived { spoilt(&public) } else { public };
        Ok((secret, public))
    }

    fn kem_generate(&self) -> Result<(HpkeSecretKey, HpkePublicKey), Failed> {
        let (secret, public) = self.below.kem_generate()?;
        let number = self.careless.made.fetch_add(1, Ordering::Relaxed);
        let is_spoilt = matches!(self.careless.spoils, Spoils::Made(from) if number >= from);
        Ok((secret, if is_spoilt { spoilt(&public) } else { public }))
    }

    fn kem_public_key_validate(&self, _: &HpkePublicKey) -> Result<(), Failed> {
        Ok(())
    }

    fn cipher_suite(&self) -> CipherSuite {
        self.below.cipher_suite()
    }

    fn hash(&self, data: &[u8]) -> Result<Vec<u8>, Failed> {
        self.below.hash(data)
    }

    fn mac(&self, key: &[u8], data: &[u8]) -> Result<Vec<u8>, Failed> {
        self.below.mac(key, data)
    }

    fn aead_seal(&self, key: &[u8], data: &[u8], aad: Option<&[u8]>, nonce: &[u8]) -> Result<Vec<u8>, Failed> {
        self.below.aead_seal(key, data, aad, nonce)
    }

    fn aead_open(&self, key: &[u8], data: &[u8], aad: Option<&[u8]>, nonce: &[u8]) -> Result<Wiped, Failed> {
        self.below.aead_open(key, data, aad, nonce)
    }

    fn aead_key_size(&self) -> usize {
        self.below.aead_key_size()
    }

    fn aead_nonce_size(&self) -> usize {
        self.below.aead_nonce_size()
    }

    fn kdf_extract(&self, salt: &[u8], secret: &[u8]) -> Result<Wiped, Failed> {
        self.below.kdf_extract(salt, secret)
    }

    fn kdf_expand(&self, secret: &[u8], info: &[u8], length: usize) -> Result<Wiped, Failed> {
        self.below.kdf_expand(secret, info, length)
    }

    fn kdf_extract_size(&self) -> usize {
        self.below.kdf_extract_size()
    }

    fn hpke_seal(&self, to: &HpkePublicKey, info: &[u8], aad: Option<&[u8]>, data: &[u8]) -> Result<HpkeCiphertext, Failed> {
        self.below.hpke_seal(to, info, aad, data)
    }

    fn hpke_seal_psk(
        &self,
        to: &HpkePublicKey,
        info: &[u8],
        aad: Option<&[u8]>,
        data: &[u8],
        psk: HpkePsk<'_>,
    ) -> Result<HpkeCiphertext, Failed> {
        self.below.hpke_seal_psk(to, info, aad, data, psk)
    }

    fn hpke_open(
        &self,
        sealed: &HpkeCiphertext,
        secret: &HpkeSecretKey,
        public: &HpkePublicKey,
        info: &[u8],
        aad: Option<&[u8]>,
    ) -> Result<Wiped, Failed> {
        self.below.hpke_open(sealed, secret, public, info, aad)
    }

    fn hpke_open_psk(
        &self,
        sealed: &HpkeCiphertext,
        secret: &HpkeSecretKey,
        public: &HpkePublicKey,
        info: &[u8],
        aad: Option<&[u8]>,
        psk: HpkePsk<'_>,
    ) -> Result<Wiped, Failed> {
        self.below.hpke_open_psk(sealed, secret, public, info, aad, psk)
    }

    fn hpke_setup_s(&self, to: &HpkePublicKey, info: &[u8]) -> Result<(Vec<u8>, Self::HpkeContextS), Failed> {
        self.below.hpke_setup_s(to, info)
    }

    fn hpke_setup_r(
        &self,
        output: &[u8],
        secret: &HpkeSecretKey,
        public: &HpkePublicKey,
        info: &[u8],
    ) -> Result<Self::HpkeContextR, Failed> {
        self.below.hpke_setup_r(output, secret, public, info)
    }

    fn random_bytes(&self, out: &mut [u8]) -> Result<(), Failed> {
        self.below.random_bytes(out)
    }

    fn signature_key_generate(&self) -> Result<(SignatureSecretKey, SignaturePublicKey), Failed> {
        self.below.signature_key_generate()
    }

    fn signature_key_derive_public(&self, secret: &SignatureSecretKey) -> Result<SignaturePublicKey, Failed> {
        self.below.signature_key_derive_public(secret)
    }

    fn sign(&self, secret: &SignatureSecretKey, data: &[u8]) -> Result<Vec<u8>, Failed> {
        self.below.sign(secret, data)
    }

    fn verify(&self, public: &SignaturePublicKey, signature: &[u8], data: &[u8]) -> Result<(), Failed> {
        self.below.verify(public, signature, data)
    }
}
