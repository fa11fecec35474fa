//! The roster's statements, as they came and were checked, and what their replay has found out.

use bezel_protocol::Hash;
use bezel_protocol::roster::RosterHead;
use sqlx::Row as _;

use super::Connection;
use super::row::{hash, signed, unsigned};
use crate::error::Result;

/// The statements from number `first` on.
pub(crate) async fn from(db: &mut Connection, first: u64) -> Result<Vec<Vec<u8>>> {
    let rows = sqlx::query("SELECT statement FROM roster_statements WHERE sequence >= $1 ORDER BY sequence")
        .bind(signed(first))
        .fetch_all(db)
        .await?;
    Ok(rows.iter().map(|row| row.try_get("statement")).collect::<core::result::Result<_, _>>()?)
}

/// The statements up to number `last`, that one included.
pub(crate) async fn up_to(db: &mut Connection, last: u64) -> Result<Vec<Vec<u8>>> {
    let rows = sqlx::query("SELECT statement FROM roster_statements WHERE sequence <= $1 ORDER BY sequence")
        .bind(signed(last))
        .fetch_all(db)
        .await?;
    Ok(rows.iter().map(|row| row.try_get("statement")).collect::<core::result::Result<_, _>>()?)
}

pub(crate) async fn append(db: &mut Connection, sequence: u64, statement: &[u8]) -> Result<()> {
    sqlx::query("INSERT INTO roster_statements (sequence, statement) VALUES ($1, $2)")
        .bind(signed(sequence))
        .bind(statement)
        .execute(db)
        .await?;
    Ok(())
}

/// The head of the snapshot that is kept, and the snapshot; `None` where there is none, or it is not of the statements that are kept.
pub(crate) async fn snapshot(db: &mut Connection) -> Result<Option<(RosterHead, Vec<u8>)>> {
    let row = sqlx::query(
        "SELECT kept.sequence, kept.hash, kept.snapshot, head.statement,
                (SELECT count(*) FROM roster_statements WHERE sequence <= kept.sequence) AS statements
         FROM roster_snapshot kept JOIN roster_statements head ON head.sequence = kept.sequence",
    )
    .fetch_optional(db)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let head = RosterHead { sequence: unsigned(&row, "sequence")?, hash: hash(&row, "hash")? };
    let is_whole = unsigned(&row, "statements")? == head.sequence.saturating_add(1);
    let is_of_it = Hash::of(row.try_get("statement")?) == head.hash;
    if is_whole && is_of_it { Ok(Some((head, row.try_get("snapshot")?))) } else { Ok(None) }
}

/// The number of the statement up to which the snapshot goes.
pub(crate) async fn snapshot_sequence(db: &mut Connection) -> Result<Option<u64>> {
    let row = sqlx::query("SELECT sequence FROM roster_snapshot").fetch_optional(db).await?;
    row.map(|row| unsigned(&row, "sequence")).transpose()
}

pub(crate) async fn put_snapshot(db: &mut Connection, head: RosterHead, snapshot: &[u8]) -> Result<()> {
    sqlx::query("INSERT OR REPLACE INTO roster_snapshot (one, sequence, hash, snapshot) VALUES (1, $1, $2, $3)")
        .bind(signed(head.sequence))
        .bind(head.hash.as_bytes().as_slice())
        .bind(snapshot)
        .execute(db)
        .await?;
    Ok(())
}
