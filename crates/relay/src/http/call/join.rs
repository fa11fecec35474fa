//! `PUT /v1/calls/{call}`: a device comes in, or is still there.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use bezel_protocol::wire::CallJoined;

use super::{call, joined};
use crate::app::App;
use crate::clock::now_ms;
use crate::http::{Cbor, Device, Refusal};
use crate::store::Store;

pub(crate) async fn join<S: Store>(
    State(app): State<Arc<App<S>>>,
    Path(id): Path<String>,
    device: Device,
    headers: HeaderMap,
) -> Result<Cbor<CallJoined>, Refusal> {
    let id = call(&id)?;
    let presence = app.store.write(device.caller(), move |unit| Box::pin(unit.join_call(id, now_ms()))).await?;
    joined(&app, &device, id, &headers, presence).map(Cbor)
}
