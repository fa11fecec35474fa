//! Envelopes.

mod fetch;
mod send;

pub(crate) use fetch::fetch;
pub(crate) use send::send;
