//! `GET` and `PUT /v1/backup/epoch-keys`: what is there stays, and only a device adds to it.

use std::sync::Arc;

use axum::extract::State;
use bezel_protocol::wire::{EpochKeys, SignedEpochKeys};

use super::signer;
use crate::app::{App, audit};
use crate::http::{Cbor, Device, Refusal};
use crate::store::Store;

const MAX_KEYS: usize = 1000;
const MAX_WRAPPED_BYTES: usize = 1024;

pub(crate) async fn epoch_keys<S: Store>(State(app): State<Arc<App<S>>>, device: Device) -> Result<Cbor<EpochKeys>, Refusal> {
    let keys = app.store.read(device.caller(), |unit| Box::pin(unit.epoch_keys())).await?;
    Ok(Cbor(EpochKeys { keys }))
}

pub(crate) async fn put_epoch_keys<S: Store>(
    State(app): State<Arc<App<S>>>,
    device: Device,
    Cbor(new): Cbor<SignedEpochKeys>,
) -> Result<(), Refusal> {
    if new.keys.len() > MAX_KEYS || new.keys.iter().any(|key| key.wrapped.0.len() > MAX_WRAPPED_BYTES) {
        return Err(Refusal::too_large());
    }
    // Else whoever has a token alone could take the place of a key that is still to come.
    let key = signer(&app, &device, device.device)?;
    if new.verify(device.workspace, device.user, &key).is_err() {
        return Err(Refusal::refused("the epoch keys are not signed by this device"));
    }
    let is_audited = app.settings.audit_logging;
    app.store
        .write(device.caller(), move |unit| {
            Box::pin(async move {
                unit.put_epoch_keys(&new.keys).await?;
                audit(unit, is_audited, "epoch_keys_put", Some(new.keys.len().to_string())).await
            })
        })
        .await?;
    Ok(())
}
