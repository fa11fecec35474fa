//! The name by which a person is known in a workspace.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

/// 2 to 32 characters: lower-case letters, digits, `.`, `_` and `-`, beginning with a letter or a digit.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Handle(String);

/// The text can't be a handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a handle has 2 to 32 characters: small letters a–z, digits, dot, underscore or hyphen, and begins with a letter or a digit")]
pub struct InvalidHandle;

impl Handle {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Handle {
    type Err = InvalidHandle;

    fn from_str(text: &str) -> Result<Self, InvalidHandle> {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let begins = text.chars().next().is_some_and(allowed);
        let rest = text.chars().all(|c| allowed(c) || matches!(c, '.' | '_' | '-'));
        if begins && rest && (2..=32).contains(&text.len()) { Ok(Self(text.into())) } else { Err(InvalidHandle) }
    }
}

impl TryFrom<String> for Handle {
    type Error = InvalidHandle;

    fn try_from(text: String) -> Result<Self, InvalidHandle> {
        text.parse()
    }
}

impl From<Handle> for String {
    fn from(handle: Handle) -> Self {
        handle.0
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handle({})", self.0)
    }
}
