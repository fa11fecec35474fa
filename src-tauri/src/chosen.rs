//! Which paths of this machine the person gave to the app: only those may be read in the window's name.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use bezel_core::{Error, Result};

/// Paths that were dropped on the window or chosen in a dialog.
#[derive(Default)]
pub(crate) struct Chosen(Mutex<HashSet<PathBuf>>);

impl Chosen {
    /// The person gave these.
    pub(crate) fn allow(&self, paths: impl IntoIterator<Item = PathBuf>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(paths);
    }

    /// The path, if the person gave it.
    pub(crate) fn check(&self, path: &str) -> Result<PathBuf> {
        let given = self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(Path::new(path));
        if given {
            return Ok(path.into());
        }
        Err(Error::new("not_chosen", "This file was not chosen by you.", "Attach it again, or drop it on the window."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_path_that_was_given_may_be_read() {
        let chosen = Chosen::default();
        chosen.allow([PathBuf::from("/shop/ring.jpg")]);
        assert!(chosen.check("/shop/ring.jpg").is_ok());
        for path in ["/etc/shadow", "/shop/../etc/shadow", "/shop", ""] {
            assert!(chosen.check(path).is_err(), "{path}");
        }
    }
}
