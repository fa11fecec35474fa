//! Public keys of others, and what their signatures prove.

mod ed25519;
mod identity;

pub use ed25519::Ed25519PublicKey;
pub use identity::IdentityPublicKey;

/// The bytes are not a key of the kind that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKey {
    /// Not an RSA key in SubjectPublicKeyInfo form.
    #[error("the identity key is not an RSA public key")]
    NotRsa,
    /// RSA, but not 4096 bits with exponent 65537.
    #[error("an identity key has 4096 bits and the exponent 65537")]
    WrongSize,
    /// Not a point of Ed25519, or a weak one.
    #[error("the key is not a valid Ed25519 public key")]
    NotEd25519,
}

/// The signature is not by this key over these bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not match")]
pub struct BadSignature;
