//! `GET /v1/welcomes` and `DELETE /v1/welcomes/{conversation}`: welcomes that wait for the caller's device, as many as fit a page.

use std::sync::Arc;

use axum::extract::{Path, State};
use bezel_protocol::wire::{MAX_PAGE, MAX_PAGE_BYTES, Welcomes};

use crate::app::App;
use crate::http::{Cbor, Device, Refusal, auth};
use crate::store::Store;

pub(crate) async fn welcomes<S: Store>(State(app): State<Arc<App<S>>>, device: Device) -> Result<Cbor<Welcomes>, Refusal> {
    let welcomes = app.store.read(device.caller(), |unit| Box::pin(unit.welcomes(MAX_PAGE, MAX_PAGE_BYTES))).await?;
    Ok(Cbor(Welcomes { welcomes }))
}

pub(crate) async fn take_welcome<S: Store>(
    State(app): State<Arc<App<S>>>,
    Path(conversation): Path<String>,
    device: Device,
) -> Result<(), Refusal> {
    let id = auth::conversation(&conversation)?;
    app.store.write(device.caller(), move |unit| Box::pin(unit.delete_welcome(id))).await?;
    Ok(())
}
