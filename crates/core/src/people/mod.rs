//! The people of the workspace.

mod find;
mod list;
mod standing;

pub use find::find;
pub use list::{Person, PersonDevice, PersonStatus, list};
pub use standing::{reinstate, remove, set_role, suspend};
