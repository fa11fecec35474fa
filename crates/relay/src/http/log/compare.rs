//! `POST /v1/conversations/{conversation}/compare`: where the log of a device and this one part, in another generation than the first.

use std::sync::Arc;

use axum::extract::{Path, State};
use bezel_protocol::log::Place;
use bezel_protocol::wire::{Compare, Compared, MAX_PLACES};

use super::offers::announce;
use crate::app::App;
use crate::heal;
use crate::http::{Cbor, Device, Refusal, auth};
use crate::store::Store;

pub(crate) async fn compare<S: Store>(
    State(app): State<Arc<App<S>>>,
    Path(conversation): Path<String>,
    device: Device,
    Cbor(compare): Cbor<Compare>,
) -> Result<Cbor<Compared>, Refusal> {
    let id = auth::conversation(&conversation)?;
    if compare.places.len() > MAX_PLACES || compare.generation != app.generation() {
        return Err(Refusal::malformed("64 places at most, in the generation of the heads"));
    }
    let now_ms = app.now_ms();
    let shared = app.store.write(device.caller(), move |unit| {
        Box::pin(async move {
            let is_member = unit.conversation_of_member(id).await?.is_some();
            let mut relay = unit.as_relay();
            // Where it was not there when this generation began, there is nothing to heal.
            let (Some(_), Some(log)) = (relay.healing(*id.as_bytes()).await?, relay.healing_log(id, device.workspace).await?) else {
                return Ok(None);
            };
            let mut shared = Place::START;
            for place in compare.places.iter().rev() {
                if relay.chain_at(id, place.sequence).await? == Some(place.hash) {
                    shared = *place;
                    break;
                }
            }
            if !is_member && shared == Place::START {
                return Ok(None);
            }
            let follows = relay.chain_at(id, compare.end.sequence).await? == Some(compare.end.hash);
            relay.note_compared(*id.as_bytes(), (device.device, device.user), follows, now_ms).await?;
            let lacks_group_info = relay.healing_group(id).await?.is_some_and(|(_, has_info)| !has_info);
            Ok(Some((shared, log, lacks_group_info)))
        })
    });
    let (shared, mut log, lacks_group_info) = shared.await?.ok_or_else(Refusal::not_found)?;
    let was_open = app.healing.log(id);
    let is_closed = heal::close(&app, id, device.workspace).await?;
    if was_open && is_closed {
        log = announce(&app, device.workspace, id).await?;
    }
    Ok(Cbor(Compared { head: app.signed_head(id, log.last, log.epoch), shared, heals: !is_closed, lacks_group_info }))
}
