//! Files and links into calls that this device withdrew: a relay that was put back from a copy is told again.

use bezel_protocol::{FileId, GuestLinkId};
use sqlx::Row as _;

use super::{Connection, id};
use crate::error::Result;

/// What was withdrawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Withdrawal {
    /// A file.
    File(FileId),
    /// A link into a call.
    Link(GuestLinkId),
}

/// Notes a withdrawal, and forgets those before `since_ms`.
pub(crate) async fn note(db: &mut Connection, withdrawal: Withdrawal, (now_ms, since_ms): (i64, i64)) -> Result<()> {
    let (kind, id) = match &withdrawal {
        Withdrawal::File(file) => ("file", file.as_bytes()),
        Withdrawal::Link(link) => ("link", link.as_bytes()),
    };
    sqlx::query("INSERT INTO withdrawals (kind, id, at_ms) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
        .bind(kind)
        .bind(id.as_slice())
        .bind(now_ms)
        .execute(&mut *db)
        .await?;
    sqlx::query("DELETE FROM withdrawals WHERE at_ms < $1").bind(since_ms).execute(db).await?;
    Ok(())
}

/// All that were noted.
pub(crate) async fn all(db: &mut Connection) -> Result<Vec<Withdrawal>> {
    let rows = sqlx::query("SELECT kind, id FROM withdrawals ORDER BY at_ms").fetch_all(db).await?;
    rows.iter()
        .map(|row| {
            Ok(match row.try_get::<&str, _>("kind")? {
                "file" => Withdrawal::File(id(row, "id", FileId::from_slice)?),
                _ => Withdrawal::Link(id(row, "id", GuestLinkId::from_slice)?),
            })
        })
        .collect()
}
