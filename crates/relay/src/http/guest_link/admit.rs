//! `PUT /v1/guest-links/{link}/guests/{guest}`: a browser that waits is let into the call, or taken back after a long break.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use bezel_protocol::GuestLinkId;
use bezel_protocol::guest::GuestNotice;

use crate::app::{App, audit};
use crate::clock::now_ms;
use crate::guests::{self, Closing};
use crate::http::{Device, Refusal};
use crate::reach;
use crate::store::{Admission, Caller, Store, StoreError};

pub(crate) async fn admit<S: Store>(
    State(app): State<Arc<App<S>>>,
    Path((id, guest)): Path<(String, String)>,
    device: Device,
    headers: HeaderMap,
) -> Result<(), Refusal> {
    let (link, guest) = (super::link(&id)?, super::guest(&guest)?);
    // An id of a browser that is not there would use up the link.
    if !app.guests.is_here(link, guest) {
        return Err(Refusal::not_found());
    }
    // Every device in the call may say it of a guest who came back; it happened once.
    let is_audited = app.settings.audit_logging && !app.guests.is_admitted(link, guest);
    let admitted = app.store.write(device.caller(), move |unit| {
        Box::pin(async move {
            let Some((conversation, _)) = unit.guest_link_target(link).await? else { return Ok(Err(Refusal::not_found())) };
            if !unit.conversation(conversation).await?.is_some_and(|conversation| conversation.role.may_post()) {
                return Ok(Err(Refusal::forbidden("you may read this conversation, not let guests in")));
            }
            let admission = unit.admit_guest(link, guest, now_ms()).await?;
            if matches!(admission, Admission::Admitted(_)) {
                audit(unit, is_audited, "guest_admit", Some(guest.to_string())).await?;
            }
            Ok(Ok(admission))
        })
    });
    let call = match admitted.await?? {
        Admission::Admitted(call) => call,
        Admission::Used => return Err(Refusal::gone_because("another guest was admitted by this link, which serves once")),
        Admission::Revoked => return Err(Refusal::gone_because("this link was revoked")),
        Admission::Expired => return Err(Refusal::gone_because("the time of this link is over")),
        Admission::NoCall => return Err(Refusal::conflict("nobody is in the call: begin it first")),
        Admission::NotThere => return Err(Refusal::not_found()),
    };
    app.turn_enter(call, guest);
    let notice = GuestNotice::Admitted { ice_servers: app.ice_servers(call, guest, reach::host(&headers).as_ref()) };
    if !app.guests.admit(link, guest, notice) {
        // Gone in between.
        guests::gone(&app, link, guest, call).await?;
        return Err(Refusal::not_found());
    }
    if serves_once(&app, link).await? {
        app.guests.close_door(link, Closing::Used);
    }
    Ok(())
}

async fn serves_once<S: Store>(app: &App<S>, link: GuestLinkId) -> Result<bool, StoreError> {
    let row = app.store.read(Caller::Relay, move |unit| Box::pin(unit.guest_link(link))).await?;
    Ok(row.is_some_and(|row| row.is_single_use))
}
