//! `DELETE /v1/guest-links/{link}`: a link ends, and whoever waits at it is sent away.

use std::sync::Arc;

use axum::extract::{Path, State};

use crate::app::{App, audit};
use crate::clock::now_ms;
use crate::guests::Closing;
use crate::http::{Device, Refusal};
use crate::store::Store;

pub(crate) async fn revoke<S: Store>(State(app): State<Arc<App<S>>>, Path(id): Path<String>, device: Device) -> Result<(), Refusal> {
    let link = super::link(&id)?;
    let is_audited = app.settings.audit_logging;
    let revoked = app.store.write(device.caller(), move |unit| {
        Box::pin(async move {
            let Some((conversation, _)) = unit.guest_link_target(link).await? else { return Ok(Err(Refusal::not_found())) };
            if !unit.conversation(conversation).await?.is_some_and(|conversation| conversation.role.may_post()) {
                return Ok(Err(Refusal::forbidden("you may read this conversation, not end its links")));
            }
            unit.revoke_guest_link(link, now_ms()).await?;
            audit(unit, is_audited, "guest_link_revoke", Some(link.to_string())).await?;
            Ok(Ok(()))
        })
    });
    revoked.await??;
    app.guests.close_door(link, Closing::Revoked);
    Ok(())
}
