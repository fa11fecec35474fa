//! `GET /v1/conversations/{conversation}/spine?first=N&last=M`: the hashes of a stretch.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use bezel_protocol::log::Spine;
use bezel_protocol::wire::MAX_SPINE;
use serde::Deserialize;

use crate::app::App;
use crate::http::{Cbor, Device, Refusal, auth};
use crate::store::Store;

#[derive(Deserialize)]
pub(crate) struct Stretch {
    first: u64,
    last: u64,
}

pub(crate) async fn spine<S: Store>(
    State(app): State<Arc<App<S>>>,
    Path(conversation): Path<String>,
    Query(Stretch { first, last }): Query<Stretch>,
    device: Device,
) -> Result<Cbor<Spine>, Refusal> {
    let id = auth::conversation(&conversation)?;
    let spine = app
        .store
        .read(device.caller(), move |unit| {
            Box::pin(async move {
                if unit.log_reach(id).await?.is_none() {
                    return Ok(None);
                }
                unit.spine(id, first, last, MAX_SPINE).await.map(Some)
            })
        })
        .await?
        .ok_or_else(Refusal::not_found)?;
    Ok(Cbor(spine))
}
