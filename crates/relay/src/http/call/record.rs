//! `GET /v1/calls/{call}`: who was in a call, and when.

use std::sync::Arc;

use axum::extract::{Path, State};
use bezel_protocol::wire::CallRecord;

use super::call;
use crate::app::App;
use crate::http::{Cbor, Device, Refusal};
use crate::store::Store;

pub(crate) async fn record<S: Store>(
    State(app): State<Arc<App<S>>>,
    Path(id): Path<String>,
    device: Device,
) -> Result<Cbor<CallRecord>, Refusal> {
    let id = call(&id)?;
    let record = app.store.read(device.caller(), move |unit| Box::pin(unit.call(id))).await?;
    record.map(Cbor).ok_or_else(Refusal::not_found)
}
