//! Devices.

mod revoke;

pub use revoke::revoke;
