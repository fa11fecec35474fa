//! Devices.

pub(crate) mod copied;
mod login;
mod revoke;

pub use revoke::revoke;

pub(crate) use login::DeviceLogin;
