//! Puts every epoch key into the user's own backup, wrapped under the vault key, before anything of that epoch shows as sent.

use bezel_protocol::cbor;
use bezel_protocol::cose::Signer as _;
use bezel_protocol::wire::{Bytes, SignedEpochKeys, WrappedEpochKey, path};

use crate::cache;
use crate::error::{Error, Result};
use crate::member::Member;

/// Backs up what is not backed up yet.
///
/// # Errors
/// When the relay can't be reached.
pub(crate) async fn back_up(member: &Member) -> Result<()> {
    loop {
        let keys = cache::epochs::not_backed_up(&mut *member.cache.read().await?).await?;
        if keys.is_empty() {
            return Ok(());
        }
        let mut rng = member.rng();
        let mut wraps = Vec::with_capacity(keys.len());
        for key in &keys {
            let wrapped = member
                .vault_key
                .wrap(key, member.user(), &mut rng)
                .map_err(|error| Error::new("backup", format!("{error}."), "Start again."))?;
            wraps.push(WrappedEpochKey { conversation: key.conversation(), epoch: key.epoch(), wrapped: Bytes(cbor::encode(&wrapped)) });
        }
        let message = SignedEpochKeys::to_be_signed(member.profile().workspace, member.user(), &wraps);
        let signature = member.device_keys().sign(&message).map_err(|error| Error::new("backup", format!("{error}."), "Start again."))?;
        member.client.put(path::EPOCH_KEYS, &SignedEpochKeys { keys: wraps, signature: Bytes(signature) }).await?;
        let mut tx = member.cache.begin().await?;
        for key in &keys {
            cache::epochs::set_backed_up(&mut tx, key.conversation(), key.epoch()).await?;
        }
        tx.commit().await?;
    }
}
