//! Calls: who is in one, and by which servers its devices may be reached.

mod begin;
mod join;
mod leave;
mod record;

use std::time::Duration;

use bezel_protocol::CallId;
use bezel_protocol::wire::CallJoined;

pub(crate) use begin::begin;
pub(crate) use join::join;
pub(crate) use leave::leave;
pub(crate) use record::record;

use super::Refusal;
use crate::app::App;
use crate::store::Presence;

/// A device that says nothing for so long has left.
pub(crate) const LASTS: Duration = Duration::from_secs(90);

/// An id in a path; anything else is not there.
fn call(text: &str) -> Result<CallId, Refusal> {
    text.parse().map_err(|_| Refusal::not_found())
}

/// What a device in a call is told.
fn joined<S>(app: &App<S>, presence: Presence) -> Result<CallJoined, Refusal> {
    match presence {
        Presence::Present => {
            let lasts_ms = u64::try_from(LASTS.as_millis()).unwrap_or(u64::MAX);
            Ok(CallJoined { lasts_ms, ice_servers: app.settings.ice_servers.clone() })
        }
        Presence::Over => Err(Refusal::gone_because("this call is over: begin a new one")),
        Presence::NotThere => Err(Refusal::not_found()),
    }
}
