//! Guests let in, refused and sent away: by a person.

use bezel_protocol::wire::path;
use bezel_protocol::{CallId, GuestId};

use super::desk::{Desk, Errand};
use super::order::Order;
use super::view::CallPhase;
use crate::change::Change;
use crate::error::{Error, Result};
use crate::member::Member;

/// Lets a guest in who waits at the door of the call that this device is in.
///
/// # Errors
/// When nobody of that id waits, or the relay refuses: the link was used or has ended.
pub async fn admit(member: &Member, guest: GuestId) -> Result<()> {
    let link = member.calls.ask(|reply| Order::Door(guest, reply)).await?.ok_or_else(nobody)?;
    // The relay knows first: it tells the browser by what servers it may be reached.
    member.client.put(&path::of_guest(link, guest), &()).await?;
    // The link may be used up.
    member.changed([Change::Calls]);
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

impl Desk<'_> {
    /// A guest is back whom the relay held for gone: it must know before the browser hears of it, as when a person let the guest in.
    pub(super) fn take_back(&self, guest: GuestId) {
        let Some(known) = self.doors.get(guest) else { return };
        if !self.active.as_ref().is_some_and(|active| active.call == known.call && active.is_in) {
            return;
        }
        let (member, link) = (self.member, known.invitation.link);
        self.aside(Box::pin(async move {
            Errand::TakenBack(guest, member.client.put(&path::of_guest(link, guest), &()).await.map_err(Error::from))
        }));
    }
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
