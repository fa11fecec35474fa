//! Invitations.

mod create;
mod withdraw;

pub use create::{InviteView, create};

pub(crate) use withdraw::withdraw_ended;
