//! Search in every script, on the member's own machine.
//!
//! Text and query pass the same [fold](fold()), so that spelling, case and Unicode form make no difference. The folded text is cut into
//! tokens: words, numbers, symbols, and overlapping pairs of characters where a script has no spaces. The tokens go to a full-text
//! table that keeps no text; its row numbers rise with time, so that the newest hits come first without sorting.

mod fold;
mod index;
mod letters;
mod marks;
mod names;
mod query;
mod refill;
mod tokens;

#[cfg(test)]
mod tests;

pub use fold::{Folded, Piece, fold};
pub use index::{find, forget, index, number};
pub use names::{Needle, Rank, fold_name};
pub use query::{NothingToFind, Query};

pub(crate) use refill::{prepare, refill};
