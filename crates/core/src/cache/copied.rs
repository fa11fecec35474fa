//! Whether something shows that this device's keys are in use elsewhere.

use super::Connection;
use crate::error::Result;

/// Keeps what shows it; the first stays.
pub(crate) async fn put(db: &mut Connection, kind: &str, evidence: &[u8], now_ms: i64) -> Result<()> {
    sqlx::query("INSERT INTO copied (one, kind, evidence, noticed_at_ms) VALUES (1, $1, $2, $3) ON CONFLICT (one) DO NOTHING")
        .bind(kind)
        .bind(evidence)
        .bind(now_ms)
        .execute(db)
        .await?;
    Ok(())
}

/// The device that was copied is no more: this home is another one.
pub(crate) async fn forget(db: &mut Connection) -> Result<()> {
    sqlx::query("DELETE FROM copied").execute(db).await?;
    Ok(())
}

/// Whether it was noticed.
pub(crate) async fn is_noticed(db: &mut Connection) -> Result<bool> {
    Ok(sqlx::query("SELECT 1 AS noticed FROM copied").fetch_optional(db).await?.is_some())
}
