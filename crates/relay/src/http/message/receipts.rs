//! `GET /v1/conversations/{conversation}/receipts`: the newest receipt of each device.

use std::sync::Arc;

use axum::extract::{Path, State};
use bezel_protocol::wire::Messages;

use crate::app::App;
use crate::http::{Cbor, Device, Refusal, auth};
use crate::store::Store;

pub(crate) async fn receipts<S: Store>(
    State(app): State<Arc<App<S>>>,
    Path(conversation): Path<String>,
    device: Device,
) -> Result<Cbor<Messages>, Refusal> {
    let id = auth::conversation(&conversation)?;
    let messages = app
        .store
        .read(device.caller(), move |unit| {
            Box::pin(async move {
                if unit.conversation(id).await?.is_none() {
                    return Ok(None);
                }
                unit.receipts(id).await.map(Some)
            })
        })
        .await?
        .ok_or_else(Refusal::not_found)?;
    Ok(Cbor(Messages { messages, lost: Vec::new() }))
}
