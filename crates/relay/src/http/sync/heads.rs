//! `GET /v1/heads`: everything that a device compares with what it has.

use std::sync::Arc;

use axum::extract::{Query, State};
use bezel_protocol::envelope::RosterHead;
use bezel_protocol::wire::Heads;
use serde::Deserialize;

use crate::app::App;
use crate::audit;
use crate::http::{Cbor, Device, Refusal};
use crate::store::{Caller, Store};

#[derive(Deserialize)]
pub(crate) struct Known {
    /// The number of the newest roster statement that the device knows.
    roster: Option<u64>,
}

pub(crate) async fn heads<S: Store>(
    State(app): State<Arc<App<S>>>,
    Query(known): Query<Known>,
    device: Device,
) -> Result<Cbor<Heads>, Refusal> {
    let roster = app.roster(device.workspace).ok_or_else(Refusal::not_found)?.head();
    if let Some(known) = known.roster.filter(|_| app.healing.roster(device.workspace)) {
        note_roster(&app, &device, known, roster).await?;
    }
    let is_audited = app.settings.audit_logging;
    let (logs, lost, welcomes, tree) = app
        .store
        .read(device.caller(), move |unit| {
            Box::pin(async move {
                let tree = if is_audited { audit::tree_head(unit).await? } else { None };
                Ok((unit.log_heads().await?, unit.told_of().await?, unit.count_welcomes().await?, tree))
            })
        })
        .await?;
    let conversations = logs.into_iter().map(|(conversation, place, epoch)| app.signed_head(conversation, place, epoch)).collect();
    let audit = tree.map(|tree| app.key.checkpoint(tree, app.now_ms()));
    let generation = app.key.generation(app.generation(), app.now_ms());
    Ok(Cbor(Heads { generation, roster, conversations, lost, welcomes: u32::try_from(welcomes).unwrap_or(u32::MAX), audit }))
}

/// Notes that a device has compared its roster with one that heals. Who knows more is waited for.
async fn note_roster<S: Store>(app: &App<S>, device: &Device, known: u64, head: RosterHead) -> Result<(), Refusal> {
    let (workspace, who, now_ms) = (*device.workspace.as_bytes(), (device.device, device.user), app.now_ms());
    let follows = known <= head.sequence;
    app.store.write(Caller::Relay, move |unit| Box::pin(unit.note_compared(workspace, who, follows, now_ms))).await?;
    Ok(())
}
