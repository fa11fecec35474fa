//! Links for guests, and the guests who came by them.

mod admit;
mod create;
mod page;
mod revoke;
mod send_away;
mod signal;

use bezel_protocol::{GuestId, GuestLinkId};

pub(crate) use admit::admit;
pub(crate) use create::create;
pub(crate) use page::{asset, page};
pub(crate) use revoke::revoke;
pub(crate) use send_away::send_away;
pub(crate) use signal::signal;

use super::Refusal;

/// An id in a path; anything else is not there.
fn link(text: &str) -> Result<GuestLinkId, Refusal> {
    text.parse().map_err(|_| Refusal::not_found())
}

fn guest(text: &str) -> Result<GuestId, Refusal> {
    text.parse().map_err(|_| Refusal::not_found())
}
