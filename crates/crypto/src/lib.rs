//! Keys, groups, envelopes and files: every private-key operation of a member.
//!
//! The one invariant: nothing leaves this crate as believed that was not checked here. A leaf enters a group only if the roster
//! vouches for it, a commit is applied only if its author had the right, and content comes out of an envelope only as [`envelope::Verified`].
//!
//! No I/O: no clock, no file, no network. State is handed in and out as opaque blobs for the caller to store in its own transaction.
//! Randomness is an argument, except where the library below keeps its own source: RSA and MLS keys come from AWS-LC.

#![warn(missing_docs)]

mod aead;
pub mod call;
pub mod device;
pub mod envelope;
pub mod file;
pub mod group;
pub mod identity;
pub mod invite;
mod kdf;
pub mod rng;
pub mod secret;
pub mod slots;
pub mod vault;

pub use device::DeviceKeys;
pub use identity::IdentityKeyPair;
pub use invite::InviteKeyPair;
pub use rng::{Rng, SystemRng};
pub use secret::{Secret, SecretBytes};
