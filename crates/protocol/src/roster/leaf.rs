//! Whether a leaf of a group belongs to who it says.

use super::state::{Device, Roster, Status, User};
use crate::{DeviceId, SignedCertificate, Suite};

/// Why a leaf is refused, whoever added it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LeafRefused {
    /// The credential is not a device certificate.
    #[error("a leaf's credential is not a device certificate")]
    Malformed,
    /// The roster does not know this device.
    #[error("device {0} is not in the roster")]
    UnknownDevice(DeviceId),
    /// The roster knows the device with another certificate.
    #[error("the certificate of device {0} is not the one in the roster")]
    OtherCertificate(DeviceId),
    /// The leaf's signature key is not the certified one.
    #[error("the leaf key of device {0} is not the one in its certificate")]
    OtherKey(DeviceId),
    /// The device was revoked.
    #[error("device {0} was revoked")]
    Revoked(DeviceId),
    /// The certificate has ended.
    #[error("the certificate of device {0} has ended")]
    Expired(DeviceId),
    /// The user is suspended or removed.
    #[error("the user of device {0} is suspended or removed")]
    UserShutOut(DeviceId),
}

impl Roster {
    /// Checks a leaf's credential and signature key at `now_ms`.
    ///
    /// # Errors
    /// The reason for which the leaf may not be in a group.
    pub fn check_leaf(&self, credential: &[u8], leaf_key: &[u8], suite: Suite, now_ms: i64) -> Result<(&User, &Device), LeafRefused> {
        let presented = SignedCertificate::parse(credential).map_err(|_| LeafRefused::Malformed)?;
        let certificate = presented.certificate();
        let id = certificate.device;
        let device = self.device(id).ok_or(LeafRefused::UnknownDevice(id))?;
        if !device.certificates.contains(&presented) {
            return Err(LeafRefused::OtherCertificate(id));
        }
        if certificate.leaf_key(suite) != leaf_key {
            return Err(LeafRefused::OtherKey(id));
        }
        if device.revoked_at_ms.is_some() {
            return Err(LeafRefused::Revoked(id));
        }
        if now_ms >= certificate.not_after_ms {
            return Err(LeafRefused::Expired(id));
        }
        let user = self.user(device.user).ok_or(LeafRefused::UnknownDevice(id))?;
        if user.status != Status::Active {
            return Err(LeafRefused::UserShutOut(id));
        }
        Ok((user, device))
    }
}
