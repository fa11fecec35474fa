//! The relay as a member sees it.

mod blob;
mod client;
mod events;
mod session;

pub(crate) use client::{Client, RelayError};
pub(crate) use events::{EventStream, Incoming, QUIET};
pub(crate) use session::LoginKeys;
