//! `POST /v1/guest-links/{link}/guests/{guest}`: a sealed signal goes to a browser.

use std::sync::Arc;

use axum::extract::{Path, State};
use bezel_protocol::guest::MAX_GUEST_SIGNAL_BYTES;
use bezel_protocol::wire::Bytes;

use crate::app::App;
use crate::guests::ToGuest;
use crate::http::{Cbor, Device, Refusal};
use crate::store::Store;

pub(crate) async fn signal<S: Store>(
    State(app): State<Arc<App<S>>>,
    Path((id, guest)): Path<(String, String)>,
    device: Device,
    Cbor(signal): Cbor<Bytes>,
) -> Result<(), Refusal> {
    let (link, guest) = (super::link(&id)?, super::guest(&guest)?);
    if signal.0.len() > MAX_GUEST_SIGNAL_BYTES {
        return Err(Refusal::too_large());
    }
    let target = app.store.read(device.caller(), move |unit| Box::pin(unit.guest_link_target(link))).await?;
    let (conversation, _) = target.ok_or_else(Refusal::not_found)?;
    super::may_speak(&app, &device, conversation).await?;
    match app.guests.tell(link, guest, ToGuest::Signal(signal)) {
        Some(told) => told.map_err(|_| Refusal::too_many()),
        None => Err(Refusal::not_found()),
    }
}
