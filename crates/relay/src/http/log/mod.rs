//! The logs of conversations, by their hashes; and what a relay that was put back from a copy gets back of them.

mod compare;
mod head;
mod lost;
mod offers;
mod spine;

pub(crate) use compare::compare;
pub(crate) use head::head;
pub(crate) use lost::{forget_told, tell_lost, told_lost};
pub(crate) use offers::{announce, offers};
pub(crate) use spine::spine;
