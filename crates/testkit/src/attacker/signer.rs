//! A device that signs in somebody else's name.

use bezel_crypto::DeviceKeys;
use bezel_protocol::DeviceId;
use bezel_protocol::cose::{SignatureAlgorithm, Signer, SigningFailed};

/// Signs with its own key and names another device.
pub struct Posing<'a> {
    /// Whose key it is.
    pub keys: &'a DeviceKeys,
    /// Who is named.
    pub device: DeviceId,
}

impl Signer for Posing<'_> {
    fn algorithm(&self) -> SignatureAlgorithm {
        self.keys.algorithm()
    }

    fn key_id(&self) -> Vec<u8> {
        self.device.as_bytes().to_vec()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningFailed> {
        self.keys.sign(message)
    }
}
