//! The ways to the master key: the operating system's keychain, the recovery words, a passphrase.
//!
//! The one invariant: a home that was ever inhabited is never taken for a first run, and no new database is ever made over an old one.

mod create;
mod keychain;
mod unlock;

pub use create::NewSlots;
pub use unlock::{SlotName, Unlock, slots};

pub(crate) use create::{create, destroy, id_bytes};
pub(crate) use keychain::available as keychain_available;
pub(crate) use unlock::{read as read_slots, unlock};
