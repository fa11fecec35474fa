//! The folder in which a member lives on this machine.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// A member's folder: `member.db` (encrypted), `slots.cbor` (the ways to its key), `lock`.
#[derive(Debug, Clone)]
pub struct Home {
    folder: PathBuf,
}

/// While it lives, no other process may open the same home.
#[derive(Debug)]
pub struct HomeLock {
    _file: File,
}

impl Home {
    /// A home at `folder`, which need not exist yet.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The encrypted database.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.folder.join("member.db")
    }

    /// The file of key slots.
    #[must_use]
    pub fn slots(&self) -> PathBuf {
        self.folder.join("slots.cbor")
    }

    /// The data of a relay that runs inside the app.
    #[must_use]
    pub fn relay(&self) -> PathBuf {
        self.folder.join("relay")
    }

    /// Plaintext copies that were handed to other programs; emptied when the app starts and ends.
    #[must_use]
    pub fn copies(&self) -> PathBuf {
        self.folder.join("copies")
    }

    /// Whether a member was ever created here. One file of the two is enough: it is never taken for a first run.
    #[must_use]
    pub fn is_inhabited(&self) -> bool {
        self.database().exists() || self.slots().exists()
    }

    /// Makes the folder, for its owner only, and takes the lock.
    ///
    /// # Errors
    /// When another process holds it, or the disk refuses.
    pub fn lock(&self) -> Result<HomeLock> {
        create_private_folder(&self.folder)?;
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(self.folder.join("lock"))?;
        match file.try_lock() {
            Ok(()) => Ok(HomeLock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(in_use()),
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }
}

fn in_use() -> Error {
    Error::new(
        "home_in_use",
        "Another Bezel is already open for this member.",
        "Close the other window or command first, or choose another folder with --home.",
    )
}

/// Writes a file whole or not at all, readable by its owner only.
///
/// # Errors
/// When the disk refuses; the old file is then untouched.
pub(crate) fn write_private_file(path: &Path, bytes: &[u8]) -> Result<()> {
    use std::io::Write as _;
    let temporary = path.with_extension("new");
    let mut options = OpenOptions::new();
    options.create(true).truncate(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&temporary, path)?;
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// Makes a folder for its owner only.
///
/// # Errors
/// When the disk refuses.
pub(crate) fn create_private_folder(folder: &Path) -> Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    Ok(builder.create(folder)?)
}
