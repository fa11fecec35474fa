//! The roster on the wire.

use serde::{Deserialize, Serialize};

use super::Bytes;
use crate::WorkspaceId;
use crate::envelope::RosterHead;

/// A new workspace: its genesis and the owner's first device.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewWorkspace {
    /// Signed statements, the genesis first.
    pub statements: Vec<Bytes>,
    /// The relay's set-up token, where it wants one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub setup_token: Option<String>,
}

impl core::fmt::Debug for NewWorkspace {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("NewWorkspace").field("statements", &self.statements).finish_non_exhaustive()
    }
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
    /// Signed statements in order: at least one of those that follow, and at most [`super::MAX_PAGE_BYTES`]. The rest is asked for behind them.
    pub statements: Vec<Bytes>,
}

/// Statements that a relay lost, from the one that follows its newest on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfferedStatements {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// Signed statements in order.
    pub statements: Vec<Bytes>,
}
