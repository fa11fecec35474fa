//! `GET` and `PUT /v1/backup/vault`.

use std::sync::Arc;

use axum::extract::State;
use bezel_protocol::wire::{Bytes, StoredVault};

use crate::app::{App, audit};
use crate::http::{Cbor, Device, Refusal};
use crate::store::Store;

const MAX_VAULT_BYTES: usize = 64 * 1024;

pub(crate) async fn vault<S: Store>(State(app): State<Arc<App<S>>>, device: Device) -> Result<Cbor<StoredVault>, Refusal> {
    let vault = app.store.read(device.caller(), |unit| Box::pin(unit.vault())).await?.ok_or_else(Refusal::not_found)?;
    Ok(Cbor(StoredVault { vault: Bytes(vault) }))
}

pub(crate) async fn put_vault<S: Store>(
    State(app): State<Arc<App<S>>>,
    device: Device,
    Cbor(new): Cbor<StoredVault>,
) -> Result<(), Refusal> {
    if new.vault.0.len() > MAX_VAULT_BYTES {
        return Err(Refusal::too_large());
    }
    let is_audited = app.settings.audit_logging;
    app.store
        .write(device.caller(), move |unit| {
            Box::pin(async move {
                unit.put_vault(&new.vault.0).await?;
                audit(unit, is_audited, "vault_put", None).await
            })
        })
        .await?;
    Ok(())
}
