//! A relay that was put back from a copy gets back what it lost (protocol, "A relay put back from a copy").
//!
//! The one invariant: this device goes back to what both logs share only when the relay said, in a new life of its data, that it was put
//! back, and never behind a commit that it verified.

mod commits;
mod compare;
mod generation;
mod log;
mod lost;
mod offer;
mod redo;
mod roster;
mod settle;

pub(crate) use generation::begins;
pub(crate) use log::log;
pub(crate) use lost::answer;
pub(crate) use redo::redo;
pub(crate) use roster::{roster, roster_from_outside};
