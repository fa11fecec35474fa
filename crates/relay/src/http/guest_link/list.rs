//! `GET /v1/guest-links`: the links that still hold.

use std::sync::Arc;

use axum::extract::State;
use bezel_protocol::wire::OpenGuestLinks;

use crate::app::App;
use crate::clock::now_ms;
use crate::http::{Cbor, Device, Refusal};
use crate::store::Store;

pub(crate) async fn list<S: Store>(State(app): State<Arc<App<S>>>, device: Device) -> Result<Cbor<OpenGuestLinks>, Refusal> {
    let links = app.store.read(device.caller(), move |unit| Box::pin(unit.open_guest_links(now_ms()))).await?;
    Ok(Cbor(OpenGuestLinks { links }))
}
