//! `GET /v1/conversations/{conversation}/begin`: entry 1 of the log, by which whoever comes in begins to follow it.

use std::sync::Arc;

use axum::extract::{Path, State};
use bezel_protocol::wire::Bytes;

use crate::app::App;
use crate::http::{Cbor, Device, Refusal, auth};
use crate::store::Store;

pub(crate) async fn begin<S: Store>(
    State(app): State<Arc<App<S>>>,
    Path(conversation): Path<String>,
    device: Device,
) -> Result<Cbor<Bytes>, Refusal> {
    let id = auth::conversation(&conversation)?;
    let begin = app.store.read(device.caller(), move |unit| Box::pin(unit.begin_entry(id))).await?;
    begin.map(Cbor).ok_or_else(Refusal::not_found)
}
