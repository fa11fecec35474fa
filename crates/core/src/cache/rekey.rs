//! Encrypts the database under another key.

use std::path::Path;

use bezel_crypto::Secret;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
use zeroize::Zeroizing;

use super::{Connection, damage, fault, options, sqlcipher_key};
use crate::error::Result;

/// Encrypts every page of a closed database under `new`, in one transaction: cut off at any moment, the file opens by the one key or by the
/// other, and is whole.
pub(crate) async fn rekey(path: &Path, old: &Secret<32>, new: &Secret<32>) -> Result<()> {
    let mut connection = match options(path, old, false).connect().await {
        Ok(connection) => connection,
        Err(error) if fault::is_unreadable(&error) => return Err(damage::explain(path, old).await),
        Err(error) => return Err(error.into()),
    };
    rekey_by(&mut connection, new).await?;
    Ok(connection.close().await?)
}

pub(crate) async fn rekey_by(connection: &mut Connection, new: &Secret<32>) -> Result<()> {
    let statement = Zeroizing::new(format!("PRAGMA rekey = {}", sqlcipher_key(new)));
    sqlx::raw_sql(AssertSqlSafe(statement.as_str())).execute(connection).await?;
    Ok(())
}
