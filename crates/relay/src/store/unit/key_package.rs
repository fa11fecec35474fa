//! Key packages: put by their device, handed out once.

use async_trait::async_trait;
use bezel_protocol::{DeviceId, Suite};

use crate::store::StoreError;

/// Key packages. Every method is for devices; others get [`StoreError::WrongCaller`].
#[async_trait]
pub trait KeyPackages {
    /// Keeps one-time key packages of the caller's device, and a last-resort one in place of the one before.
    async fn put_key_packages(&mut self, suite: Suite, one_time: &[Vec<u8>], last_resort: Option<&[u8]>) -> Result<(), StoreError>;

    /// How many the caller's device has of a suite: one-time, last resort.
    async fn count_key_packages(&mut self, suite: Suite) -> Result<(u64, u64), StoreError>;

    /// Takes a key package of a device that stands in the caller's workspace: the oldest one-time one, else the last resort.
    async fn claim_key_package(&mut self, device: DeviceId, suite: Suite) -> Result<Option<Vec<u8>>, StoreError>;
}
