//! What is printed, and how a failure ends.

use std::io::Write as _;
use std::process::ExitCode;

use bezel_core::{AppError, Class, Error};
use serde::Serialize;

/// JSON or text, to the standard output; errors to the standard error.
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) const fn new(json: bool) -> Self {
        Self { json }
    }

    pub(crate) const fn is_json(&self) -> bool {
        self.json
    }

    /// Something by the way, to the standard error.
    pub(crate) fn note(&self, text: &str) {
        let _ = writeln!(std::io::stderr().lock(), "{text}");
    }

    /// One object.
    pub(crate) fn object<T: Serialize>(&self, value: &T, text: impl FnOnce(&T) -> String) {
        if self.json { line(&serde_json::to_string(value).unwrap_or_default()) } else { line(&text(value)) }
    }

    /// One object a line.
    pub(crate) fn lines<T: Serialize>(&self, values: &[T], text: impl Fn(&T) -> String) {
        for value in values {
            self.object(value, &text);
        }
    }

    /// Says that it is done, where nothing else is to be said.
    pub(crate) fn done(&self, text: &str) {
        #[derive(Serialize)]
        struct Done {
            ok: bool,
        }
        self.object(&Done { ok: true }, |_| text.to_owned());
    }

    /// Says what happened and what to do, and gives the exit code.
    pub(crate) fn failed(&self, error: &Error) -> ExitCode {
        let mut stderr = std::io::stderr().lock();
        // Nothing is left to do when the standard error is gone.
        let _ = if self.json {
            writeln!(stderr, "{}", serde_json::to_string(&AppError::from(error.clone())).unwrap_or_default())
        } else {
            writeln!(stderr, "{}\n{}", error.message, error.next_step)
        };
        ExitCode::from(match error.class {
            Class::General => 1,
            Class::Refused => 3,
            Class::Unverifiable => 4,
            Class::Offline => 5,
        })
    }
}

/// A reader that went away is no failure of ours.
fn line(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}
