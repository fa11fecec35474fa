//! The relay as a member sees it.

mod answer;
mod blob;
mod client;
mod events;
mod key_login;
mod proxy;
mod session;

pub(crate) use client::{Client, RelayError};
pub(crate) use events::{EventStream, Incoming, QUIET};
pub(crate) use key_login::KeyLogin;
pub(crate) use session::{LoginKeys, relay_changed};
