//! `GET /v1/conversations/{conversation}/head`: where the log ends.

use std::sync::Arc;

use axum::extract::{Path, State};
use bezel_protocol::log::SignedHead;

use crate::app::App;
use crate::http::{Cbor, Device, Refusal, auth};
use crate::store::Store;

pub(crate) async fn head<S: Store>(
    State(app): State<Arc<App<S>>>,
    Path(conversation): Path<String>,
    device: Device,
) -> Result<Cbor<SignedHead>, Refusal> {
    let id = auth::conversation(&conversation)?;
    let head = app.store.read(device.caller(), move |unit| Box::pin(unit.log_head(id))).await?;
    let (place, epoch) = head.ok_or_else(Refusal::not_found)?;
    Ok(Cbor(app.signed_head(id, place, epoch)))
}
