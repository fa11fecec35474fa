//! The roster's statements, as they came and were checked.

use sqlx::Row as _;

use super::Connection;
use super::row::signed;
use crate::error::Result;

pub(crate) async fn all(db: &mut Connection) -> Result<Vec<Vec<u8>>> {
    let rows = sqlx::query("SELECT statement FROM roster_statements ORDER BY sequence").fetch_all(db).await?;
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
