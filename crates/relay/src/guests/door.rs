//! Who comes to a link, and whether the door is open for them; and what follows when they have gone.

use bezel_protocol::wire::{Event, GuestMessage};
use bezel_protocol::{CallId, GuestId, GuestLinkId};

use super::Closing;
use crate::app::App;
use crate::clock::now_ms;
use crate::store::{Caller, GuestLinkRow, Store, StoreError};

/// A guest at a link.
pub(super) struct Visit {
    pub(super) guest: GuestId,
    pub(super) row: GuestLinkRow,
    /// Whether the guest is in the call already.
    pub(super) is_in_call: bool,
}

/// Looks who comes: `back` is who the browser says it was. An id that nobody made and a link that is over long since answer alike.
pub(super) async fn open<S: Store>(
    app: &App<S>,
    link: Option<GuestLinkId>,
    back: Option<(GuestId, String)>,
) -> Result<Result<Visit, Closing>, StoreError> {
    let Some(link) = link else { return Ok(Err(Closing::Expired)) };
    let Some(row) = app.store.read(Caller::Relay, move |unit| Box::pin(unit.guest_link(link))).await? else {
        return Ok(Err(Closing::Expired));
    };
    let proven = back.filter(|(guest, token)| app.guest_tokens.is_good(link, *guest, token)).map(|(guest, _)| guest);
    let (call, now_ms) = (row.call, now_ms());
    let is_in_call = match proven {
        Some(guest) => app.store.write(Caller::Relay, move |unit| Box::pin(unit.see_guest(call, guest, now_ms))).await?,
        None => false,
    };
    let known = proven.filter(|guest| is_in_call || row.used_by == Some(*guest) || app.guests.is_here(link, *guest));
    if let Some(closing) = closed(&row, known, now_ms).filter(|_| !is_in_call) {
        return Ok(Err(closing));
    }
    let guest = match known {
        Some(guest) => guest,
        None => GuestId::new(now_ms, random()?),
    };
    Ok(Ok(Visit { guest, row, is_in_call }))
}

/// Why the door is closed, for who is not in the call.
fn closed(row: &GuestLinkRow, known: Option<GuestId>, now_ms: i64) -> Option<Closing> {
    match row {
        GuestLinkRow { is_revoked: true, .. } => Some(Closing::Revoked),
        GuestLinkRow { used_by: Some(by), .. } if known != Some(*by) => Some(Closing::Used),
        GuestLinkRow { expires_at_ms, .. } if *expires_at_ms <= now_ms => Some(Closing::Expired),
        GuestLinkRow { is_call_over: true, .. } => Some(Closing::Ended),
        _ => None,
    }
}

/// A guest has gone, or was sent away: out of the call, and the devices of the conversation hear of it.
pub(crate) async fn gone<S: Store>(app: &App<S>, link: GuestLinkId, guest: GuestId, call: CallId) -> Result<(), StoreError> {
    app.turn_leave(call, guest);
    app.store.write(Caller::Relay, move |unit| Box::pin(unit.remove_guest(call, guest, now_ms()))).await?;
    pass_on(app, link, guest, None).await
}

/// Passes on what a guest says to the devices that read the conversation, or that the guest has gone.
pub(super) async fn pass_on<S: Store>(app: &App<S>, link: GuestLinkId, guest: GuestId, signal: Option<Vec<u8>>) -> Result<(), StoreError> {
    let found = app
        .store
        .read(Caller::Relay, move |unit| {
            Box::pin(async move {
                let Some(row) = unit.guest_link(link).await? else { return Ok(None) };
                Ok(Some((row, unit.readers(row.conversation).await?)))
            })
        })
        .await?;
    let Some((row, readers)) = found else { return Ok(()) };
    let message = GuestMessage { link, call: row.call, conversation: row.conversation, guest, signal: signal.map(Into::into) };
    app.hub.send(readers, &Event::Guest(message));
    Ok(())
}

fn random() -> Result<[u8; 10], StoreError> {
    let mut bytes = [0; 10];
    getrandom::fill(&mut bytes).map_err(|_| StoreError::Closed)?;
    Ok(bytes)
}
