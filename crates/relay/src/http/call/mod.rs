//! Calls: who is in one, and by which servers its devices may be reached.

mod begin;
mod join;
mod leave;
mod record;

use axum::http::HeaderMap;
use bezel_protocol::CallId;
use bezel_protocol::wire::CallJoined;

pub(crate) use begin::begin;
pub(crate) use join::join;
pub(crate) use leave::leave;
pub(crate) use record::record;

use super::{Device, Refusal};
use crate::app::App;
use crate::reach;
use crate::store::{Presence, Store};

/// A device that says nothing for so long has left.
pub(crate) const LASTS_MS: i64 = 90_000;

/// An id in a path; anything else is not there.
fn call(text: &str) -> Result<CallId, Refusal> {
    text.parse().map_err(|_| Refusal::not_found())
}

fn may_only_read() -> Refusal {
    Refusal::forbidden("you may read this conversation, not call in it")
}

/// What a device in a call is told.
fn joined<S: Store>(app: &App<S>, device: &Device, call: CallId, headers: &HeaderMap, presence: Presence) -> Result<CallJoined, Refusal> {
    match presence {
        Presence::Present => {
            app.turn_enter(call, device.device);
            let ice_servers = app.ice_servers(call, device.device, reach::host(headers).as_ref());
            Ok(CallJoined { lasts_ms: LASTS_MS.unsigned_abs(), ice_servers })
        }
        Presence::Over => Err(Refusal::gone_because("this call is over: begin a new one")),
        Presence::NotThere => Err(Refusal::not_found()),
    }
}
