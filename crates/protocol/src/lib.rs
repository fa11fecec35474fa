//! What travels between members and the relay, and what each side must check.
//!
//! The one invariant: nothing in this crate can sign or decrypt. It holds ids, public keys, signed statements and headers, and
//! the verification of them, so that the relay and every member judge by the same code.

#![warn(missing_docs)]

pub mod audit;
mod bound_id;
pub mod cbor;
pub mod certificate;
pub mod content;
pub mod cose;
pub mod envelope;
pub mod guest;
pub mod handle;
pub mod hash;
mod ice_servers;
pub mod ids;
pub mod invite_link;
pub mod key;
pub mod log;
pub mod login;
mod pasted;
pub mod relay_address;
pub mod role;
pub mod roster;
pub mod settings;
pub mod suite;
pub mod wire;

pub use certificate::{Certificate, CertificateError, SignedCertificate};
pub use handle::Handle;
pub use hash::Hash;
pub use ids::{CallId, ConversationId, DeviceId, FileId, GuestId, GuestLinkId, InvalidId, InviteId, MessageId, UserId, WorkspaceId};
pub use relay_address::RelayAddress;
pub use role::Role;
pub use suite::{Algorithm, Suite};
