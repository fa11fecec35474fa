//! The people of the workspace.

mod list;
mod standing;

pub use list::{Person, PersonDevice, PersonStatus, list};
pub use standing::{reinstate, remove, set_role, suspend};
