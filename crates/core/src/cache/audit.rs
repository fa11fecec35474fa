//! The newest checkpoint of the relay's audit log that was followed.

use bezel_protocol::cbor;
use bezel_protocol::wire::SignedCheckpoint;
use sqlx::Row as _;

use super::Connection;
use super::row::signed;
use crate::error::{Result, damaged};

pub(crate) async fn checkpoint(db: &mut Connection) -> Result<Option<SignedCheckpoint>> {
    let row = sqlx::query("SELECT checkpoint FROM audit_checkpoints ORDER BY sequence DESC LIMIT 1").fetch_optional(db).await?;
    row.map(|row| cbor::decode(row.try_get("checkpoint")?).map_err(|_| damaged("audit checkpoint"))).transpose()
}

/// Keeps a checkpoint in place of those before it.
pub(crate) async fn keep_checkpoint(db: &mut Connection, checkpoint: &SignedCheckpoint) -> Result<()> {
    let entries = signed(checkpoint.tree.entries);
    sqlx::query("INSERT INTO audit_checkpoints (sequence, checkpoint) VALUES ($1, $2) ON CONFLICT (sequence) DO NOTHING")
        .bind(entries)
        .bind(cbor::encode(checkpoint))
        .execute(&mut *db)
        .await?;
    sqlx::query("DELETE FROM audit_checkpoints WHERE sequence < $1").bind(entries).execute(db).await?;
    Ok(())
}
