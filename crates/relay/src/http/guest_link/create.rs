//! `POST /v1/guest-links`: a link by which a client comes into a call.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use bezel_protocol::wire::{GuestLinkCreated, MAX_GUEST_LINK_MS, NewGuestLink};

use crate::app::{App, audit};
use crate::clock::now_ms;
use crate::http::{Cbor, Device, Refusal};
use crate::store::Store;

/// Browsers give cameras to secure contexts alone (W3C Secure Contexts).
const NO_CAMERA: &str = "a guest's browser would give no camera to a page of this relay, since it does not come by https: start the relay with \
                         --tls-cert and --tls-key, or with --public-url and the https address of the proxy before it";

pub(crate) async fn create<S: Store>(
    State(app): State<Arc<App<S>>>,
    device: Device,
    headers: HeaderMap,
    Cbor(new): Cbor<NewGuestLink>,
) -> Result<Cbor<GuestLinkCreated>, Refusal> {
    let base = app.reach.guest_base(&headers).ok_or_else(|| Refusal::refused(NO_CAMERA))?;
    let now_ms = now_ms();
    if new.expires_at_ms <= now_ms || new.expires_at_ms > now_ms.saturating_add(MAX_GUEST_LINK_MS) {
        return Err(Refusal::refused("a link for guests ends in the future, and within 30 days"));
    }
    let is_audited = app.settings.audit_logging;
    let made = app.store.write(device.caller(), move |unit| {
        Box::pin(async move {
            match unit.conversation(new.conversation).await? {
                None => return Ok(Err(Refusal::not_found())),
                Some(conversation) if !conversation.role.may_post() => {
                    return Ok(Err(Refusal::forbidden("you may read this conversation, not invite guests into it")));
                }
                Some(_) => {}
            }
            if !unit.insert_guest_link(&new, now_ms).await? {
                return Ok(Err(Refusal::conflict("the link or the call is another's, or over")));
            }
            audit(unit, is_audited, "guest_link_create", Some(new.link.to_string())).await?;
            Ok(Ok(()))
        })
    });
    made.await??;
    Ok(Cbor(GuestLinkCreated { base }))
}
