//! `POST` and `GET /v1/conversations/{conversation}/leave`: the caller's user leaves; who left.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use bezel_observer::Judge;
use bezel_protocol::wire::{ConversationHead, Event, LeaveUpload, Leaves, MAX_PAGE};
use serde::Deserialize;

use super::commit::{is_here, placed};
use super::judge::{judge_leave, read_leave};
use crate::app::{App, audit};
use crate::heal;
use crate::http::{Cbor, Device, Refusal, auth};
use crate::store::{Committed, Store};

pub(crate) async fn leave<S: Store>(
    State(app): State<Arc<App<S>>>,
    Path(conversation): Path<String>,
    device: Device,
    Cbor(upload): Cbor<LeaveUpload>,
) -> Result<(), Refusal> {
    let id = auth::conversation(&conversation)?;
    if app.healing.log(id) && !heal::close(&app, id, device.workspace).await? {
        return Err(Refusal::healing());
    }
    let roster = app.roster(device.workspace).ok_or_else(Refusal::not_found)?;
    let (is_audited, now_ms, stamp, user) = (app.settings.audit_logging, app.now_ms(), roster.head().sequence, device.user);
    let leave = read_leave(&upload.entry, device.device, &roster)?;
    let (epoch, seen) = (leave.epoch, leave.seen);
    let found = app.store.read(device.caller(), move |unit| {
        Box::pin(async move {
            let Some(conversation) = unit.conversation_of_member(id).await? else { return Ok(Err(Refusal::not_found())) };
            if let Err(refusal) = is_here(unit, &conversation, epoch, seen).await? {
                return Ok(Err(refusal));
            }
            let before = unit.membership(id).await?;
            let observer = unit.observer(id).await?;
            Ok(observer.map(|observer| (conversation, before, observer)).ok_or_else(Refusal::not_found))
        })
    });
    let (conversation, before, observer) = found.await??;
    let (author, after) = app.judge(move || judge_leave(&leave, &observer, Judge::new(roster, now_ms))).await?;
    if author != user {
        return Err(Refusal::forbidden("the entry is of another user than the one that sends it"));
    }
    let kept = app.store.write(device.caller(), move |unit| {
        Box::pin(async move {
            let left = unit.apply_leave(&conversation, &upload.entry, &after, (now_ms, stamp)).await?;
            if let Committed::At(_) = left {
                audit(unit, is_audited, "conversation_leave", Some(conversation.id.to_string())).await?;
            }
            Ok(left)
        })
    });
    let place = placed(kept.await?, &conversation)?;
    for (other, role) in before.readers() {
        let head = ConversationHead { conversation: id, last_sequence: place.sequence, epoch: conversation.epoch, role };
        app.hub.send([other], &Event::Conversation(head));
    }
    Ok(())
}

#[derive(Deserialize)]
pub(crate) struct After {
    after: u64,
}

pub(crate) async fn leaves<S: Store>(
    State(app): State<Arc<App<S>>>,
    Path(conversation): Path<String>,
    Query(After { after }): Query<After>,
    device: Device,
) -> Result<Cbor<Leaves>, Refusal> {
    let id = auth::conversation(&conversation)?;
    let found = app.store.read(device.caller(), move |unit| {
        Box::pin(async move {
            let Some(reach) = unit.log_reach(id).await? else { return Ok(None) };
            unit.leaves(id, (after, reach), MAX_PAGE).await.map(Some)
        })
    });
    let leaves = found.await?.ok_or_else(Refusal::not_found)?;
    Ok(Cbor(Leaves { leaves }))
}
