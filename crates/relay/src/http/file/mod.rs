//! Files: up by tus 1.0, down by ranges, who gets them, who got them.

mod access;
mod append;
mod content;
mod create;
mod delete;
mod limits;
mod log;
mod metadata;
mod offset;
mod options;
mod range;
mod refuse;
mod rest;
mod tus;

use bezel_protocol::FileId;

pub(crate) use access::{access, put_access};
pub(crate) use append::append;
pub(crate) use content::content;
pub(crate) use create::create;
pub(crate) use delete::delete;
pub(crate) use limits::limits;
pub(crate) use log::log;
pub(crate) use offset::offset;
pub(crate) use options::options;
pub(crate) use rest::hear_out;
pub(crate) use tus::say_version;

use super::Refusal;

/// An id in a path; anything else is not there. What comes of it is hexadecimal again: no text of a request is ever part of a name of a file.
fn file(text: &str) -> Result<FileId, Refusal> {
    text.parse().map_err(|_| Refusal::not_found())
}
