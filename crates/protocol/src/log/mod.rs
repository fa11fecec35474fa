//! The log of a conversation: one gapless, hash-chained sequence of everything that happened in it.
//!
//! The relay gives each entry the next place and a time, and chains them. Each device computes the chain itself, from the spine: kind,
//! time, roster head and hash of every entry. What an author signs names the newest place that the author has computed ([`Place`]), so that two
//! histories of one conversation can't be kept apart once an entry crosses.

mod begin;
mod chain;
mod commit;
mod head;
mod leave;
mod lost;
mod restored;

pub use begin::Begin;
pub use chain::{EntryKind, Place, SPINE_ENTRY_BYTES, Spine, SpineEntry};
pub use commit::{CommitContext, SignedCommit};
pub use head::{Generation, SignedHead};
pub use leave::Leave;
pub use lost::{LostBranch, LostChange, MAX_LOST};
pub use restored::Restored;
