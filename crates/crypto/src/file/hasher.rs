//! SHA-256 over a blob, which can be put down and taken up again after a restart.

use core::fmt;

use bezel_protocol::Hash;
use sha2::digest::common::hazmat::SerializableState as _;
use sha2::{Digest as _, Sha256};

/// SHA-256 of what has come of a blob so far. Its state says nothing that the blob itself does not.
#[derive(Clone, Default)]
pub struct BlobHasher(Sha256);

impl BlobHasher {
    /// Takes the next bytes in.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of everything so far.
    #[must_use]
    pub fn finish(&self) -> Hash {
        Hash::from_bytes(self.0.clone().finalize().into())
    }

    /// The state, to go on from later.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.serialize().to_vec()
    }

    /// Goes on from a state.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Sha256::deserialize(bytes.try_into().ok()?).ok().map(Self)
    }
}

impl fmt::Debug for BlobHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BlobHasher(..)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_hash_taken_up_again_is_the_hash_of_all(bytes: Vec<u8>, at: prop::sample::Index) {
            let (first, second) = bytes.split_at(at.index(bytes.len() + 1));
            let mut hasher = BlobHasher::default();
            hasher.update(first);
            let mut hasher = BlobHasher::from_bytes(&hasher.to_bytes()).unwrap();
            hasher.update(second);
            prop_assert_eq!(hasher.finish(), Hash::of(&bytes));
        }

        #[test]
        fn any_bytes_are_a_state_or_refused(bytes: Vec<u8>) {
            let _ = BlobHasher::from_bytes(&bytes);
        }
    }
}
