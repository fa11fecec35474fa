//! `PUT /v1/calls/{call}`: a device comes in, or is still there.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use bezel_protocol::wire::CallJoined;

use super::{call, joined, may_only_read};
use crate::app::App;
use crate::clock::now_ms;
use crate::http::{Cbor, Device, Refusal};
use crate::store::{Presence, Store};

pub(crate) async fn join<S: Store>(
    State(app): State<Arc<App<S>>>,
    Path(id): Path<String>,
    device: Device,
    headers: HeaderMap,
) -> Result<Cbor<CallJoined>, Refusal> {
    let id = call(&id)?;
    let come = app.store.write(device.caller(), move |unit| {
        Box::pin(async move {
            let Some(record) = unit.call(id).await? else { return Ok(Ok(Presence::NotThere)) };
            let conversation = unit.conversation(record.conversation).await?;
            if conversation.is_some_and(|conversation| !conversation.role.may_post()) {
                return Ok(Err(may_only_read()));
            }
            unit.join_call(id, now_ms()).await.map(Ok)
        })
    });
    joined(&app, &device, id, &headers, come.await??).map(Cbor)
}
