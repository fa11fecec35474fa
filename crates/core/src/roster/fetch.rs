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
use crate::relay::Client;

/// Brings the roster up to date. Returns whether it grew.
///
/// # Errors
/// When the relay's statements don't follow what is known here: kept as an alarm.
pub(crate) async fn fetch(member: &Member) -> Result<bool> {
    fetch_by(member, &member.client).await
}

/// The same in the name of whoever the client speaks for.
///
/// # Errors
/// As for [`fetch`].
pub(crate) async fn fetch_by(member: &Member, client: &Client) -> Result<bool> {
    // Two fetches at once would append the same statements twice.
    let _growth = member.roster_growth.lock().await;
    let mut has_grown = false;
    loop {
        let known = member.roster();
        let page = client.roster_after(Some(known.head().sequence)).await?;
        let (roster, statements) = match extend(&known, &page) {
            Ok((_, statements)) if statements.is_empty() => return Ok(has_grown),
            Ok(extended) => extended,
            Err(error) => {
                let error = error.into();
                member.raise_alarm(&error, Cause::WORKSPACE).await?;
                return Err(error);
            }
        };
        let mut tx = member.cache.begin().await?;
        for statement in &statements {
            cache::roster::append(&mut tx, statement.body().sequence, statement.as_bytes()).await?;
        }
        super::keep(&mut tx, &roster).await?;
        tx.commit().await?;
        let is_whole = roster.head().sequence >= page.head.sequence;
        member.set_roster(Arc::new(roster));
        member.changed([Change::People, Change::AppState]);
        has_grown = true;
        if is_whole {
            return Ok(true);
        }
    }
}

/// The roster with what the page adds.
fn extend(known: &Roster, page: &RosterPage) -> core::result::Result<(Roster, Vec<SignedStatement>), RosterError> {
    let mut roster = known.clone();
    let mut statements = Vec::with_capacity(page.statements.len());
    for bytes in &page.statements {
        let statement = SignedStatement::parse(&bytes.0)?;
        roster.append(&statement)?;
        statements.push(statement);
    }
    let more_follow = !statements.is_empty() && page.head.sequence > roster.head().sequence;
    if !more_follow {
        believe_head(&roster, page.head)?;
    }
    Ok((roster, statements))
}

/// The relay may neither hide statements that it says exist, nor forget any that it showed before.
fn believe_head(roster: &Roster, head: RosterHead) -> core::result::Result<(), RosterError> {
    roster.compare(head)?;
    if head.sequence < roster.head().sequence {
        return Err(RosterError::Truncated { known: roster.head().sequence, given: head.sequence });
    }
    Ok(())
}

/// Fetches and replays a whole roster from the genesis that an invitation names, page by page: what is not signed ends it at once. Returns its
/// statements too.
///
/// # Errors
/// When the relay can't be reached, or shows another roster, or not all of it.
pub(crate) async fn fetch_whole(client: &Client, genesis: Hash) -> Result<(Roster, Vec<SignedStatement>)> {
    let mut page = client.roster_after(None).await?;
    let first = page.statements.first().ok_or(RosterError::Empty)?;
    let first = SignedStatement::parse(&first.0)?;
    let mut roster = Roster::replay(genesis, [first.as_bytes()])?;
    page.statements.remove(0);
    let mut statements = vec![first];
    // A page of the genesis alone is one as well.
    if page.statements.is_empty() && page.head.sequence > 0 {
        page = client.roster_after(Some(0)).await?;
    }
    loop {
        let (extended, more) = extend(&roster, &page)?;
        let is_whole = extended.head().sequence >= page.head.sequence;
        roster = extended;
        statements.extend(more);
        if is_whole {
            return Ok((roster, statements));
        }
        page = client.roster_after(Some(roster.head().sequence)).await?;
    }
}
