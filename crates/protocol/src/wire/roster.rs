//! The roster on the wire.

use serde::{Deserialize, Serialize};

use super::Bytes;
use crate::envelope::RosterHead;

/// A new workspace: its genesis and the owner's first device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewWorkspace {
    /// Signed statements, the genesis first.
    pub statements: Vec<Bytes>,
}

/// Statements that follow the newest one, appended all or none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewStatements {
    /// Signed statements in order.
    pub statements: Vec<Bytes>,
}

/// The roster has grown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RosterAppended {
    /// The newest statement.
    pub head: RosterHead,
}

/// Statements after a given one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RosterPage {
    /// The newest statement that exists.
    pub head: RosterHead,
    /// Signed statements in order; all that follow.
    pub statements: Vec<Bytes>,
}
