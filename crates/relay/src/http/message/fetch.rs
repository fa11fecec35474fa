//! `GET /v1/conversations/{conversation}/messages?first=N&last=M`: a stretch of the log, the newest first.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use bezel_protocol::wire::{MAX_PAGE, Messages};
use serde::Deserialize;

use crate::app::App;
use crate::http::{Cbor, Device, Refusal, auth};
use crate::store::Store;

#[derive(Deserialize)]
pub(crate) struct Stretch {
    first: u64,
    last: u64,
}

pub(crate) async fn fetch<S: Store>(
    State(app): State<Arc<App<S>>>,
    Path(conversation): Path<String>,
    Query(Stretch { first, last }): Query<Stretch>,
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
                unit.messages(id, first, last, MAX_PAGE).await.map(Some)
            })
        })
        .await?
        .ok_or_else(Refusal::not_found)?;
    Ok(Cbor(Messages { messages }))
}
