//! The rules of the tree itself.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a rule that can't be checked is a failed test")]

mod imports;
mod layers;
mod plans;
mod schema;
mod security;
mod tidy;
