//! `GET /v1/heads`: everything that a device compares with what it has.

use std::sync::Arc;

use axum::extract::State;
use bezel_protocol::wire::Heads;

use crate::app::App;
use crate::clock::now_ms;
use crate::http::{Cbor, Device, Refusal};
use crate::store::Store;

pub(crate) async fn heads<S: Store>(State(app): State<Arc<App<S>>>, device: Device) -> Result<Cbor<Heads>, Refusal> {
    let roster = app.roster(device.workspace).ok_or_else(Refusal::not_found)?.head();
    let (conversations, welcomes, audit) = app
        .store
        .read(device.caller(), |unit| {
            Box::pin(async move { Ok((unit.heads().await?, unit.count_welcomes().await?, unit.audit_head().await?)) })
        })
        .await?;
    let audit = audit.filter(|_| app.settings.audit_logging).map(|(entries, head)| app.key.checkpoint(entries, head, now_ms()));
    Ok(Cbor(Heads { roster, conversations, welcomes: u32::try_from(welcomes).unwrap_or(u32::MAX), audit }))
}
