//! `POST /v1/conversations`: a conversation begins, with the caller's device alone.

use std::sync::Arc;

use axum::extract::State;
use bezel_protocol::Role;
use bezel_protocol::wire::{MemberRole, NewConversation};

use crate::app::{App, audit};
use crate::clock::now_ms;
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
    if new.members != [MemberRole { user: device.user, role: Role::Owner }] || new.devices != [device.device] {
        return Err(Refusal::malformed("a conversation begins with the caller's device alone, as its owner"));
    }
    let is_audited = app.settings.audit_logging;
    let is_new = app
        .store
        .write(device.caller(), move |unit| {
            Box::pin(async move {
                if unit.is_conversation(new.conversation).await? {
                    return Ok(false);
                }
                unit.insert_conversation(&new, now_ms()).await?;
                audit(unit, is_audited, "conversation_create", Some(new.conversation.to_string())).await?;
                Ok(true)
            })
        })
        .await?;
    if is_new { Ok(()) } else { Err(Refusal::conflict("this conversation exists already")) }
}
