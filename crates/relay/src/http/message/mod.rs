//! Envelopes.

mod fetch;
mod receipts;
mod send;

pub(crate) use fetch::fetch;
pub(crate) use receipts::receipts;
pub(crate) use send::send;
