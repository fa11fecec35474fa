//! The roster as this member believes it: kept in memory, grown by what the relay hands out and by what this member says.

mod fetch;
mod kept;
mod say;
mod walk;

pub(crate) use fetch::{fetch, fetch_by, fetch_whole};
pub(crate) use kept::{keep, load};
pub(crate) use say::{refused, say, say_by};
pub(crate) use walk::Walk;
