//! What stands in the database of a member's home.

use anyhow::Result;
use sqlx::sqlite::SqliteRow;
use sqlx::{Connection as _, Row as _, TypeInfo as _, ValueRef as _};

use crate::Shop;
use crate::attacker::open;

impl Shop {
    /// What the database of a member who is closed answers, a line a row.
    ///
    /// # Errors
    /// When it does not open, or does not understand the question.
    pub async fn rows_at_home(&self, name: &str, question: &str) -> Result<Vec<String>> {
        let mut database = open(&self.home(name)).await?;
        let rows = sqlx::query(sqlx::AssertSqlSafe(question.to_owned())).fetch_all(&mut database).await?;
        database.close().await?;
        rows.iter()
            .map(|row| (0..row.len()).map(|column| value(row, column)).collect::<Result<Vec<_>>>().map(|row| row.join(", ")))
            .collect()
    }
}

/// A value as it reads.
fn value(row: &SqliteRow, column: usize) -> Result<String> {
    let raw = row.try_get_raw(column)?;
    if raw.is_null() {
        return Ok("null".into());
    }
    Ok(match raw.type_info().name() {
        "INTEGER" => row.try_get_unchecked::<i64, _>(column)?.to_string(),
        "TEXT" => row.try_get_unchecked(column)?,
        _ => format!("{:02x?}", row.try_get_unchecked::<Vec<u8>, _>(column)?),
    })
}
