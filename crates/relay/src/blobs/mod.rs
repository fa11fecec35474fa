//! Blobs: ciphertext in parts, in a folder or in S3-compatible storage. Each part is an object that is written once, under a name that
//! is made here of a file's id; what the register does not know is nothing.

mod location;
mod memory;
mod read;
mod room;

use std::sync::Arc;

use bezel_protocol::{FileId, UserId};
use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};

pub use location::{BadBlobLocation, BlobLocation};
use memory::{Memory, PartMemory};
pub(crate) use read::Slices;
pub(crate) use room::is_full;

use crate::store::FilePart;

/// The most bytes of a part, and so of an upload in memory.
pub(crate) const MAX_PART_BYTES: usize = 8 * 1024 * 1024;
/// Above every object, so that a bucket can be shared.
const ROOT: &str = "files";

/// Where blobs are.
pub(crate) struct Blobs {
    objects: Arc<dyn ObjectStore>,
    /// The folder, where it is one.
    folder: Option<std::path::PathBuf>,
    memory: Memory,
}

/// Why a blob can't be written or read.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The disk is full.
    #[error("there is no room left for blobs")]
    NoRoom,
    /// What is there is not what the register says.
    #[error("an object of {0} is missing or has another size than the register says")]
    Damaged(FileId),
    /// The folder.
    #[error("the folder of blobs can't be used: {0}")]
    Folder(#[source] std::io::Error),
    /// The store.
    #[error("the store of blobs failed: {0}")]
    Store(#[source] object_store::Error),
}

impl From<object_store::Error> for BlobError {
    fn from(error: object_store::Error) -> Self {
        if is_full(&error) { Self::NoRoom } else { Self::Store(error) }
    }
}

impl Blobs {
    /// Opens the store and looks whether it answers.
    pub(crate) async fn open(location: &BlobLocation, data: &std::path::Path) -> Result<Self, BlobError> {
        let (objects, folder) = location.open(data)?;
        let blobs = Self { objects, folder, memory: Memory::default() };
        blobs.objects.list(Some(&Path::from(ROOT))).try_next().await?;
        Ok(blobs)
    }

    /// Waits until there is memory for a part of an upload of this user.
    pub(crate) async fn memory(&self, user: UserId) -> Option<PartMemory> {
        self.memory.take(user).await
    }

    /// Writes a part. It is there whole when this returns, or not at all.
    pub(crate) async fn put(&self, file: FileId, first_byte: u64, bytes: Bytes) -> Result<FilePart, BlobError> {
        let length = bytes.len() as u64;
        self.check_room(length)?;
        let mut once = [0; 8];
        getrandom::fill(&mut once).map_err(|error| BlobError::Folder(std::io::Error::other(error)))?;
        let part = FilePart { first_byte, bytes: length, object: format!("{ROOT}/{file}/{first_byte:016}-{}", hex::encode(once)) };
        self.objects.put(&Path::from(part.object.as_str()), bytes.into()).await?;
        Ok(part)
    }

    /// Deletes objects; one that is not there is deleted already. Returns whether all are gone.
    pub(crate) async fn delete(&self, objects: Vec<String>) -> bool {
        let paths = futures_util::stream::iter(objects).map(|object| Ok(Path::from(object))).boxed();
        let mut deleted = self.objects.delete_stream(paths);
        let mut all = true;
        while let Some(done) = deleted.next().await {
            match done {
                Ok(_) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => {
                    tracing::warn!(%error, "an object could not be deleted; the next sweep tries again");
                    all = false;
                }
            }
        }
        all
    }

    /// Every object that was last written before a time, in milliseconds since the epoch.
    pub(crate) fn older_than(&self, before_ms: i64) -> impl futures_util::Stream<Item = Result<String, BlobError>> + Send + '_ {
        let all = self.objects.list(Some(&Path::from(ROOT))).map_err(BlobError::from);
        all.try_filter_map(move |object| {
            let is_old = object.last_modified.timestamp_millis() < before_ms;
            std::future::ready(Ok(is_old.then(|| object.location.to_string())))
        })
    }

    /// The size of an object; `None` when it is not there.
    pub(crate) async fn size(&self, object: &str) -> Result<Option<u64>, BlobError> {
        match self.objects.head(&Path::from(object)).await {
            Ok(found) => Ok(Some(found.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}
