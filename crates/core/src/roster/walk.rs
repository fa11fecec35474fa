//! The roster as it grew: for whoever judges a log from its beginning, entry by entry.

use std::collections::VecDeque;
use std::sync::Arc;

use bezel_protocol::roster::{Roster, SignedStatement};

use crate::cache::{self, Connection};
use crate::error::{Result, damaged};
use crate::member::Member;

/// A roster that goes from statement to statement.
#[derive(Clone)]
pub(crate) struct Walk {
    newest: Arc<Roster>,
    at: Arc<Roster>,
    rest: VecDeque<Vec<u8>>,
}

impl Walk {
    /// Begins at the genesis.
    ///
    /// # Errors
    /// When the statements that are kept are damaged.
    pub(crate) async fn begin(member: &Member, db: &mut Connection) -> Result<Self> {
        let newest = member.roster();
        let mut rest: VecDeque<_> = cache::roster::up_to(db, newest.head().sequence).await?.into();
        let genesis = rest.pop_front().ok_or_else(|| damaged("roster"))?;
        let at = Roster::replay(newest.genesis(), [genesis.as_slice()])?;
        Ok(Self { newest, at: Arc::new(at), rest })
    }

    /// The roster up to a statement, which lies not before the one asked for last.
    ///
    /// # Errors
    /// When the statements that are kept are damaged, or do not reach so far.
    pub(crate) fn up_to(&mut self, sequence: u64) -> Result<Arc<Roster>> {
        if sequence == self.newest.head().sequence {
            return Ok(Arc::clone(&self.newest));
        }
        while self.at.head().sequence < sequence {
            let statement = self.rest.pop_front().ok_or_else(|| damaged("roster"))?;
            Arc::make_mut(&mut self.at).append(&SignedStatement::parse(&statement)?)?;
        }
        Ok(Arc::clone(&self.at))
    }
}
