//! The roster.

mod append;
mod fetch;

pub(crate) use append::append;
pub(crate) use fetch::fetch;
