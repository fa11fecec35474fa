//! `DELETE /v1/guest-links/{link}/guests/{guest}`: a browser is refused, or put out of the call.

use std::sync::Arc;

use axum::extract::{Path, State};

use crate::app::{App, audit};
use crate::clock::now_ms;
use crate::guests;
use crate::http::{Device, Refusal};
use crate::store::{Caller, Store};

pub(crate) async fn send_away<S: Store>(
    State(app): State<Arc<App<S>>>,
    Path((id, guest)): Path<(String, String)>,
    device: Device,
) -> Result<(), Refusal> {
    let (link, guest) = (super::link(&id)?, super::guest(&guest)?);
    let target = app.store.read(device.caller(), move |unit| Box::pin(unit.guest_link_target(link))).await?;
    let (conversation, call) = target.ok_or_else(Refusal::not_found)?;
    super::may_speak(&app, &device, conversation).await?;
    let row = app.store.read(Caller::Relay, move |unit| Box::pin(unit.guest_link(link))).await?;
    let used_it = row.is_some_and(|row| row.used_by == Some(guest));
    if !app.guests.is_here(link, guest) && !used_it {
        return Err(Refusal::not_found());
    }
    let is_audited = app.settings.audit_logging;
    let done = app.store.write(device.caller(), move |unit| {
        Box::pin(async move {
            if used_it {
                // The link served this guest alone, who would only come back by it.
                unit.revoke_guest_link(link, now_ms()).await?;
            }
            audit(unit, is_audited, "guest_send_away", Some(guest.to_string())).await
        })
    });
    done.await?;
    app.guests.send_away(link, guest);
    guests::gone(&app, link, guest, call).await?;
    Ok(())
}
