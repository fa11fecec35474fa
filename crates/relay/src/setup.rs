//! Who may begin a workspace. A relay takes few of them, so on a relay that others can reach, the first stranger must not take the place:
//! there it takes a token, which whoever runs the relay can read and nobody else.

use std::fs::OpenOptions;
use std::io::{Error, Read as _, Result, Write as _};
use std::path::{Path, PathBuf};

use bezel_protocol::Hash;
use zeroize::Zeroizing;

/// Who may begin a workspace on a relay.
#[derive(Debug, Default)]
pub enum Setup {
    /// Whoever reaches it, where it listens on loopback; else who has the token that it makes.
    #[default]
    ByAddress,
    /// Whoever reaches it.
    Open,
    /// Who has this token.
    Token(SetupToken),
}

/// A token with which a workspace is begun.
pub struct SetupToken(Zeroizing<String>);

/// The token is too easy to guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a set-up token has 16 to 128 characters")]
pub struct BadSetupToken;

/// The token that a relay made, beside its database.
const FILE: &str = "setup.token";

impl SetupToken {
    /// Takes a token.
    ///
    /// # Errors
    /// When it has fewer than 16 or more than 128 characters.
    pub fn new(token: &str) -> core::result::Result<Self, BadSetupToken> {
        let token = token.trim();
        if (16..=128).contains(&token.chars().count()) { Ok(Self(token.to_owned().into())) } else { Err(BadSetupToken) }
    }

    /// Where a relay keeps the token that it made.
    #[must_use]
    pub fn path(data: &Path) -> PathBuf {
        data.join(FILE)
    }

    /// The token that the relay made at its first start, or a new one; for the owner's eyes only.
    pub(crate) fn open(data: &Path) -> Result<Self> {
        let path = Self::path(data);
        if path.exists() {
            let mut token = Zeroizing::new(String::new());
            std::fs::File::open(&path)?.take(1024).read_to_string(&mut token)?;
            return Self::new(&token).map_err(|error| Error::other(format!("{}: {error}", path.display())));
        }
        let mut random = Zeroizing::new([0; 16]);
        getrandom::fill(random.as_mut_slice()).map_err(Error::other)?;
        let token = Zeroizing::new(hex::encode(random.as_slice()));
        let mut options = OpenOptions::new();
        options.create_new(true).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&path)?;
        writeln!(file, "{}", token.as_str())?;
        file.sync_all()?;
        Ok(Self(token))
    }

    /// Whether this is it. Hashes are compared: how long that takes tells nothing of the token.
    pub(crate) fn is(&self, given: &str) -> bool {
        Hash::of(self.0.as_bytes()) == Hash::of(given.trim().as_bytes())
    }
}

impl core::fmt::Debug for SetupToken {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("SetupToken(…)")
    }
}

impl core::str::FromStr for SetupToken {
    type Err = BadSetupToken;

    fn from_str(token: &str) -> core::result::Result<Self, BadSetupToken> {
        Self::new(token)
    }
}

impl Clone for SetupToken {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_was_made_is_found_again_and_not_printed() {
        let folder = tempfile::tempdir().unwrap();
        let made = SetupToken::open(folder.path()).unwrap();
        let text = std::fs::read_to_string(SetupToken::path(folder.path())).unwrap();
        assert!(made.is(&text) && SetupToken::open(folder.path()).unwrap().is(&text));
        assert!(!made.is("") && !made.is(&text[1..]));
        assert!(!format!("{made:?}").contains(text.trim()));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(SetupToken::path(folder.path())).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn a_short_token_is_refused() {
        assert_eq!("swordfish".parse::<SetupToken>().unwrap_err(), BadSetupToken);
        assert!("correct horse battery".parse::<SetupToken>().is_ok());
    }
}
