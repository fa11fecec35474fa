//! Devices.

pub(crate) mod copied;
mod keys;
mod login;
mod replace;
mod revoke;

pub use revoke::revoke;

pub(crate) use keys::OwnKeys;
pub(crate) use login::DeviceLogin;
pub(crate) use replace::goes_on;
