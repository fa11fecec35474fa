//! The keys by which this home signs.

use std::sync::{Arc, PoisonError, RwLock};

use bezel_crypto::{DeviceKeys, IdentityKeyPair};

/// The keys of this device, and the user's identity key where it lives here. Both may change: a home that was copied becomes another device,
/// an identity key is rotated.
pub(crate) struct OwnKeys {
    device: RwLock<Arc<DeviceKeys>>,
    identity: RwLock<Option<Arc<IdentityKeyPair>>>,
}

impl OwnKeys {
    pub(crate) fn new(device: Arc<DeviceKeys>, identity: Option<Arc<IdentityKeyPair>>) -> Arc<Self> {
        Arc::new(Self { device: RwLock::new(device), identity: RwLock::new(identity) })
    }

    pub(crate) fn device(&self) -> Arc<DeviceKeys> {
        Arc::clone(&self.device.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn set_device(&self, keys: Arc<DeviceKeys>) {
        *self.device.write().unwrap_or_else(PoisonError::into_inner) = keys;
    }

    pub(crate) fn identity(&self) -> Option<Arc<IdentityKeyPair>> {
        self.identity.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_identity(&self, identity: Arc<IdentityKeyPair>) {
        *self.identity.write().unwrap_or_else(PoisonError::into_inner) = Some(identity);
    }
}
