//! Key packages.

mod claim;
mod count;
mod in_force;
mod upload;

pub(crate) use claim::claim;
pub(crate) use count::count;
pub(crate) use upload::upload;
