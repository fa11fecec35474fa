//! Room on the disk of a folder.

use std::error::Error;
use std::io::ErrorKind;

use super::{BlobError, Blobs, ROOT};

/// So much of a disk is left free: the database beside the blobs must go on when they fill it.
const RESERVE_BYTES: u64 = 16 * 1024 * 1024;

impl Blobs {
    /// How many bytes can still come in; `None` where nobody can tell.
    pub(crate) fn room(&self) -> Option<u64> {
        let free = fs4::available_space(self.folder.as_ref()?).ok()?;
        Some(free.saturating_sub(RESERVE_BYTES))
    }

    /// Deletes what a part that was being written when the relay was killed left in a folder, where no listing shows it. Returns how many.
    pub(crate) async fn delete_half_written(&self, before_ms: i64) -> u64 {
        let Some(folder) = self.folder.as_ref().map(|folder| folder.join(ROOT)) else { return 0 };
        let deleted = tokio::task::spawn_blocking(move || {
            let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
            let parts = files.filter_map(|file| std::fs::read_dir(file.path()).ok()).flatten().flatten();
            let half_written = parts.filter(|part| part.file_name().to_string_lossy().contains('#') && is_older(part, before_ms));
            half_written.filter(|part| std::fs::remove_file(part.path()).is_ok()).count() as u64
        });
        deleted.await.unwrap_or_default()
    }

    pub(super) fn check_room(&self, bytes: u64) -> Result<(), BlobError> {
        if self.room().is_some_and(|room| room < bytes) { Err(BlobError::NoRoom) } else { Ok(()) }
    }
}

fn is_older(part: &std::fs::DirEntry, before_ms: i64) -> bool {
    let written = part.metadata().and_then(|metadata| metadata.modified()).ok();
    let written_ms = written.and_then(|written| jiff::Timestamp::try_from(written).ok()).map(jiff::Timestamp::as_millisecond);
    written_ms.is_some_and(|written_ms| written_ms < before_ms)
}

/// Whether an error, or one below it, says that a disk or a quota is full.
pub(crate) fn is_full(error: &(dyn Error + 'static)) -> bool {
    let mut below = Some(error);
    while let Some(error) = below {
        let io = error.downcast_ref::<std::io::Error>();
        if io.is_some_and(|io| matches!(io.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)) {
            return true;
        }
        below = error.source();
    }
    false
}
