//! The roster.

mod append;
mod fetch;
mod limits;
mod offers;

pub(crate) use append::{CLOCK_SLACK_MS, append};
pub(crate) use fetch::fetch;
pub(crate) use limits::counted;
pub(crate) use offers::offers;
