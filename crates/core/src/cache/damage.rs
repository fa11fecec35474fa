//! What is wrong with a database file that does not open.

use std::path::Path;

use bezel_crypto::Secret;
use sqlx::{ConnectOptions as _, Connection as _};

use super::encrypted;
use super::fault::{database_damaged, wrong_key};
use crate::error::{Error, Result};

/// The size of SQLCipher's pages.
const PAGE_BYTES: u64 = 4096;

/// An empty file was never made by a member: opening it would fill it with an empty schema.
///
/// # Errors
/// When the file is empty, or can't be looked at.
pub(super) fn not_empty(path: &Path) -> Result<()> {
    if std::fs::metadata(path)?.len() == 0 {
        return Err(database_damaged("member.db is empty"));
    }
    Ok(())
}

/// The true cause, where one page at least tells it: a page that the key opens shows that the key is right.
pub(super) async fn explain(path: &Path, key: &Secret<32>) -> Error {
    match is_key_of(path, key).await {
        Ok(true) => database_damaged("its first page can't be read"),
        Ok(false) => wrong_key(),
        Err(error) => error,
    }
}

/// Whether any page of the file is authentic under the key.
async fn is_key_of(path: &Path, key: &Secret<32>) -> Result<bool> {
    let pages = std::fs::metadata(path)?.len() / PAGE_BYTES;
    let mut connection = encrypted(path, key).read_only(true).connect().await?;
    let faults = sqlx::query("PRAGMA cipher_integrity_check").fetch_all(&mut connection).await;
    connection.close().await?;
    // One line a page that is not authentic.
    Ok(u64::try_from(faults?.len()).is_ok_and(|faults| faults < pages))
}
