//! The roster.

mod append;
mod fetch;

pub(crate) use append::{CLOCK_SLACK_MS, append};
pub(crate) use fetch::fetch;
