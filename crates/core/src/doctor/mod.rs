//! What this machine and this workspace lack, and the remedy.

mod check;

pub use check::{Check, Report, check};
