//! `POST /v1/calls`: a call begins.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use bezel_protocol::wire::{CallJoined, NewCall};

use super::joined;
use crate::app::{App, audit};
use crate::clock::now_ms;
use crate::http::{Cbor, Device, Refusal};
use crate::store::{Presence, Store};

pub(crate) async fn begin<S: Store>(
    State(app): State<Arc<App<S>>>,
    device: Device,
    headers: HeaderMap,
    Cbor(new): Cbor<NewCall>,
) -> Result<Cbor<CallJoined>, Refusal> {
    let is_audited = app.settings.audit_logging;
    let begun = app.store.write(device.caller(), move |unit| {
        Box::pin(async move {
            if unit.conversation(new.conversation).await?.is_none() {
                return Ok(Presence::NotThere);
            }
            let presence = unit.insert_call(&new, now_ms()).await?;
            if presence == Presence::Present {
                audit(unit, is_audited, "call_begin", Some(new.call.to_string())).await?;
            }
            Ok(presence)
        })
    });
    joined(&app, &device, new.call, &headers, begun.await?).map(Cbor)
}
