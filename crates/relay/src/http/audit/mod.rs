//! What members may ask of the audit log: that it only grows.

mod proof;

pub(crate) use proof::proof;
