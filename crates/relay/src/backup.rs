//! Copies a relay's data while it runs, and says of data that it was put back from a copy.

use std::path::{Path, PathBuf};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

use crate::blobs::BlobLocation;
use crate::server::{DATABASE_FILE, KEY_FILE, RelayStartError, create_private_folder, lock};
use crate::setup::SetupToken;
use crate::store::{Caller, SqliteStore, Store as _, StoreError};

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Where it should be.
    #[error("{0} is there already: name a folder that is not there yet")]
    Exists(PathBuf),
    /// A file or folder.
    #[error("{0}: {1}")]
    File(PathBuf, #[source] std::io::Error),
    /// The database.
    #[error("the database can't be copied: {0}")]
    Store(#[from] StoreError),
    /// Whether another relay runs with the data.
    #[error(transparent)]
    Relay(#[from] RelayStartError),
}

/// What a copy holds of the blobs of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopiedBlobs {
    /// So many objects, in the folder `blobs` of the copy.
    Objects(u64),
    /// None: they are in a bucket, which is copied by its own means.
    Bucket,
}

/// Copies the data of a relay, which may run meanwhile, into a folder that is not there yet. Started, the copy says that it is one.
///
/// # Errors
/// When the folder is there, or something can't be read or written; then there is no folder of that name.
pub async fn backup(data: &Path, blobs: &BlobLocation, to: &Path) -> Result<CopiedBlobs, BackupError> {
    if to.exists() {
        return Err(BackupError::Exists(to.into()));
    }
    // Under another name until it is whole.
    let mut name = to.file_name().ok_or_else(|| BackupError::File(to.into(), std::io::ErrorKind::InvalidInput.into()))?.to_owned();
    name.push(".partial");
    let half = to.with_file_name(name);
    if half.exists() {
        std::fs::remove_dir_all(&half).map_err(|error| BackupError::File(half.clone(), error))?;
    }
    create_private_folder(&half).map_err(|error| BackupError::File(half.clone(), error))?;
    // The database before the blobs: one that is missing is lost, one too many is swept.
    copy_database(&data.join(DATABASE_FILE), &half.join(DATABASE_FILE)).await?;
    copy(&data.join(KEY_FILE), &half.join(KEY_FILE))?;
    let token = SetupToken::path(data);
    if token.exists() {
        copy(&token, &SetupToken::path(&half))?;
    }
    let copied = match blobs.folder(data) {
        Some(folder) => CopiedBlobs::Objects(copy_folder(&folder, &BlobLocation::in_data(&half))?),
        None => CopiedBlobs::Bucket,
    };
    std::fs::rename(&half, to).map_err(|error| BackupError::File(to.into(), error))?;
    Ok(copied)
}

/// Says of data, with which no relay runs, that it was put back from a copy that was made by other means.
///
/// # Errors
/// When a relay runs with it, or the database can't be written.
pub async fn restored(data: &Path) -> Result<(), BackupError> {
    let database = data.join(DATABASE_FILE);
    if !database.exists() {
        return Err(BackupError::File(database, std::io::ErrorKind::NotFound.into()));
    }
    let _lock = lock(data)?;
    mark(&database).await
}

async fn mark(database: &Path) -> Result<(), BackupError> {
    let store = SqliteStore::open(database).await?;
    let marked = store.write(Caller::Relay, |unit| Box::pin(unit.mark_as_copy())).await;
    store.close().await;
    Ok(marked?)
}

/// SQLite itself writes the copy: one state of the database, whatever is written meanwhile.
async fn copy_database(from: &Path, to: &Path) -> Result<(), BackupError> {
    let target = to.to_str().ok_or_else(|| BackupError::File(to.into(), std::io::ErrorKind::InvalidFilename.into()))?;
    let options = SqliteConnectOptions::new().filename(from).create_if_missing(false).disable_statement_logging();
    let mut connection = options.connect().await.map_err(StoreError::from)?;
    sqlx::query("VACUUM INTO $1").bind(target).execute(&mut connection).await.map_err(StoreError::from)?;
    connection.close().await.map_err(StoreError::from)?;
    mark(to).await
}

fn copy(from: &Path, to: &Path) -> Result<(), BackupError> {
    let copied = std::fs::copy(from, to).and_then(|_| std::fs::File::open(to)?.sync_all());
    copied.map_err(|error| BackupError::File(from.into(), error))
}

/// Copies the files of a folder and of those in it; what is deleted meanwhile is left out.
fn copy_folder(from: &Path, to: &Path) -> Result<u64, BackupError> {
    let failed = |error| BackupError::File(from.into(), error);
    create_private_folder(to).map_err(failed)?;
    let mut copied = 0;
    for entry in std::fs::read_dir(from).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        let is_folder = entry.file_type().map_err(failed)?.is_dir();
        match if is_folder { copy_folder(&from, &to) } else { copy(&from, &to).map(|()| 1) } {
            Ok(objects) => copied += objects,
            Err(BackupError::File(_, error)) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(copied)
}
