//! `GET /v1/conversations/{conversation}/group`: what is needed to come back.

use std::sync::Arc;

use axum::extract::{Path, State};
use bezel_protocol::wire::GroupState;

use crate::app::App;
use crate::http::{Cbor, Device, Refusal, auth};
use crate::store::Store;

pub(crate) async fn group<S: Store>(
    State(app): State<Arc<App<S>>>,
    Path(conversation): Path<String>,
    device: Device,
) -> Result<Cbor<GroupState>, Refusal> {
    let id = auth::conversation(&conversation)?;
    let state = app
        .store
        .read(device.caller(), move |unit| {
            Box::pin(async move {
                if unit.conversation_of_member(id).await?.is_none() {
                    return Ok(None);
                }
                unit.group_state(id).await
            })
        })
        .await?
        .ok_or_else(Refusal::not_found)?;
    // Of an epoch whose commit was brought back, somebody who is in it makes one first.
    if state.group_info.0.is_empty() { Err(Refusal::healing()) } else { Ok(Cbor(state)) }
}
