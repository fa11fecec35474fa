//! The index, filled again where it was written by older rules.

use sqlx::{Row as _, SqliteConnection, SqlitePool};

use super::index::index;
use super::names::fold_name;
use crate::error::Result;

/// The number of the rules by which text is folded and cut into tokens. Whoever changes them counts it up.
const FOLD: i64 = 1;

/// So many messages go into one transaction: others wait for it no longer than a fraction of a second.
const STEP: i64 = 1000;

/// Says that a new database follows the rules of today, and tells whether an old one must be filled again.
pub(crate) async fn prepare(db: &mut SqliteConnection) -> Result<bool> {
    sqlx::query(
        "INSERT OR IGNORE INTO search_state (one, fold, down_to)
         SELECT 1, $1, NULL WHERE NOT EXISTS (SELECT 1 FROM messages) AND NOT EXISTS (SELECT 1 FROM files)",
    )
    .bind(FOLD)
    .execute(&mut *db)
    .await?;
    let is_done = sqlx::query("SELECT 1 FROM search_state WHERE fold = $1 AND down_to IS NULL").bind(FOLD).fetch_optional(db).await?;
    Ok(is_done.is_none())
}

/// Fills the index again, the newest messages first, and goes on where it was interrupted. What is there already can be found
/// meanwhile.
///
/// # Errors
/// When the local database fails, or was closed.
pub(crate) async fn refill(pool: &SqlitePool) -> Result<()> {
    let mut tx = pool.begin_with("BEGIN IMMEDIATE").await?;
    let begun = sqlx::query("SELECT 1 FROM search_state WHERE fold = $1").bind(FOLD).fetch_optional(&mut *tx).await?;
    if begun.is_none() {
        begin(&mut tx).await?;
    }
    tx.commit().await?;
    loop {
        let mut tx = pool.begin_with("BEGIN IMMEDIATE").await?;
        let goes_on = step(&mut tx).await?;
        tx.commit().await?;
        if !goes_on {
            return Ok(());
        }
    }
}

/// Empties the index and says from where on it is filled.
async fn begin(db: &mut SqliteConnection) -> Result<()> {
    sqlx::query("INSERT INTO messages_search (messages_search) VALUES ('delete-all')").execute(&mut *db).await?;
    sqlx::query("DELETE FROM search_words").execute(&mut *db).await?;
    let files = sqlx::query("SELECT file, name FROM files").fetch_all(&mut *db).await?;
    for file in &files {
        sqlx::query("UPDATE files SET name_folded = $1 WHERE file = $2")
            .bind(fold_name(file.try_get("name")?))
            .bind(file.try_get::<&[u8], _>("file")?)
            .execute(&mut *db)
            .await?;
    }
    sqlx::query(
        "INSERT INTO search_state (one, fold, down_to) VALUES (1, $1, 9223372036854775807)
         ON CONFLICT (one) DO UPDATE SET fold = excluded.fold, down_to = excluded.down_to",
    )
    .bind(FOLD)
    .execute(db)
    .await?;
    Ok(())
}

pub(super) const OLDER: &str = "SELECT number, text FROM messages
     WHERE number < (SELECT down_to FROM search_state WHERE one = 1) AND text IS NOT NULL
     ORDER BY number DESC LIMIT $1";

/// Indexes the next messages towards the past. Answers whether there may be more.
async fn step(db: &mut SqliteConnection) -> Result<bool> {
    let messages = sqlx::query(OLDER).bind(STEP).fetch_all(&mut *db).await?;
    let mut down_to: Option<i64> = None;
    for message in &messages {
        let number = message.try_get("number")?;
        index(db, number, message.try_get("text")?).await?;
        down_to = Some(number);
    }
    sqlx::query("UPDATE search_state SET down_to = $1").bind(down_to).execute(db).await?;
    Ok(down_to.is_some())
}
