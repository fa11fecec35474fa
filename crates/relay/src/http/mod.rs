//! The interface on the wire: one file an action, by noun.

mod audit;
mod auth;
mod backup;
mod body;
pub(crate) mod call;
mod conversation;
mod file;
mod guest_link;
mod key_package;
mod log;
mod login;
mod message;
mod pace;
mod refusal;
mod roster;
mod sync;
pub(crate) mod unread;
mod watch;
mod workspace;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state, map_response};
use axum::routing::{delete, get, head, options, post};
use bezel_protocol::wire::{MAX_COMMIT_BYTES, MAX_ENVELOPE_BYTES, path};

pub(crate) use auth::Device;
pub(crate) use body::Cbor;
pub(crate) use refusal::Refusal;

use crate::app::App;
use crate::events;
use crate::guests;
use crate::store::Store;

/// Room for what surrounds an envelope or a commit.
const FRAME_BYTES: usize = 4096;

/// Every route.
pub(crate) fn router<S: Store>(app: Arc<App<S>>) -> Router {
    let large = Router::new()
        .route(path::CONVERSATIONS, post(conversation::create::<S>))
        .route(path::COMMITS, post(conversation::commit::<S>).get(conversation::commits::<S>))
        .route(path::OFFERS, post(log::offers::<S>))
        .route(path::COMMIT_AGAIN, post(conversation::again::<S>))
        .layer(DefaultBodyLimit::max(MAX_COMMIT_BYTES + FRAME_BYTES));
    let uploads = Router::new()
        .route(path::FILES, options(file::options::<S>).post(file::create::<S>).get(file::limits::<S>))
        .route(path::FILE, head(file::offset::<S>).patch(file::append::<S>).delete(file::delete::<S>))
        .layer(map_response(file::say_version))
        .layer(from_fn(file::hear_out));
    Router::new()
        .merge(uploads)
        .route(path::FILE_CONTENT, get(file::content::<S>))
        .route(path::FILE_ACCESS, get(file::access::<S>).put(file::put_access::<S>))
        .route(path::FILE_LOG, get(file::log::<S>))
        .route(path::RELAY, get(workspace::info::<S>))
        .route(path::WORKSPACES, post(workspace::create::<S>))
        .route(path::CHALLENGE, post(login::challenge::<S>))
        .route(path::LOGIN, post(login::log_in::<S>))
        .route(path::LOGOUT, post(login::log_out::<S>))
        .route(path::ROSTER, get(roster::fetch::<S>).post(roster::append::<S>))
        .route(path::KEY_PACKAGES, post(key_package::upload::<S>).get(key_package::count::<S>))
        .route(path::CLAIM, post(key_package::claim::<S>))
        .route(path::BEGIN, get(conversation::begin::<S>))
        .route(path::LEAVE, post(conversation::leave::<S>).get(conversation::leaves::<S>))
        .route(path::GROUP, get(conversation::group::<S>).put(conversation::put_group_info::<S>))
        .route(path::MESSAGES, post(message::send::<S>).get(message::fetch::<S>))
        .route(path::RECEIPTS, get(message::receipts::<S>))
        .route(path::HEAD, get(log::head::<S>))
        .route(path::SPINE, get(log::spine::<S>))
        .route(path::COMPARE, post(log::compare::<S>))
        .route(path::LOST, post(log::tell_lost::<S>).get(log::told_lost::<S>).delete(log::forget_told::<S>))
        .route(path::ROSTER_OFFERS, post(roster::offers::<S>))
        .route(path::CALLS, post(call::begin::<S>))
        .route(path::CALL, get(call::record::<S>).put(call::join::<S>).delete(call::leave::<S>))
        .route(path::GUEST_LINKS, post(guest_link::create::<S>).get(guest_link::list::<S>))
        .route(path::GUEST_LINK, delete(guest_link::revoke::<S>))
        .route(path::GUEST, post(guest_link::signal::<S>).put(guest_link::admit::<S>).delete(guest_link::send_away::<S>))
        .route(path::GUEST_EVENTS, get(guests::connect::<S>))
        .route(path::GUEST_PAGE, get(guest_link::page::<S>))
        .route(path::GUEST_ASSET, get(guest_link::asset))
        .route(path::HEADS, get(sync::heads::<S>))
        .route(path::AUDIT_PROOF, get(audit::proof::<S>))
        .route(path::WELCOMES, get(conversation::welcomes::<S>))
        .route(path::WELCOME, delete(conversation::take_welcome::<S>))
        .route(path::EPOCH_KEYS, get(backup::epoch_keys::<S>).put(backup::put_epoch_keys::<S>))
        .route(path::VAULT, get(backup::vault::<S>).put(backup::put_vault::<S>))
        .route(path::EVENTS, get(events::connect::<S>))
        .layer(DefaultBodyLimit::max(MAX_ENVELOPE_BYTES + FRAME_BYTES))
        .merge(large)
        .route_layer(from_fn_with_state(Arc::clone(&app), watch::watch::<S>))
        .route_layer(from_fn_with_state(Arc::clone(&app), unread::bound::<S>))
        .fallback(async || Refusal::not_found())
        .with_state(app)
}
