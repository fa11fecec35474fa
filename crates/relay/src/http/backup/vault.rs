//! `GET` and `PUT /v1/backup/vault`: versions that rise, each signed by a device of the user. A token alone changes nothing.

use std::sync::Arc;

use axum::extract::State;
use bezel_protocol::wire::StoredVault;

use super::signer;
use crate::app::{App, audit};
use crate::http::{Cbor, Device, Refusal};
use crate::store::Store;

const MAX_VAULT_BYTES: usize = 64 * 1024;

pub(crate) async fn vault<S: Store>(State(app): State<Arc<App<S>>>, device: Device) -> Result<Cbor<StoredVault>, Refusal> {
    let vault = app.store.read(device.caller(), |unit| Box::pin(unit.vault())).await?;
    vault.map(Cbor).ok_or_else(Refusal::not_found)
}

pub(crate) async fn put_vault<S: Store>(
    State(app): State<Arc<App<S>>>,
    device: Device,
    Cbor(new): Cbor<StoredVault>,
) -> Result<(), Refusal> {
    if new.vault.0.len() > MAX_VAULT_BYTES {
        return Err(Refusal::too_large());
    }
    let key = signer(&app, &device, new.device)?;
    let is_signed = new.verify(device.workspace, device.user, &key).is_ok();
    if !is_signed || new.version == 0 || i64::try_from(new.version).is_err() {
        return Err(Refusal::refused("a vault is numbered, and signed by a device of its user"));
    }
    let is_audited = app.settings.audit_logging;
    let stale = app
        .store
        .write(device.caller(), move |unit| {
            Box::pin(async move {
                let newest = unit.vault().await?;
                // The same again: its answer was lost.
                if newest.as_ref() == Some(&new) {
                    return Ok(None);
                }
                if let Some(newest) = newest.filter(|newest| newest.version >= new.version) {
                    return Ok(Some(newest.version));
                }
                unit.put_vault(&new).await?;
                audit(unit, is_audited, "vault_put", Some(new.version.to_string())).await?;
                Ok(None)
            })
        })
        .await?;
    stale.map_or(Ok(()), |current| Err(Refusal::stale_vault(current)))
}
