//! `POST`, `GET` and `DELETE /v1/conversations/{conversation}/lost`: what of a log that was lost did not come back, as members verified it.
//! Who acts as owner does again what it did.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use bezel_observer::{Judge, Observer};
use bezel_protocol::log::LostBranch;
use bezel_protocol::wire::{Bytes, ConversationHead, Event, LostTold};
use bezel_protocol::{DeviceId, Role};
use serde::Deserialize;

use crate::app::App;
use crate::http::{Cbor, Device, Refusal, auth};
use crate::store::{Store, StoreError};

/// Tells of it. Only what this relay had acknowledged, and has not any more, is taken; from any device, since who holds that was a member there.
pub(crate) async fn tell_lost<S: Store>(
    State(app): State<Arc<App<S>>>,
    Path(conversation): Path<String>,
    device: Device,
    Cbor(bytes): Cbor<Bytes>,
) -> Result<(), Refusal> {
    let id = auth::conversation(&conversation)?;
    let branch = LostBranch::decode(bytes.as_ref()).map_err(|error| Refusal::malformed(error.to_string()))?;
    let next = branch.places().and_then(|places| places.first().map(|(place, _)| *place));
    let (Some(next), Some(_)) = (next, branch.changes(id, &app.key.public())) else {
        return Err(Refusal::refused("this relay did not acknowledge that"));
    };
    let now_ms = app.now_ms();
    let told = app.store.write(device.caller(), move |unit| {
        Box::pin(async move {
            let mut relay = unit.as_relay();
            let Some(log) = relay.healing_log(id, device.workspace).await? else { return Ok(Err(Refusal::not_found())) };
            let is_healed = relay.healing(*id.as_bytes()).await?.is_some_and(|state| state.healed_at_ms.is_some());
            let is_base = relay.chain_at(id, branch.base.sequence).await? == Some(branch.base.hash);
            let is_lost = relay.chain_at(id, next.sequence).await? != Some(next.hash);
            let members = relay.healing_members(id).await?;
            drop(relay);
            if !(is_healed && is_base && is_lost) {
                return Ok(Err(Refusal::refused("the log that is here did not lose that")));
            }
            if !unit.tell_lost(id, bytes.as_ref(), now_ms).await? {
                return Ok(Err(Refusal::too_many_because("many devices told what is lost: an owner of the conversation has to answer")));
            }
            Ok(Ok((log, members)))
        })
    });
    let (log, members) = told.await??;
    for (device, role) in members.readers() {
        let wake = ConversationHead { conversation: id, last_sequence: log.last.sequence, epoch: log.epoch, role };
        app.hub.send([device], &Event::Conversation(wake));
    }
    Ok(())
}

#[derive(Deserialize)]
pub(crate) struct After {
    after: Option<DeviceId>,
}

/// The first by device that was told, or the next one behind a device.
pub(crate) async fn told_lost<S: Store>(
    State(app): State<Arc<App<S>>>,
    Path(conversation): Path<String>,
    Query(After { after }): Query<After>,
    device: Device,
) -> Result<Cbor<LostTold>, Refusal> {
    let id = auth::conversation(&conversation)?;
    let told = app.store.read(device.caller(), move |unit| Box::pin(unit.told_lost(id, after))).await?;
    told.map(Cbor).ok_or_else(Refusal::not_found)
}

#[derive(Deserialize)]
pub(crate) struct Told {
    device: DeviceId,
}

/// It was answered, by who acts as owner, or its device needs it no more.
pub(crate) async fn forget_told<S: Store>(
    State(app): State<Arc<App<S>>>,
    Path(conversation): Path<String>,
    Query(Told { device: told }): Query<Told>,
    device: Device,
) -> Result<(), Refusal> {
    let id = auth::conversation(&conversation)?;
    if told != device.device {
        let roster = app.roster(device.workspace).ok_or_else(Refusal::not_found)?;
        let snapshot = app.store.read(device.caller(), move |unit| Box::pin(unit.observer(id))).await?.ok_or_else(Refusal::not_found)?;
        let (user, now_ms) = (device.user, app.now_ms());
        let acting = app.judge(move || {
            let judge = Judge::new(roster, now_ms);
            Observer::load(&snapshot, judge.clone())
                .and_then(|observer| observer.acting(user, &judge))
                .map_err(|_| StoreError::Damaged("observer").into())
        });
        if acting.await? != Some(Role::Owner) {
            return Err(Refusal::forbidden("only who acts as owner answers what another device told"));
        }
    }
    app.store.write(device.caller(), move |unit| Box::pin(unit.forget_told(id, told))).await?;
    Ok(())
}
