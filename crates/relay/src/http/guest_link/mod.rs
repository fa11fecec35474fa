//! Links for guests, and the guests who came by them.

mod admit;
mod create;
mod list;
mod page;
mod revoke;
mod send_away;
mod signal;

use bezel_protocol::{ConversationId, GuestId, GuestLinkId};

pub(crate) use admit::admit;
pub(crate) use create::create;
pub(crate) use list::list;
pub(crate) use page::{asset, page};
pub(crate) use revoke::revoke;
pub(crate) use send_away::send_away;
pub(crate) use signal::signal;

use super::{Device, Refusal};
use crate::app::App;
use crate::store::Store;

/// Whether a member may speak with guests of a conversation: whoever may only read it sees them, no more.
async fn may_speak<S: Store>(app: &App<S>, device: &Device, conversation: ConversationId) -> Result<(), Refusal> {
    let found = app.store.read(device.caller(), move |unit| Box::pin(unit.conversation(conversation))).await?;
    match found {
        None => Err(Refusal::not_found()),
        Some(conversation) if !conversation.role.may_post() => {
            Err(Refusal::forbidden("you may read this conversation, not speak with its guests"))
        }
        Some(_) => Ok(()),
    }
}

/// An id in a path; anything else is not there.
fn link(text: &str) -> Result<GuestLinkId, Refusal> {
    text.parse().map_err(|_| Refusal::not_found())
}

fn guest(text: &str) -> Result<GuestId, Refusal> {
    text.parse().map_err(|_| Refusal::not_found())
}
