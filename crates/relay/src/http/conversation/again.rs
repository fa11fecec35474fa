//! `POST /v1/conversations/{conversation}/commits/again`: a commit that a healed log lacks stands at a later place, as it was. Whoever holds it
//! may bring it: those who verified it go on from it there.

use std::sync::Arc;

use axum::extract::{Path, State};
use bezel_protocol::wire::{CommitAccepted, CommitAgain};

use super::judge::judge_again;
use crate::app::{App, audit};
use crate::heal;
use crate::http::log::announce;
use crate::http::{Cbor, Device, Refusal, auth};
use crate::store::{Caller, Store};

pub(crate) async fn again<S: Store>(
    State(app): State<Arc<App<S>>>,
    Path(conversation): Path<String>,
    device: Device,
    Cbor(CommitAgain { entry }): Cbor<CommitAgain>,
) -> Result<Cbor<CommitAccepted>, Refusal> {
    let id = auth::conversation(&conversation)?;
    let roster = app.roster(device.workspace).ok_or_else(Refusal::not_found)?;
    let (now_ms, is_audited) = (app.now_ms(), app.settings.audit_logging);
    let workspace = device.workspace;
    let found = app.store.read(Caller::Relay, move |unit| {
        Box::pin(async move {
            let is_healed = unit.healing(*id.as_bytes()).await?.is_some_and(|state| state.healed_at_ms.is_some());
            let (Some(log), Some((snapshot, _)), true) = (unit.healing_log(id, workspace).await?, unit.healing_group(id).await?, is_healed)
            else {
                return Ok(None);
            };
            Ok(Some((log, snapshot, unit.healing_members(id).await?)))
        })
    });
    let (log, snapshot, before) = found.await?.ok_or_else(Refusal::not_found)?;
    let stamp = roster.head().sequence.max(log.last_roster);
    let (commit, judged) = {
        let roster = Arc::clone(&roster);
        app.judge(move || judge_again(entry, &snapshot, roster, now_ms)).await?
    };
    let author = commit.author();
    heal::may_commit(&app, (id, &roster), (author.user(), &before), &judged.after, now_ms).await?;
    let (seen, caller) = (commit.header().seen, Caller::Device { workspace, user: author.user(), device: author.device() });
    let kept = app.store.write(device.caller(), move |unit| {
        Box::pin(async move {
            let mut relay = unit.as_relay();
            if relay.chain_at(id, seen.sequence).await? != Some(seen.hash) {
                return Ok(Err(Refusal::forked("the commit names a place that the healed log does not have")));
            }
            let Some(place) = relay.put_back_commit(caller, &log, &judged, (now_ms, stamp)).await? else {
                return Ok(Err(Refusal::stale_epoch(log.epoch)));
            };
            drop(relay);
            audit(unit, is_audited, "conversation_commit", Some(format!("{id} epoch {}", log.epoch))).await?;
            Ok(Ok(place))
        })
    });
    let place = kept.await??;
    announce(&app, workspace, id).await?;
    Ok(Cbor(CommitAccepted { epoch: log.epoch + 1, place, stored_at_ms: now_ms }))
}
