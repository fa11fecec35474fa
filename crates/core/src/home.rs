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

    /// The key slots of a new master key, until the database is encrypted under it.
    #[must_use]
    pub(crate) fn next_slots(&self) -> PathBuf {
        self.folder.join("slots.next.cbor")
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

    /// While this file is there, a first run is being laid out: nothing in the folder was ever used or told to a relay.
    fn first_run(&self) -> PathBuf {
        self.folder.join("first-run")
    }

    /// Whether a member was ever created here. One file of the two is enough: it is never taken for a first run. What a first run has left that
    /// was cut short before its keys were whole is no member.
    #[must_use]
    pub fn is_inhabited(&self) -> bool {
        !self.first_run().exists() && (self.database().exists() || self.slots().exists())
    }

    /// Says that what follows is a first run, before its first file is there.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(crate) fn begin_first_run(&self) -> Result<()> {
        write_private_file(&self.first_run(), b"")
    }

    /// The files of a first run are whole and on disk; or all of them are gone.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(crate) fn end_first_run(&self) -> Result<()> {
        match std::fs::remove_file(self.first_run()) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            removed => removed?,
        }
        sync_folder(&self.folder)
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
    rename_durably(&temporary, path)
}

/// Puts a file in the place of another; after a power cut the one or the other stands there.
///
/// # Errors
/// When the disk refuses.
pub(crate) fn rename_durably(from: &Path, to: &Path) -> Result<()> {
    std::fs::rename(from, to)?;
    to.parent().map_or(Ok(()), sync_folder)
}

/// Brings the names in a folder to the disk.
fn sync_folder(folder: &Path) -> Result<()> {
    // Windows can't open a folder as a file, and writes names through.
    if cfg!(unix) {
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
