//! The key of an invite: an Ed25519 pair from a seed that travels in the link's fragment, which no server sees.

use core::fmt;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use bezel_protocol::InviteId;
use bezel_protocol::cose::{SignatureAlgorithm, Signer, SigningFailed};
use bezel_protocol::key::Ed25519PublicKey;

use crate::rng::{Rng, RngFailed};
use crate::secret::Secret;

/// The key pair of an invite; whoever holds it may join once per use.
pub struct InviteKeyPair {
    invite: InviteId,
    seed: Secret<32>,
    key: Ed25519Signer,
}

impl InviteKeyPair {
    /// Makes the key pair of a new invite.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn generate(invite: InviteId, rng: &mut dyn Rng) -> Result<Self, RngFailed> {
        Self::from_seed(invite, Secret::random(rng)?).map_err(|_| RngFailed)
    }

    /// The key pair of an invite whose link someone holds.
    ///
    /// # Errors
    /// [`MalformedSeed`] when the library refuses the seed; it takes any.
    pub fn from_seed(invite: InviteId, seed: Secret<32>) -> Result<Self, MalformedSeed> {
        let key = Ed25519Signer::from_seed(&seed)?;
        Ok(Self { invite, seed, key })
    }

    /// The seed, for the fragment of the link.
    #[must_use]
    pub const fn seed(&self) -> &Secret<32> {
        &self.seed
    }

    /// The public half, for the roster.
    #[must_use]
    pub const fn public(&self) -> &Ed25519PublicKey {
        &self.key.public
    }
}

impl Signer for InviteKeyPair {
    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::Ed25519
    }

    fn key_id(&self) -> Vec<u8> {
        self.invite.as_bytes().to_vec()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningFailed> {
        self.key.sign(message)
    }
}

impl fmt::Debug for InviteKeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InviteKeyPair({}, ..)", self.invite)
    }
}

/// The seed makes no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the key's seed can't be read")]
pub struct MalformedSeed;

/// An Ed25519 key in AWS-LC's memory, with its public half in ours.
pub(crate) struct Ed25519Signer {
    key: Ed25519KeyPair,
    pub(crate) public: Ed25519PublicKey,
}

impl Ed25519Signer {
    pub(crate) fn from_seed(seed: &Secret<32>) -> Result<Self, MalformedSeed> {
        let key = Ed25519KeyPair::from_seed_unchecked(seed.expose()).map_err(|_| MalformedSeed)?;
        let public = Ed25519PublicKey::from_bytes(key.public_key().as_ref()).map_err(|_| MalformedSeed)?;
        Ok(Self { key, public })
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningFailed> {
        Ok(self.key.try_sign(message).map_err(|_| SigningFailed)?.as_ref().to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemRng;

    #[test]
    fn a_link_gives_back_the_key_that_signs_for_its_invite() {
        let invite = InviteId::from_bytes([7; 16]);
        let made = InviteKeyPair::generate(invite, &mut SystemRng).unwrap();
        let read = InviteKeyPair::from_seed(invite, Secret::from_slice(made.seed().expose()).unwrap()).unwrap();
        assert_eq!(read.public(), made.public());
        made.public().verify(b"join", &read.sign(b"join").unwrap()).unwrap();
    }
}
