//! What is printed, and how a failure ends.

use std::io::Write;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

use bezel_core::{AppError, Class, Error};
use serde::Serialize;

use crate::terminal;

/// How many rows of a long list are held in memory at once.
pub(crate) const PAGE: u32 = 200;

/// JSON or text, to the standard output; errors to the standard error.
pub(crate) struct Output {
    json: bool,
    out: Mutex<Box<dyn Write + Send>>,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self::to(json, std::io::stdout())
    }

    pub(crate) fn to(json: bool, out: impl Write + Send + 'static) -> Self {
        Self { json, out: Mutex::new(Box::new(out)) }
    }

    /// A reader that went away is no failure of ours.
    fn line(&self, text: &str) {
        let _ = writeln!(self.out.lock().unwrap_or_else(PoisonError::into_inner), "{text}");
    }

    pub(crate) const fn is_json(&self) -> bool {
        self.json
    }

    /// Something by the way, to the standard error.
    pub(crate) fn note(&self, text: &str) {
        let _ = writeln!(std::io::stderr().lock(), "{}", terminal::lines(text));
    }

    /// The last line of a list that goes on: where, and how to ask for it.
    pub(crate) fn earlier<T: Serialize>(&self, earlier: &T, ask: &str) {
        #[derive(Serialize)]
        struct Earlier<'a, T> {
            earlier: &'a T,
        }
        self.object(&Earlier { earlier }, |_| format!("There is more: {ask}"));
    }

    /// One object.
    pub(crate) fn object<T: Serialize>(&self, value: &T, text: impl FnOnce(&T) -> String) {
        if self.json { self.line(&serde_json::to_string(value).unwrap_or_default()) } else { self.line(&terminal::harmless(&text(value))) }
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
            writeln!(stderr, "{}\n{}", terminal::lines(&error.message), terminal::lines(&error.next_step))
        };
        ExitCode::from(match error.class {
            Class::General | Class::Disk => 1,
            Class::Refused => 3,
            Class::Unverifiable => 4,
            Class::Offline => 5,
        })
    }
}
