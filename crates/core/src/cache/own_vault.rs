//! The newest version of the user's vault that is known here.

use sqlx::Row as _;

use super::row::signed;
use super::{Connection, unsigned};
use crate::error::Result;

/// A version of the vault, sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OwnVault {
    pub(crate) version: u64,
    pub(crate) vault: Vec<u8>,
}

pub(crate) async fn put(db: &mut Connection, own: &OwnVault) -> Result<()> {
    sqlx::query(
        "INSERT INTO own_vault (one, version, vault) VALUES (1, $1, $2)
         ON CONFLICT (one) DO UPDATE SET version = excluded.version, vault = excluded.vault",
    )
    .bind(signed(own.version))
    .bind(own.vault.as_slice())
    .execute(db)
    .await?;
    Ok(())
}

pub(crate) async fn get(db: &mut Connection) -> Result<Option<OwnVault>> {
    let row = sqlx::query("SELECT version, vault FROM own_vault").fetch_optional(db).await?;
    row.map(|row| Ok(OwnVault { version: unsigned(&row, "version")?, vault: row.try_get("vault")? })).transpose()
}
