//! Keys that sign in tests. An RSA key takes a second to make, and each test is a process: made once, they are kept as files.

use std::path::Path;
use std::sync::Arc;

use bezel_crypto::rng::RngFailed;
use bezel_crypto::{DeviceKeys, IdentityKeyPair, Rng};
use bezel_protocol::DeviceId;
use bezel_protocol::cose::{SignatureAlgorithm, Signer, SigningFailed};
use bezel_protocol::key::{Ed25519PublicKey, IdentityPublicKey};
use ed25519_dalek::{Signer as _, SigningKey};

#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) key: Arc<IdentityKeyPair>,
    pub(crate) public: IdentityPublicKey,
}

impl Identity {
    pub(crate) fn numbered(number: usize) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("relay-identity-{number}.der"));
        let kept = std::fs::read(&path).ok().and_then(|der| IdentityKeyPair::from_pkcs8_der(&der).ok());
        let key = kept.unwrap_or_else(|| {
            let key = IdentityKeyPair::generate().unwrap();
            // Another process may be making the same: whole files only, the last one stays.
            let mut new = tempfile::NamedTempFile::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
            std::io::Write::write_all(&mut new, key.to_pkcs8_der().unwrap().expose()).unwrap();
            new.persist(&path).unwrap();
            key
        });
        Self { public: key.public().clone(), key: Arc::new(key) }
    }
}

impl Signer for Identity {
    fn algorithm(&self) -> SignatureAlgorithm {
        self.key.algorithm()
    }
    fn key_id(&self) -> Vec<u8> {
        self.key.key_id()
    }
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningFailed> {
        self.key.sign(message)
    }
}

#[derive(Clone)]
pub(crate) struct Ed25519Key {
    key: SigningKey,
    id: Vec<u8>,
}

impl Ed25519Key {
    pub(crate) fn new(id: &[u8]) -> Self {
        Self { key: SigningKey::from_bytes(&super::random()), id: id.to_vec() }
    }
    pub(crate) fn public(&self) -> Ed25519PublicKey {
        Ed25519PublicKey::from_bytes(self.key.verifying_key().as_bytes()).unwrap()
    }
    /// The same key under another id.
    pub(crate) fn posing_as(&self, id: &[u8]) -> Self {
        Self { key: self.key.clone(), id: id.to_vec() }
    }
    /// The keys of a device whose message key this is.
    pub(crate) fn device_keys(&self, device: DeviceId) -> DeviceKeys {
        DeviceKeys::generate(device, &mut Seed(self.key.to_bytes())).unwrap()
    }
}

impl Signer for Ed25519Key {
    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::Ed25519
    }
    fn key_id(&self) -> Vec<u8> {
        self.id.clone()
    }
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningFailed> {
        Ok(self.key.sign(message).to_bytes().to_vec())
    }
}

/// The only "random" bytes that a device asks for itself are the seed of its message key.
struct Seed([u8; 32]);

impl Rng for Seed {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RngFailed> {
        bytes.copy_from_slice(&self.0);
        Ok(())
    }
}
