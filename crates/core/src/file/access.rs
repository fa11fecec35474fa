//! Whether this member may have a file now.

use bezel_protocol::FileId;
use bezel_protocol::wire::FilePurpose;

use crate::cache::files::{self, File};
use crate::error::{Error, Result};
use crate::member::Member;

/// The file, if it may be had for this purpose.
///
/// # Errors
/// When it is unknown, for others, withdrawn, at its end, or only to be looked at.
pub(super) async fn allowed(member: &Member, id: FileId, purpose: FilePurpose) -> Result<File> {
    let file = known(member, id).await?;
    if file.revoked_at_ms.is_some() {
        return Err(revoked());
    }
    if file.expires_at_ms.is_some_and(|at_ms| at_ms <= member.now_ms()) {
        return Err(Error::refused("file_expired", "The time of this file is over.", "Ask its sender to send it again."));
    }
    if file.key.is_none() {
        return Err(Error::refused("not_for_you", "This file was sent to others.", "Ask its sender for it."));
    }
    if purpose == FilePurpose::Download && file.view_only && file.user != member.user() {
        return Err(Error::refused("view_only", "This file may be looked at, not saved.", "Ask its sender to allow it."));
    }
    Ok(file)
}

/// A file that was announced.
pub(super) async fn known(member: &Member, id: FileId) -> Result<File> {
    files::get(&mut *member.cache.read().await?, id)
        .await?
        .ok_or_else(|| Error::new("no_file", "There is no such file on this device.", "Synchronise, or look at the list: bezel file list."))
}

pub(super) fn revoked() -> Error {
    Error::refused("file_revoked", "This file was withdrawn.", "Ask its sender to send it again.")
}
