//! Copies of a relay's data, and a relay that is put back from one.

use std::path::{Path, PathBuf};

use anyhow::Result;
use bezel_relay::BlobLocation;

use crate::{Shop, start};

impl Shop {
    /// Copies the relay's data while it runs, as its operator does.
    ///
    /// # Errors
    /// When it can't be copied.
    pub async fn copy_relay(&self, name: &str) -> Result<()> {
        bezel_relay::backup(&self.data(), &BlobLocation::default(), &self.copy(name)).await?;
        Ok(())
    }

    /// Stops the relay and starts it again from a copy, which stays as it is.
    ///
    /// # Errors
    /// When there is no such copy, or the relay does not start from it.
    pub async fn put_back(&mut self, name: &str) -> Result<()> {
        self.close_relay().await;
        std::fs::remove_dir_all(self.data())?;
        copy_folder(&self.copy(name), &self.data())?;
        self.relay = Some(start(self.folder.path(), self.addr, &self.relay_clock).await?);
        Ok(())
    }

    /// Stops the relay and starts it again as if it had been put back: nothing is lost.
    ///
    /// # Errors
    /// When the relay does not start again.
    pub async fn say_restored(&mut self) -> Result<()> {
        self.close_relay().await;
        bezel_relay::restored(&self.data()).await?;
        self.relay = Some(start(self.folder.path(), self.addr, &self.relay_clock).await?);
        Ok(())
    }

    /// So many minutes pass for everybody.
    pub fn minutes_pass(&self, minutes: i64) {
        self.clock.pass(minutes * 60_000);
        self.relay_clock.pass(minutes * 60_000);
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("relay")
    }

    fn copy(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("copy-{name}"))
    }
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &to)?;
        } else {
            std::fs::copy(entry.path(), &to)?;
        }
    }
    Ok(())
}
