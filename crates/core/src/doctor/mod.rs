//! What this machine and this workspace lack, and the remedy.

mod check;
mod replay;

pub use check::{Check, Report, check};
pub use replay::{Replayed, replay};
