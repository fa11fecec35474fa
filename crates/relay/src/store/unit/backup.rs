//! What a user's devices keep for each other, wrapped. Nobody else's exists for the caller.

use async_trait::async_trait;
use bezel_protocol::wire::{StoredVault, WrappedEpochKey};

use crate::store::StoreError;

/// Backups of the caller's user. Every method is for devices; others get [`StoreError::WrongCaller`].
#[async_trait]
pub trait Backups {
    /// Keeps wrapped epoch keys; one that is there stays as it is.
    async fn put_epoch_keys(&mut self, keys: &[WrappedEpochKey]) -> Result<(), StoreError>;

    /// All wrapped epoch keys, by conversation and epoch.
    async fn epoch_keys(&mut self) -> Result<Vec<WrappedEpochKey>, StoreError>;

    /// Keeps a version of the vault that is higher than every other, and the two before it. Who signed it was checked.
    async fn put_vault(&mut self, vault: &StoredVault) -> Result<(), StoreError>;

    /// The newest version of the vault. `None` while there is none.
    async fn vault(&mut self) -> Result<Option<StoredVault>, StoreError>;
}
