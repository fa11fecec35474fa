//! What the library stores, kept in memory for the caller to store. Secrets of earlier epochs are dropped: messages are not
//! encrypted by the library, and no commit is older than the group.

use core::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mls_rs::storage_provider::KeyPackageData;
use mls_rs::{GroupStateStorage, KeyPackageStorage};
use mls_rs_core::group::{EpochRecord, GroupState};

use super::Wiped;
use crate::secret::SecretBytes;

#[derive(Clone, Default)]
pub(super) struct Storage(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    state: Option<Wiped>,
    key_packages: Vec<(Vec<u8>, KeyPackageData)>,
}

impl Storage {
    pub(super) fn with_state(state: &[u8]) -> Self {
        let storage = Self::default();
        storage.kept().state = Some(Wiped::new(state.to_vec()));
        storage
    }

    pub(super) fn with_key_package(reference: Vec<u8>, key_package: KeyPackageData) -> Self {
        let storage = Self::default();
        storage.kept().key_packages.push((reference, key_package));
        storage
    }

    pub(super) fn take_state(&self) -> Option<SecretBytes> {
        self.kept().state.take().map(|mut state| SecretBytes::new(core::mem::take(&mut *state)))
    }

    pub(super) fn take_key_package(&self) -> Option<(Vec<u8>, KeyPackageData)> {
        self.kept().key_packages.pop()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl GroupStateStorage for Storage {
    type Error = Infallible;

    fn state(&self, _: &[u8]) -> Result<Option<Wiped>, Infallible> {
        Ok(self.kept().state.take())
    }

    fn epoch(&self, _: &[u8], _: u64) -> Result<Option<Wiped>, Infallible> {
        Ok(None)
    }

    fn write(&mut self, state: GroupState, _: Vec<EpochRecord>, _: Vec<EpochRecord>) -> Result<(), Infallible> {
        self.kept().state = Some(state.data);
        Ok(())
    }

    fn max_epoch_id(&self, _: &[u8]) -> Result<Option<u64>, Infallible> {
        Ok(None)
    }
}

impl KeyPackageStorage for Storage {
    type Error = Infallible;

    fn delete(&mut self, id: &[u8]) -> Result<(), Infallible> {
        self.kept().key_packages.retain(|(reference, _)| reference != id);
        Ok(())
    }

    fn insert(&mut self, id: Vec<u8>, key_package: KeyPackageData) -> Result<(), Infallible> {
        self.kept().key_packages.push((id, key_package));
        Ok(())
    }

    fn get(&self, id: &[u8]) -> Result<Option<KeyPackageData>, Infallible> {
        Ok(self.kept().key_packages.iter().find(|(reference, _)| reference == id).map(|(_, found)| found.clone()))
    }
}
