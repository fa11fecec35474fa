//! Key packages (RFC 9420 §10) that wait to be claimed.

use serde::{Deserialize, Serialize};

use super::Bytes;
use crate::{DeviceId, Suite};

/// Key packages of the caller's device for one suite.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyPackageUpload {
    /// The suite.
    pub suite: Suite,
    /// Each is handed out once.
    pub one_time: Vec<Bytes>,
    /// Handed out when no other is left; replaces the one before.
    pub last_resort: Option<Bytes>,
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
    /// One-time key packages left.
    pub one_time: u32,
    /// Whether a last-resort one is there.
    pub last_resort: bool,
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

/// The key packages; devices that have none are missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimedKeyPackages {
    /// One a device.
    pub key_packages: Vec<ClaimedKeyPackage>,
}
