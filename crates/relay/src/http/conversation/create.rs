//! `POST /v1/conversations`: a conversation begins, with the caller's device alone.

use std::sync::Arc;

use axum::extract::State;
use bezel_observer::Judge;
use bezel_protocol::wire::NewConversation;

use super::judge::judge_begin;
use crate::app::{App, audit};
use crate::http::{Cbor, Device, Refusal};
use crate::store::Store;

pub(crate) async fn create<S: Store>(
    State(app): State<Arc<App<S>>>,
    device: Device,
    Cbor(new): Cbor<NewConversation>,
) -> Result<(), Refusal> {
    if !device.role.may_start_conversation() {
        return Err(Refusal::forbidden(format!("a {} may not begin a conversation", device.role)));
    }
    let roster = app.roster(device.workspace).ok_or_else(Refusal::not_found)?;
    let (is_audited, now_ms, stamp) = (app.settings.audit_logging, app.now_ms(), roster.head().sequence);
    let caller = (device.user, device.device);
    let (author, group) = app.judge(move || judge_begin(new.begin, Judge::new(roster, now_ms))).await?;
    if author != caller {
        return Err(Refusal::forbidden("a conversation begins with the caller's device alone"));
    }
    let is_new = app
        .store
        .write(device.caller(), move |unit| {
            Box::pin(async move {
                if unit.is_conversation(group.conversation).await? {
                    return Ok(false);
                }
                unit.insert_conversation(&group, (now_ms, stamp)).await?;
                audit(unit, is_audited, "conversation_create", Some(group.conversation.to_string())).await?;
                Ok(true)
            })
        })
        .await?;
    if is_new { Ok(()) } else { Err(Refusal::conflict("this conversation exists already")) }
}
