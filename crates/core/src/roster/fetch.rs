//! Fetches new statements and believes them only after the checks.

use std::sync::Arc;

use bezel_protocol::Hash;
use bezel_protocol::envelope::RosterHead;
use bezel_protocol::roster::{Roster, RosterError, SignedStatement};
use bezel_protocol::wire::RosterPage;

use crate::alarm::Cause;
use crate::cache;
use crate::change::Change;
use crate::error::Result;
use crate::member::Member;

/// Brings the roster up to date. Returns whether it grew.
///
/// # Errors
/// When the relay's statements don't follow what is known here: kept as an alarm.
pub(crate) async fn fetch(member: &Member) -> Result<bool> {
    // Two fetches at once would append the same statements twice.
    let _growth = member.roster_growth.lock().await;
    let known = member.roster();
    let page = member.client.roster_after(Some(known.head().sequence)).await?;
    match extend(&known, &page) {
        Ok(None) => Ok(false),
        Ok(Some((roster, statements))) => {
            let mut tx = member.cache.begin().await?;
            for statement in &statements {
                cache::roster::append(&mut tx, statement.body().sequence, statement.as_bytes()).await?;
            }
            super::keep(&mut tx, &roster).await?;
            tx.commit().await?;
            member.set_roster(Arc::new(roster));
            member.changed([Change::People, Change::AppState]);
            Ok(true)
        }
        Err(error) => {
            let error = error.into();
            member.raise_alarm(&error, Cause::WORKSPACE).await?;
            Err(error)
        }
    }
}

/// The roster with what the page adds; `None` when it adds nothing.
fn extend(known: &Roster, page: &RosterPage) -> core::result::Result<Option<(Roster, Vec<SignedStatement>)>, RosterError> {
    let mut roster = known.clone();
    let mut statements = Vec::with_capacity(page.statements.len());
    for bytes in &page.statements {
        let statement = SignedStatement::parse(&bytes.0)?;
        roster.append(&statement)?;
        statements.push(statement);
    }
    believe_head(&roster, page.head)?;
    Ok(if statements.is_empty() { None } else { Some((roster, statements)) })
}

/// The relay may neither hide statements that it says exist, nor forget any that it showed before.
fn believe_head(roster: &Roster, head: RosterHead) -> core::result::Result<(), RosterError> {
    roster.compare(head)?;
    if head.sequence < roster.head().sequence {
        return Err(RosterError::Truncated { known: roster.head().sequence, given: head.sequence });
    }
    Ok(())
}

/// Replays a whole roster from the genesis that an invitation names.
pub(crate) fn join_replay(genesis: Hash, page: &RosterPage) -> Result<Roster> {
    let roster = Roster::replay(genesis, page.statements.iter().map(|statement| statement.0.as_slice()))?;
    believe_head(&roster, page.head)?;
    Ok(roster)
}
