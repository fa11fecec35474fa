//! `POST /v1/calls`: a call begins.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use bezel_protocol::wire::{CallJoined, NewCall};

use super::{joined, may_only_read};
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
            match unit.conversation(new.conversation).await? {
                None => return Ok(Ok(Presence::NotThere)),
                Some(conversation) if !conversation.role.may_post() => return Ok(Err(may_only_read())),
                Some(_) => {}
            }
            // Said again and again by each device that is in it: it begins once.
            let goes_on = unit.call(new.call).await?.is_some_and(|record| record.ended_at_ms.is_none());
            let presence = unit.insert_call(&new, now_ms()).await?;
            if presence == Presence::Present && !goes_on {
                audit(unit, is_audited, "call_begin", Some(new.call.to_string())).await?;
            }
            Ok(Ok(presence))
        })
    });
    joined(&app, &device, new.call, &headers, begun.await??).map(Cbor)
}
