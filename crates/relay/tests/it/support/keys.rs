//! Keys that sign in tests. An RSA key takes a second to make, and each test is a process: made once, they are kept as files.

use std::path::Path;

use bezel_protocol::cose::{SignatureAlgorithm, Signer, SigningFailed};
use bezel_protocol::key::{Ed25519PublicKey, IdentityPublicKey};
use ed25519_dalek::{Signer as _, SigningKey};
use rsa::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, EncodePublicKey as _};
use rsa::sha2::Sha256;

#[derive(Clone)]
pub(crate) struct Identity {
    key: rsa::PrivateKey,
    pub(crate) public: IdentityPublicKey,
}

impl Identity {
    pub(crate) fn numbered(number: usize) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("relay-identity-{number}.der"));
        let kept = std::fs::read(&path).ok().and_then(|der| rsa::PrivateKey::from_pkcs8_der(&der).ok());
        let key = kept.unwrap_or_else(|| {
            let key = rsa::PrivateKey::new(&mut rsa::rand_core::UnwrapErr(getrandom::SysRng), 4096).unwrap();
            // Another process may be making the same: whole files only, the last one stays.
            let mut new = tempfile::NamedTempFile::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
            std::io::Write::write_all(&mut new, key.to_pkcs8_der().unwrap().as_bytes()).unwrap();
            new.persist(&path).unwrap();
            key
        });
        let spki = key.to_public_key().to_public_key_der().unwrap();
        Self { public: IdentityPublicKey::from_spki_der(spki.as_bytes()).unwrap(), key }
    }
}

impl Signer for Identity {
    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::Ps256
    }
    fn key_id(&self) -> Vec<u8> {
        self.public.fingerprint().as_bytes().to_vec()
    }
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningFailed> {
        self.key.pss_sign::<Sha256>(message).map_err(|_| SigningFailed)
    }
}

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
