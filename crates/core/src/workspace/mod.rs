//! A workspace: begun, or joined.

mod create;
mod enrol;
mod join;
mod profile;

pub use create::{CreateRequest, create};
pub use enrol::Enrolled;
pub use join::{JoinRequest, join};
pub use profile::{Profile, RosterAlarm, alarm, confirm_recovery, profile, recovery_confirmed};

pub(crate) use enrol::finish_enrolment;
