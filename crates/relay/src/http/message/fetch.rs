//! `GET /v1/conversations/{conversation}/messages?first=N&last=M`: a stretch of the log, the newest first,
//! as much of it as fits a page.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use bezel_protocol::wire::{MAX_PAGE, MAX_PAGE_BYTES, Messages};
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
    let page = app
        .store
        .read(device.caller(), move |unit| {
            Box::pin(async move {
                if unit.conversation_of_member(id).await?.is_none() {
                    return Ok(None);
                }
                let messages = unit.messages(id, (first, last), MAX_PAGE, MAX_PAGE_BYTES).await?;
                // Where nothing was ever put back, all bytes are there.
                let lost = match unit.healing(*id.as_bytes()).await? {
                    Some(_) => {
                        let is_whole = messages.len() < MAX_PAGE as usize;
                        let oldest = messages.last().map_or(first, |oldest| oldest.sequence);
                        unit.lost_messages(id, (if is_whole { first } else { oldest }, last), MAX_PAGE).await?
                    }
                    None => Vec::new(),
                };
                Ok(Some(Messages { messages, lost }))
            })
        })
        .await?
        .ok_or_else(Refusal::not_found)?;
    Ok(Cbor(page))
}
