//! `GET /v1/conversations/{conversation}/commits?from=EPOCH`: the commits, in order, as far as the caller may see the log.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use bezel_protocol::wire::{Commits, MAX_COMMIT_BYTES, MAX_PAGE};
use serde::Deserialize;

use crate::app::App;
use crate::http::{Cbor, Device, Refusal, auth};
use crate::store::Store;

#[derive(Deserialize)]
pub(crate) struct From {
    from: u64,
}

pub(crate) async fn commits<S: Store>(
    State(app): State<Arc<App<S>>>,
    Path(conversation): Path<String>,
    Query(From { from }): Query<From>,
    device: Device,
) -> Result<Cbor<Commits>, Refusal> {
    let id = auth::conversation(&conversation)?;
    let commits = app
        .store
        .read(device.caller(), move |unit| {
            Box::pin(async move {
                let Some(reach) = unit.log_reach(id).await? else { return Ok(None) };
                unit.commits(id, (from, reach), MAX_PAGE, MAX_COMMIT_BYTES).await.map(Some)
            })
        })
        .await?
        .ok_or_else(Refusal::not_found)?;
    Ok(Cbor(Commits { commits }))
}
