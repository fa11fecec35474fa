//! The roster from what this device keeps. What a replay has found out is kept with the head up to which it goes, so that a long roster costs a
//! start nothing; where there is any doubt about it, everything is replayed from the genesis.

use bezel_protocol::Hash;
use bezel_protocol::roster::{Roster, SignedStatement};

use crate::cache::{self, Connection};
use crate::error::Result;

/// A snapshot is made again after so many statements: a start replays fewer than that.
const SNAPSHOT_EVERY: u64 = 32;

/// The roster that begins with `genesis`, as the statements that are kept make it.
///
/// # Errors
/// When they are damaged.
pub(crate) async fn load(db: &mut Connection, genesis: Hash) -> Result<Roster> {
    if let Some((head, snapshot)) = cache::roster::snapshot(db).await?
        && let Some(roster) = Roster::restore(&snapshot, genesis, head)
    {
        let rest = cache::roster::from(db, head.sequence.saturating_add(1)).await?;
        if let Some(roster) = grown(roster, &rest) {
            return Ok(roster);
        }
    }
    tracing::info!("the roster is replayed from its genesis");
    let statements = cache::roster::from(db, 0).await?;
    Ok(Roster::replay(genesis, statements.iter().map(Vec::as_slice))?)
}

fn grown(mut roster: Roster, statements: &[Vec<u8>]) -> Option<Roster> {
    for statement in statements {
        roster.append(&SignedStatement::parse(statement).ok()?).ok()?;
    }
    Some(roster)
}

/// Keeps what the replay has found out, where much has come since the last time; in the transaction that keeps the statements.
pub(crate) async fn keep(db: &mut Connection, roster: &Roster) -> Result<()> {
    let head = roster.head();
    let kept = cache::roster::snapshot_sequence(db).await?;
    if kept.is_some_and(|kept| head.sequence >= kept && head.sequence - kept < SNAPSHOT_EVERY) {
        return Ok(());
    }
    cache::roster::put_snapshot(db, head, &roster.snapshot()).await
}
