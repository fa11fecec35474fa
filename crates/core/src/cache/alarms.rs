//! Alarms that a person must see, and the relay's audit checkpoints.

use sqlx::Row as _;

use super::row::signed;
use super::{Connection, unsigned};
use crate::error::{Error, Result};

/// Keeps an alarm; the first of a kind stays.
pub(crate) async fn raise(db: &mut Connection, error: &Error, now_ms: i64) -> Result<()> {
    sqlx::query("INSERT INTO alarms (code, message, next_step, at_ms) VALUES ($1, $2, $3, $4) ON CONFLICT (code) DO NOTHING")
        .bind(error.code)
        .bind(&error.message)
        .bind(&error.next_step)
        .bind(now_ms)
        .execute(db)
        .await?;
    Ok(())
}

/// The oldest alarm: code, message, next step.
pub(crate) async fn first(db: &mut Connection) -> Result<Option<(String, String, String)>> {
    let row = sqlx::query("SELECT code, message, next_step FROM alarms ORDER BY id LIMIT 1").fetch_optional(db).await?;
    row.map(|row| Ok((row.try_get("code")?, row.try_get("message")?, row.try_get("next_step")?))).transpose()
}

/// The newest checkpoint seen: sequence and bytes.
pub(crate) async fn checkpoint(db: &mut Connection) -> Result<Option<(u64, Vec<u8>)>> {
    let row = sqlx::query("SELECT sequence, checkpoint FROM audit_checkpoints ORDER BY sequence DESC LIMIT 1").fetch_optional(db).await?;
    row.map(|row| Ok((unsigned(&row, "sequence")?, row.try_get("checkpoint")?))).transpose()
}

pub(crate) async fn keep_checkpoint(db: &mut Connection, sequence: u64, checkpoint: &[u8]) -> Result<()> {
    sqlx::query("INSERT INTO audit_checkpoints (sequence, checkpoint) VALUES ($1, $2) ON CONFLICT (sequence) DO NOTHING")
        .bind(signed(sequence))
        .bind(checkpoint)
        .execute(&mut *db)
        .await?;
    sqlx::query("DELETE FROM audit_checkpoints WHERE sequence < $1").bind(signed(sequence)).execute(db).await?;
    Ok(())
}
