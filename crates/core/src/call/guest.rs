//! Guests let in, refused and sent away: by a person.

use bezel_protocol::wire::path;
use bezel_protocol::{CallId, GuestId};

use super::order::Order;
use super::start::cached;
use super::view::CallPhase;
use crate::error::{Error, Result};
use crate::member::Member;

/// Lets a guest in who waits at the door of the call that this device is in.
///
/// # Errors
/// When nobody of that id waits, or the relay refuses: the link was used or has ended.
pub async fn admit(member: &Member, guest: GuestId) -> Result<()> {
    let call = member.calls.ask(|reply| Order::Door(guest, reply)).await?.ok_or_else(nobody)?;
    let link = cached(member, call).await?.guest.ok_or_else(nobody)?.link;
    // The relay knows first: it tells the browser by what servers it may be reached.
    member.client.put(&path::of_guest(link, guest), &()).await?;
    member.calls.ask(|reply| Order::Admit(guest, reply)).await?
}

/// Does not let a guest in.
///
/// # Errors
/// When nobody of that id waits.
pub async fn refuse(member: &Member, guest: GuestId) -> Result<()> {
    member.calls.ask(|reply| Order::Dismiss(guest, reply)).await?
}

/// Sends a guest away who was let in. Frames are encrypted from a new secret from then on.
///
/// # Errors
/// When nobody of that id is there.
pub async fn send_away(member: &Member, guest: GuestId) -> Result<()> {
    member.calls.ask(|reply| Order::Dismiss(guest, reply)).await?
}

pub(super) fn nobody() -> Error {
    Error::new("no_guest", "This guest is not there any more.", "Make a new link if they are to come.")
}

/// The guest at whose knock a call rings.
pub(super) fn at_the_door(member: &Member, call: CallId) -> Option<GuestId> {
    let view = member.calls.view.borrow();
    let view = view.as_ref().filter(|view| view.call == call.to_string() && view.phase == CallPhase::Incoming)?;
    view.guests_waiting.first()?.id.parse().ok()
}
