//! The roster as this member believes it: kept in memory, grown by what the relay hands out and by what this member says.

mod fetch;
mod say;

pub(crate) use fetch::{fetch, join_replay};
pub(crate) use say::{refused, say};
