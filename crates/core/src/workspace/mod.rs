//! A workspace: begun, or joined.

mod clocks;
mod create;
mod enrol;
mod finish;
mod join;
mod profile;

pub use create::{CreateRequest, create};
pub use enrol::Enrolled;
pub use join::{JoinRequest, join};
pub use profile::{Profile, confirm_recovery, profile, recovery_confirmed};

pub(crate) use finish::finish_first_run;
