//! The one error at the edge: what happened, and what to do next.

use core::fmt;
use std::io::ErrorKind;

use serde::Serialize;
use ts_rs::TS;

/// An error as a person, a script or the interface sees it. It never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// Stable; the interface branches on it and on nothing else.
    pub code: &'static str,
    /// What happened.
    pub message: String,
    /// What to do next.
    pub next_step: String,
    /// What kind of failure it is.
    pub class: Class,
}

/// Kinds of failure that a script must tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Any other.
    General,
    /// Refused by the relay, or by policy.
    Refused,
    /// Could not be decrypted or verified.
    Unverifiable,
    /// The relay can't be reached.
    Offline,
    /// This computer's own disk refuses: it is full, away or not to be written to.
    Disk,
}

/// The same, as it crosses to JSON and the web view.
#[derive(Debug, Clone, Serialize, TS)]
pub struct AppError {
    /// Stable code.
    pub code: String,
    /// What happened.
    pub message: String,
    /// What to do next.
    pub next_step: String,
    /// What to copy into a report.
    pub details: String,
}

/// What every use case answers.
pub type Result<T> = core::result::Result<T, Error>;

impl Error {
    /// A failure of no special kind.
    pub fn new(code: &'static str, message: impl Into<String>, next_step: impl Into<String>) -> Self {
        Self { code, message: message.into(), next_step: next_step.into(), class: Class::General }
    }

    /// A refusal by the relay or by policy.
    pub fn refused(code: &'static str, message: impl Into<String>, next_step: impl Into<String>) -> Self {
        Self { class: Class::Refused, ..Self::new(code, message, next_step) }
    }

    /// Something that could not be decrypted or verified.
    pub fn unverifiable(code: &'static str, message: impl Into<String>, next_step: impl Into<String>) -> Self {
        Self { class: Class::Unverifiable, ..Self::new(code, message, next_step) }
    }

    /// The relay can't be reached.
    pub fn offline(detail: impl fmt::Display) -> Self {
        Self {
            class: Class::Offline,
            ..Self::new(
                "offline",
                format!("The relay can't be reached ({detail})."),
                "Nothing is lost: it goes on by itself once the relay answers.",
            )
        }
    }

    /// Whether trying again later, unchanged, may succeed.
    #[must_use]
    pub fn is_offline(&self) -> bool {
        self.class == Class::Offline
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.message, self.next_step)
    }
}

impl core::error::Error for Error {}

impl From<Error> for AppError {
    fn from(error: Error) -> Self {
        let details = format!("{} ({:?}): {}", error.code, error.class, error.message);
        Self { code: error.code.into(), message: error.message, next_step: error.next_step, details }
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => disk_full(),
            _ => disk_failed(&error),
        }
    }
}

/// No room on this computer.
pub(crate) fn disk_full() -> Error {
    Error {
        class: Class::Disk,
        ..Error::new("disk_full", "This computer's disk is full.", "Make room on it; Bezel then goes on by itself, and nothing is lost.")
    }
}

/// The disk, or the folder's rights, refuse.
pub(crate) fn disk_failed(error: &dyn fmt::Display) -> Error {
    Error {
        class: Class::Disk,
        ..Error::new(
            "disk_failed",
            format!("This computer's disk can't be read or written ({error})."),
            "Look whether the disk is connected and whether Bezel may write to its folder, then try again.",
        )
    }
}

impl From<bezel_protocol::roster::RosterError> for Error {
    fn from(error: bezel_protocol::roster::RosterError) -> Self {
        Self::unverifiable(
            error.code(),
            format!("{}.", capitalised(&error.to_string())),
            "Do not go on: speak with your workspace's owner outside Bezel.",
        )
    }
}

/// Damage in what this device wrote itself.
pub(crate) fn damaged(what: &str) -> Error {
    Error::new(
        "damaged",
        format!("The local database holds a damaged {what}."),
        "Restore this device with the recovery words, or join again.",
    )
}

pub(crate) fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
