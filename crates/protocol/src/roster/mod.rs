//! The roster: who is in the workspace, with which keys. An append-only, hash-chained log of signed statements.
//!
//! The one invariant: a [`Roster`] only ever holds what was replayed and checked from the genesis statement on. Members and the relay
//! run the same checks.

mod apply;
mod error;
mod leaf;
mod signed;
mod snapshot;
mod state;
mod statement;

pub use error::{Fault, RosterError};
pub use leaf::LeafRefused;
pub use signed::{MAX_STATEMENT_BYTES, SignedStatement};
pub use state::{Device, Invite, Roster, Status, User};
pub use statement::{Genesis, IdentityRotate, InviteStatement, Join, RoleChange, Statement, StatementBody};

pub use crate::envelope::RosterHead;
