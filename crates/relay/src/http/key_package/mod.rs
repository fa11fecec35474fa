//! Key packages.

mod claim;
mod count;
mod upload;

pub(crate) use claim::claim;
pub(crate) use count::count;
pub(crate) use upload::upload;
