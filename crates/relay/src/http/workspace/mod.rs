//! The relay itself, and workspaces.

mod create;
mod info;

pub(crate) use create::create;
pub(crate) use info::info;
