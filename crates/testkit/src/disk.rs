//! A disk that is soon full.

use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

/// A small disk in memory, mounted on a folder; it goes when this is dropped.
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts one; `None` where this process may not.
    ///
    /// # Errors
    /// When the folder can't be made.
    pub fn mount(folder: &Path, mebibytes: u32) -> Result<Option<Self>> {
        std::fs::create_dir_all(folder)?;
        let size = format!("size={mebibytes}m");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder).status();
        Ok(mounted.is_ok_and(|status| status.success()).then(|| Self(folder.to_owned())))
    }

    /// Takes all the room that is left.
    ///
    /// # Errors
    /// When the disk fails in another way than by being full.
    pub fn fill(&self) -> Result<()> {
        let mut file = std::fs::File::create(self.filler())?;
        loop {
            match file.write(&[0; 4096]) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Gives that room back.
    ///
    /// # Errors
    /// When it was never taken.
    pub fn make_room(&self) -> Result<()> {
        Ok(std::fs::remove_file(self.filler())?)
    }

    fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}
