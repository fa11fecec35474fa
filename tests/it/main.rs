//! The rules of the tree itself.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a rule that can't be checked is a failed test")]

mod imports;
mod schema;
mod tidy;
