//! The model searched, walked, and shown to need each of its rules.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test fails where it panics, and says how much it searched"
)]

mod mutations;
mod refuted;
mod search;
mod walk;
