//! Hands a file to another program: a plaintext copy leaves Bezel, and is removed again.

use std::path::PathBuf;

use bezel_protocol::FileId;
use bezel_protocol::wire::FilePurpose;

use super::access::allowed;
use super::name::safe_name;
use super::save::{SaveTo, save};
use crate::error::Result;
use crate::home::Home;
use crate::member::Member;

/// Saves a copy for another program into a private folder, which [`clean_copies`] empties. Whoever calls has warned the person.
///
/// # Errors
/// As [`save`].
pub async fn open_copy(member: &Member, id: FileId) -> Result<PathBuf> {
    let file = allowed(member, id, FilePurpose::Download).await?;
    let folder = member.home.copies().join(id.to_string());
    crate::home::create_private_folder(&folder)?;
    let path = folder.join(safe_name(&file.name));
    save(member, id, &SaveTo { path: path.clone(), replace: true }).await?;
    Ok(path)
}

/// Removes every copy that was handed to another program: called when the app starts and ends.
///
/// # Errors
/// When the disk refuses.
pub fn clean_copies(home: &Home) -> Result<()> {
    match std::fs::remove_dir_all(home.copies()) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        Err(_) | Ok(()) => Ok(()),
    }
}
