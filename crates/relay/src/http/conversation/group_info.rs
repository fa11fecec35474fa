//! `PUT /v1/conversations/{conversation}/group`: group info of the newest epoch, by a device that is in it, where a commit was brought back
//! without its own.

use std::sync::Arc;

use axum::extract::{Path, State};
use bezel_observer::Judge;
use bezel_protocol::wire::NewGroupInfo;

use super::judge::judge_group_info;
use crate::app::App;
use crate::http::{Cbor, Device, Refusal, auth};
use crate::store::Store;

pub(crate) async fn put_group_info<S: Store>(
    State(app): State<Arc<App<S>>>,
    Path(conversation): Path<String>,
    device: Device,
    Cbor(new): Cbor<NewGroupInfo>,
) -> Result<(), Refusal> {
    let id = auth::conversation(&conversation)?;
    let roster = app.roster(device.workspace).ok_or_else(Refusal::not_found)?;
    let (now_ms, epoch) = (app.now_ms(), new.epoch);
    let found = app.store.read(device.caller(), move |unit| {
        Box::pin(async move {
            let is_here = unit.conversation(id).await?.is_some_and(|conversation| conversation.epoch == epoch);
            Ok(unit.observer(id).await?.filter(|_| is_here))
        })
    });
    let snapshot = found.await?.ok_or_else(Refusal::not_found)?;
    let group_info = app.judge(move || {
        judge_group_info(&new.group_info.0, &snapshot, Judge::new(roster, now_ms), device.device)?;
        Ok(new.group_info)
    });
    let group_info = group_info.await?;
    let kept = app
        .store
        .write(device.caller(), move |unit| Box::pin(async move { unit.as_relay().put_group_info(id, epoch, group_info.as_ref()).await }));
    kept.await?;
    Ok(())
}
