//! The ways to the master key: the operating system's keychain, the recovery words, a passphrase.
//!
//! The one invariant: a home that was ever inhabited is never taken for a first run, and no new database is ever made over an old one.

mod change;
mod create;
mod identities;
mod keychain;
mod on_relay;
mod rekey;
mod unlock;

pub use change::{keychain_off, keychain_on, new_words, remove_passphrase, set_passphrase, set_words};
pub use create::NewSlots;
pub use identities::{FreshIdentities, IdentityError, IdentitySource};
pub use rekey::rekey;
pub use unlock::{SlotName, Unlock, slots};

pub(crate) use create::{create, destroy, id_bytes};
pub(crate) use identities::new_identity;
pub(crate) use keychain::available as keychain_available;
pub(crate) use on_relay::{check as check_on_relay, put_again, sign as sign_vault};
pub(crate) use rekey::open_database;
pub(crate) use unlock::{read as read_slots, unlock_as_made};
