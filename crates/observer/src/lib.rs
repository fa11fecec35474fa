//! Conversations' groups (RFC 9420) as whoever holds none of their keys sees them, and the rules of who may change what in them.
//!
//! The one invariant: relay and members judge a commit by this code, from the same inputs: the entry of the log, the state before it, the
//! roster with whose head the entry is stamped, and the time at which the relay stored it. The relay judges with an [`Observer`] before it
//! appends; a newcomer follows a log with one from its first entry; a member's own group asks the same [`Judge`] and [`Rules`].
//!
//! No private key: the provider of primitives here can hash, verify and check public keys, and refuses all else ([`public`]). No I/O.
//!
//! What an observer can't see is whether the secrets inside a commit are right: the confirmation tag, and the path secrets that are
//! encrypted to the members.

#![warn(missing_docs)]

mod begin;
mod changing;
mod commit;
mod entry;
mod envelope;
mod error;
mod group_id;
mod judge;
mod keys;
mod leaf;
mod leave;
mod observer;
pub mod public;
mod roles;
mod rules;
mod time;

pub use commit::{Membership, Proposed, check_commit, check_return};
pub use entry::{CommitEntry, CommitHeader};
pub use envelope::{EnvelopeContext, EpochContext, Neighbour, Neighbours, Unchained, Uncounted, check_chain, check_envelope};
pub use error::{ObserveError, Refused, Right};
pub use group_id::GroupId;
pub use judge::Judge;
pub use keys::{MAX_LEAF_BYTES, check_key, check_keys};
pub use leaf::{CERTIFICATE, Leaf, signing_identity};
pub use leave::{Standing, check_leave};
pub use observer::{Observed, Observer};
pub use roles::{ConversationRoles, ROLES};
pub use rules::Rules;
pub use time::mls_time;
