//! Key packages: what a device leaves on the relay so that others can add it.

use core::fmt;

use bezel_observer::{Judge, Leaf, MAX_LEAF_BYTES, check_key, mls_time};
use bezel_protocol::roster::LeafRefused;
use bezel_protocol::{DeviceId, SignedCertificate, Suite, UserId};
use mls_rs::extension::recommended::LastResortKeyPackageExt;
use mls_rs::mls_rs_codec::{MlsDecode as _, MlsEncode as _};
use mls_rs::{CryptoProvider as _, ExtensionList, MlsMessage};
use mls_rs_core::crypto::HpkePublicKey;

use super::client;
use super::storage::Storage;
use crate::device::DeviceKeys;
use crate::secret::SecretBytes;

/// A new key package of this device: the public part for the relay, the private part for the encrypted store.
pub struct MadeKeyPackage {
    /// By this a welcome names it.
    pub reference: Vec<u8>,
    /// For the relay.
    pub public: Vec<u8>,
    /// For the encrypted store; deleted once used, unless it is the last resort.
    pub private: SecretBytes,
    /// The suite.
    pub suite: Suite,
    /// Whether it may be used more than once.
    pub last_resort: bool,
    /// When it ends, milliseconds since the epoch.
    pub not_after_ms: i64,
}

impl fmt::Debug for MadeKeyPackage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MadeKeyPackage(..)")
    }
}

/// Why there is no key package.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyPackageError {
    /// The bytes are not a key package.
    #[error("the key package can't be read")]
    Malformed,
    /// It is not of a device.
    #[error(transparent)]
    Leaf(#[from] LeafRefused),
    /// The library refuses.
    #[error("the key package could not be made")]
    Failed,
}

impl MadeKeyPackage {
    /// Makes a key package from `judge`'s time on for 90 days.
    ///
    /// # Errors
    /// When the library can't.
    pub fn make(
        device: &DeviceKeys,
        certificate: &SignedCertificate,
        suite: Suite,
        last_resort: bool,
        judge: &Judge,
    ) -> Result<Self, KeyPackageError> {
        let storage = Storage::default();
        let client = client::member(device, certificate, suite, judge, &storage);
        let mut extensions = ExtensionList::new();
        if last_resort {
            extensions.set_from(LastResortKeyPackageExt).map_err(|_| KeyPackageError::Failed)?;
        }
        let from = mls_time(judge.now_ms().saturating_sub(client::BACKDATED_MS));
        let message =
            client.generate_key_package_message(extensions, ExtensionList::new(), Some(from)).map_err(|_| KeyPackageError::Failed)?;
        let (reference, data) = storage.take_key_package().ok_or(KeyPackageError::Failed)?;
        Ok(Self {
            reference,
            public: message.to_bytes().map_err(|_| KeyPackageError::Failed)?,
            private: SecretBytes::new(data.mls_encode_to_vec().map_err(|_| KeyPackageError::Failed)?),
            suite,
            last_resort,
            not_after_ms: milliseconds(data.expiration),
        })
    }
}

/// Someone's key package, read but not judged: the group judges it when it is added.
#[derive(Clone, Debug)]
pub struct KeyPackage {
    pub(super) message: MlsMessage,
    pub(super) reference: Vec<u8>,
    leaf: Leaf,
    suite: Suite,
    is_usable: bool,
    not_after_ms: i64,
}

impl KeyPackage {
    /// Reads one.
    ///
    /// # Errors
    /// When it is none, or not of a device and a suite of ours.
    pub fn parse(bytes: &[u8]) -> Result<Self, KeyPackageError> {
        // The signature does not cover the wrapper's version (MLS 1.0, RFC 9420 §6), and the library ignores it.
        if !bytes.starts_with(&[0, 1]) {
            return Err(KeyPackageError::Malformed);
        }
        let message = MlsMessage::from_bytes(bytes).map_err(|_| KeyPackageError::Malformed)?;
        let offered = message.as_key_package().ok_or(KeyPackageError::Malformed)?;
        let suite = Suite::try_from(u16::from(offered.cipher_suite())).map_err(|_| KeyPackageError::Malformed)?;
        let leaf = Leaf::read(0, offered.signing_identity())?;
        let is_usable = bytes.len() <= MAX_LEAF_BYTES && has_keys(bytes, suite);
        let reference = reference_of(offered)?;
        let not_after_ms = milliseconds(offered.expiration().map_err(|_| KeyPackageError::Malformed)?.seconds_since_epoch());
        Ok(Self { message, reference, leaf, suite, is_usable, not_after_ms })
    }

    /// The device that it says it is of. Compare it with the one that was asked for.
    #[must_use]
    pub const fn device(&self) -> DeviceId {
        self.leaf.device()
    }

    /// The user that it says it is of.
    #[must_use]
    pub const fn user(&self) -> UserId {
        self.leaf.user()
    }

    /// Whether the roster vouches for the device that it says it is of, as it will have to when it is added, and its keys can be sealed to.
    ///
    /// # Errors
    /// The reason for which the device may not be in a group.
    pub fn check(&self, judge: &Judge) -> Result<(), LeafRefused> {
        if self.is_usable { judge.stands(&self.leaf, self.suite) } else { Err(LeafRefused::Malformed) }
    }

    /// The suite.
    #[must_use]
    pub const fn suite(&self) -> Suite {
        self.suite
    }

    /// When it ends, milliseconds since the epoch.
    #[must_use]
    pub const fn not_after_ms(&self) -> i64 {
        self.not_after_ms
    }

    /// By this a welcome names it.
    #[must_use]
    pub fn reference(&self) -> &[u8] {
        &self.reference
    }
}

/// Whether the keys behind version and suite can be sealed to: that of the welcome, and that of the leaf.
fn has_keys(bytes: &[u8], suite: Suite) -> bool {
    let mut keys = bytes.get(KEYS_AT..).unwrap_or_default();
    (0..2).all(|_| HpkePublicKey::mls_decode(&mut keys).is_ok_and(|key| check_key(&key, suite).is_ok()))
}

/// Versions, format and suite, of two bytes each.
const KEYS_AT: usize = 8;

fn milliseconds(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1000)
}

/// The reference of a key package from its bare bytes, as the private part holds them.
pub(super) fn reference(bytes: &[u8]) -> Result<Vec<u8>, KeyPackageError> {
    reference_of(&mls_rs::KeyPackage::mls_decode(&mut &*bytes).map_err(|_| KeyPackageError::Malformed)?)
}

fn reference_of(key_package: &mls_rs::KeyPackage) -> Result<Vec<u8>, KeyPackageError> {
    let provider = client::crypto().cipher_suite_provider(key_package.cipher_suite()).ok_or(KeyPackageError::Malformed)?;
    Ok(key_package.to_reference(&provider).map_err(|_| KeyPackageError::Malformed)?.to_vec())
}
