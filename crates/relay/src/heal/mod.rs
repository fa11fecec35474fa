//! A relay that was put back from a copy takes back from its members what it lost (protocol, "A relay put back from a copy").
//!
//! The one invariant: nothing new has a place in a log that still heals, and what is taken back has exactly the place, the stamps and the
//! chain value that it had.

mod close;
mod commit;
mod judge;
mod take;

use std::collections::BTreeSet;
use std::sync::{PoisonError, RwLock};

use bezel_protocol::{ConversationId, WorkspaceId};

pub(crate) use close::{close, may_grow};
pub(crate) use commit::may_commit;
pub(crate) use judge::{Ground, Step};
pub(crate) use take::{Taken, take};

/// What still heals, by its id. Empty in the first generation, so that nothing is looked up for it then.
#[derive(Default)]
pub(crate) struct Open(RwLock<BTreeSet<[u8; 16]>>);

impl Open {
    pub(crate) fn new(subjects: impl IntoIterator<Item = [u8; 16]>) -> Self {
        Self(RwLock::new(subjects.into_iter().collect()))
    }

    pub(crate) fn log(&self, conversation: ConversationId) -> bool {
        self.has(conversation.as_bytes())
    }

    pub(crate) fn roster(&self, workspace: WorkspaceId) -> bool {
        self.has(workspace.as_bytes())
    }

    fn has(&self, subject: &[u8; 16]) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).contains(subject)
    }

    /// A conversation that was lost whole heals from its first entry on.
    pub(crate) fn begin(&self, conversation: ConversationId) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(*conversation.as_bytes());
    }

    fn end(&self, subject: &[u8; 16]) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(subject);
    }
}
