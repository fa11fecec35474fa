//! Files: sent, fetched, shown, listed, followed and withdrawn.
//!
//! A file is encrypted part by part on its way: neither its size nor the number of files at once sets how much memory is used. What
//! stands in the cache is enough to go on after a crash at any byte.

mod access;
mod announce;
mod download;
mod list;
mod log;
mod meter;
mod name;
mod open;
mod part;
mod read;
mod receipt;
mod render;
mod revoke;
mod save;
mod send;
mod source;
mod transfer;
mod upload;
mod work;

pub use list::{FileFilter, FileKind, FileOrder, FilePage, FileState, FileView, list, show};
pub use log::{FileLogLine, FileLogView, FileProof, log};
pub use name::safe_name;
pub use open::{clean_copies, open_copy};
pub use read::{FileReader, MAX_READ_BYTES, read};
pub use render::render;
pub use revoke::{revoke, revoke_for};
pub use save::{SaveTo, Saved, queue_save, save};
pub use send::{SentFile, Share, queue_send, queue_staged, send};
pub use source::{Attachment, MAX_STAGED_BYTES, Staged, attachment, discard, stage};
pub use transfer::{Direction, TransferState, TransferView, cancel, pause, resume, transfers};
pub use work::work;

pub(crate) use announce::accept;
pub(crate) use list::view;
pub(crate) use name::is_hidden;
pub(crate) use transfer::Transfers;
