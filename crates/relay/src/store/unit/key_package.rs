//! Key packages: put by their device, handed out once.

use core::ops::RangeInclusive;

use async_trait::async_trait;
use bezel_protocol::wire::NewKeyPackage;
use bezel_protocol::{DeviceId, Suite};

use crate::store::{KeyPackageStock, StoreError};

/// Key packages. Every method is for devices; others get [`StoreError::WrongCaller`].
#[async_trait]
pub trait KeyPackages {
    /// Keeps one-time key packages of the caller's device, and a last-resort one in place of the one before.
    async fn put_key_packages(
        &mut self,
        suite: Suite,
        one_time: &[NewKeyPackage],
        last_resort: Option<&NewKeyPackage>,
    ) -> Result<(), StoreError>;

    /// Drops those of the caller's device whose end is not `in_force`; with `all_one_time` every one-time one.
    async fn drop_key_packages(&mut self, suite: Suite, in_force: &RangeInclusive<i64>, all_one_time: bool) -> Result<(), StoreError>;

    /// What the caller's device has of a suite whose end is `in_force`.
    async fn count_key_packages(&mut self, suite: Suite, in_force: RangeInclusive<i64>) -> Result<KeyPackageStock, StoreError>;

    /// Takes a key package of a device that stands in the caller's workspace: the oldest one-time one whose
    /// end is `in_force`, else such a last resort.
    async fn claim_key_package(
        &mut self,
        device: DeviceId,
        suite: Suite,
        in_force: RangeInclusive<i64>,
    ) -> Result<Option<Vec<u8>>, StoreError>;
}
