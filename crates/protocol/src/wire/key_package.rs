//! Key packages (RFC 9420 §10) that wait to be claimed.

use serde::{Deserialize, Serialize};

use super::Bytes;
use crate::{DeviceId, Suite};

/// How long a key package may be used: 90 days, and the day by which it is backdated.
pub const KEY_PACKAGE_LIFETIME_MS: i64 = 91 * 24 * 60 * 60 * 1000;

/// A key package and how long it may be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewKeyPackage {
    /// The key package.
    pub key_package: Bytes,
    /// When it ends, milliseconds since the epoch, as it says itself. The relay can't read it and hands none out that has ended.
    pub not_after_ms: i64,
}

/// Key packages of the caller's device for one suite.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyPackageUpload {
    /// The suite.
    pub suite: Suite,
    /// Each is handed out once.
    pub one_time: Vec<NewKeyPackage>,
    /// Handed out when no other is left; replaces the one before.
    pub last_resort: Option<NewKeyPackage>,
    /// Whether the one-time key packages that still wait go: they have grown old.
    pub replaces: bool,
}

/// How many one-time key packages of the caller's device are left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyPackageCounts {
    /// By suite.
    pub counts: Vec<SuiteCount>,
}

/// How many are left of one suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuiteCount {
    /// The suite.
    pub suite: Suite,
    /// One-time key packages left that are in force.
    pub one_time: u32,
    /// When the first of them ends, milliseconds since the epoch; `None` where none is left.
    pub first_ends_at_ms: Option<i64>,
    /// When the last-resort one ends, milliseconds since the epoch; `None` where none is in force.
    pub last_resort_ends_at_ms: Option<i64>,
}

/// Asks for a key package of each device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimKeyPackages {
    /// The suite.
    pub suite: Suite,
    /// Devices of the caller's workspace.
    pub devices: Vec<DeviceId>,
}

/// A device's key package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimedKeyPackage {
    /// The device.
    pub device: DeviceId,
    /// The key package.
    pub key_package: Bytes,
}

/// The key packages; devices that have none in force are missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimedKeyPackages {
    /// One a device.
    pub key_packages: Vec<ClaimedKeyPackage>,
}
