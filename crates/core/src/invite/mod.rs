//! Invitations.

mod create;

pub use create::{InviteView, create};
