//! A virtual display.

use std::path::Path;

use anyhow::{Context as _, Result};

use crate::process::{Running, isolated, make_home};

/// A running Xvfb; its number was chosen by itself, so several never meet.
#[derive(Debug)]
pub struct Display {
    process: Running,
    name: String,
}

impl Display {
    /// Starts one of 1600 × 1000 points.
    ///
    /// # Errors
    /// If it doesn't start.
    pub fn start(folder: &Path) -> Result<Self> {
        make_home(folder)?;
        let mut command = isolated("Xvfb", folder);
        command.args(["-displayfd", "1", "-screen", "0", "1600x1000x24", "-noreset", "-nolisten", "tcp"]);
        let log = folder.join("display.log");
        let mut process = Running::start("Xvfb", &mut command, &log)?;
        let number = || std::fs::read_to_string(&log).ok()?.lines().find_map(|line| line.trim().parse::<u32>().ok());
        process.until("it tells its number", || Ok(number().is_some()))?;
        let name = format!(":{}", number().context("the number of the display")?);
        Ok(Self { process, name })
    }

    /// What to set as `DISPLAY`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The process id, for messages.
    pub fn id(&self) -> u32 {
        self.process.id()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_displays_have_names_of_their_own() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let (first, second) = (Display::start(&folder.path().join("a"))?, Display::start(&folder.path().join("b"))?);
        assert_ne!(first.name(), second.name());
        assert_ne!(first.id(), second.id());
        Ok(())
    }
}
