//! Secrets: boxed, wiped when dropped, never cloned, mute in `Debug`, read through `expose`.

use core::fmt;

use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize as _, Zeroizing};

use crate::rng::{Rng, RngFailed};

/// `N` secret bytes. Boxed, so that moving the secret leaves no copy behind.
pub struct Secret<const N: usize>(Box<Zeroizing<[u8; N]>>);

impl<const N: usize> Secret<N> {
    /// Makes a secret by filling it in place.
    ///
    /// # Errors
    /// Whatever `fill` answers; what it had written is wiped.
    pub fn fill<E>(fill: impl FnOnce(&mut [u8; N]) -> Result<(), E>) -> Result<Self, E> {
        let mut secret = Self(Box::new(Zeroizing::new([0; N])));
        fill(&mut secret.0)?;
        Ok(secret)
    }

    /// A new random secret.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn random(rng: &mut dyn Rng) -> Result<Self, RngFailed> {
        Self::fill(|bytes| rng.fill(bytes))
    }

    /// Copies a secret out of a slice, if it has `N` bytes. Wiping the slice is the caller's part.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; N] = bytes.try_into().ok()?;
        Self::fill(|secret| {
            secret.copy_from_slice(bytes);
            Ok::<(), core::convert::Infallible>(())
        })
        .ok()
    }

    /// The bytes.
    #[must_use]
    pub fn expose(&self) -> &[u8; N] {
        &self.0
    }
}

impl<const N: usize> PartialEq for Secret<N> {
    /// In constant time.
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(other.0.as_slice()).into()
    }
}

impl<const N: usize> Eq for Secret<N> {}

impl<const N: usize> fmt::Debug for Secret<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Secret bytes of any length: serialized keys and group states.
pub struct SecretBytes(Vec<u8>);

impl SecretBytes {
    /// Takes bytes over.
    #[must_use]
    pub const fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for SecretBytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl PartialEq for SecretBytes {
    /// In constant time for equal lengths.
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for SecretBytes {}

impl Drop for SecretBytes {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretBytes(..)")
    }
}

/// Serde for secrets inside stored CBOR (`#[serde(with = "crate::secret::stored")]`): a byte string, wiped on the way in.
pub(crate) mod stored {
    use serde::de::Error as _;
    use serde::{Deserializer, Serializer};
    use zeroize::Zeroizing;

    use super::Secret;

    pub(crate) fn serialize<const N: usize, S: Serializer>(secret: &Secret<N>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(secret.expose())
    }

    pub(crate) fn deserialize<'de, const N: usize, D: Deserializer<'de>>(deserializer: D) -> Result<Secret<N>, D::Error> {
        let bytes: Zeroizing<Vec<u8>> = Zeroizing::new(serde_bytes::deserialize(deserializer)?);
        Secret::from_slice(&bytes).ok_or_else(|| D::Error::custom("a secret has another length"))
    }
}

/// The same for secrets of any length.
pub(crate) mod stored_bytes {
    use serde::{Deserializer, Serializer};

    use super::SecretBytes;

    pub(crate) fn serialize<S: Serializer>(secret: &SecretBytes, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(secret.expose())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretBytes, D::Error> {
        serde_bytes::deserialize::<Vec<u8>, D>(deserializer).map(SecretBytes::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_compare_by_content_and_refuse_another_length() {
        let one = Secret::<4>::from_slice(&[1, 2, 3, 4]).unwrap();
        assert_eq!(one, Secret::from_slice(&[1, 2, 3, 4]).unwrap());
        assert_ne!(one, Secret::from_slice(&[1, 2, 3, 5]).unwrap());
        assert!(Secret::<4>::from_slice(&[1, 2, 3]).is_none(), "a secret never has another length than its type says");
    }

    #[test]
    fn a_failed_fill_makes_no_secret() {
        assert_eq!(Secret::<4>::fill(|_| Err("refused")).unwrap_err(), "refused");
    }
}
