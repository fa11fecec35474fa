//! Saves files to this machine's disk.

use std::path::{Path, PathBuf};

use bezel_crypto::file::BlobHasher;
use bezel_protocol::FileId;
use bezel_protocol::wire::FilePurpose;
use serde::Serialize;
use ts_rs::TS;

use super::access::allowed;
use super::name::safe_name;
use super::{download, transfer};
use crate::cache;
use crate::cache::transfers::{Download, Standing};
use crate::change::Change;
use crate::error::{Error, Result};
use crate::member::Member;

/// Where a file is saved to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaveTo {
    /// A file, or a folder that takes it under its own name, made safe.
    pub path: PathBuf,
    /// Whether a file that stands there may be replaced.
    pub replace: bool,
}

/// A file that is on the disk, whole and verified.
#[derive(Debug, Clone, Serialize, TS)]
pub struct Saved {
    /// The file.
    pub file: String,
    /// Where it is.
    pub path: String,
    /// How many bytes it has.
    #[ts(type = "number")]
    pub size_bytes: u64,
    /// Whether it goes on from an earlier attempt.
    pub resumed: bool,
}

/// Saves a file, and waits until it is there. What an earlier attempt fetched is not fetched again.
///
/// # Errors
/// When this member may not have it, the disk refuses, or the relay can't be reached or hands out something else; then the same call
/// goes on from where it stopped.
pub async fn save(member: &Member, file: FileId, to: &SaveTo) -> Result<Saved> {
    let resumed = queue_save(member, file, to).await?;
    let path = download::run(member, file).await?;
    let size_bytes = allowed(member, file, FilePurpose::Preview).await.map_or(0, |file| file.size_bytes);
    Ok(Saved { file: file.to_string(), path: path.to_string_lossy().into_owned(), size_bytes, resumed })
}

/// Notes a file to be saved by [`super::work()`]. Answers whether it goes on from an earlier attempt.
///
/// # Errors
/// When this member may not have it, or something stands where it would be saved.
pub async fn queue_save(member: &Member, id: FileId, to: &SaveTo) -> Result<bool> {
    let file = allowed(member, id, FilePurpose::Download).await?;
    let mut path = std::path::absolute(&to.path)?;
    if path.is_dir() {
        path = free_name(&path, &safe_name(&file.name));
    }
    if !to.replace && path.exists() {
        return Err(exists(&path));
    }
    if path.to_str().is_none() {
        return Err(Error::new("unreadable_name", "The path is no text.", "Choose a folder with a plain name."));
    }
    if !path.parent().is_some_and(Path::is_dir) {
        return Err(Error::new("no_folder", "The folder does not exist.", "Make it first, or choose another."));
    }
    let earlier = cache::transfers::get_download(&mut *member.cache.read().await?, id).await?;
    if let Some(earlier) = earlier.filter(|earlier| earlier.path == path || to.path.is_dir()) {
        if !member.transfers.is_running(id) {
            transfer::resume(member, id).await?;
        }
        return Ok(earlier.done_chunks > 0);
    }
    let download = Download {
        file: id,
        path,
        replace: to.replace,
        done_chunks: 0,
        hasher: BlobHasher::default(),
        standing: Standing::Waiting,
        problem: None,
        created_at_ms: member.now_ms(),
    };
    let mut tx = member.cache.begin().await?;
    if let Some(other) = cache::transfers::get_download(&mut tx, id).await? {
        forget_partial(&other);
    }
    cache::transfers::put_download(&mut tx, &download).await?;
    tx.commit().await?;
    member.changed([Change::Transfers]);
    member.transfers.woken.notify_one();
    Ok(false)
}

pub(super) fn exists(path: &Path) -> Error {
    Error::new(
        "exists",
        format!("There is something called {:?} already.", path.file_name().unwrap_or_default()),
        "Choose another name, or allow it to be replaced.",
    )
}

/// A name in a folder that is not taken: "ring.jpg", "ring (2).jpg", …
fn free_name(folder: &Path, name: &str) -> PathBuf {
    let (stem, ending) = match name.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() => (stem, format!(".{ending}")),
        _ => (name, String::new()),
    };
    let numbered = (2..).map(|number| folder.join(format!("{stem} ({number}){ending}")));
    std::iter::once(folder.join(name)).chain(numbered).find(|path| !path.exists()).unwrap_or_else(|| folder.join(name))
}

/// Where a download grows until it is whole: beside its place, hidden, and named for its file alone.
pub(super) fn partial_path(download: &Download) -> PathBuf {
    download.path.with_file_name(format!(".bezel-{}.part", download.file))
}

/// Removes what the disk has of a download.
pub(super) fn forget_partial(download: &Download) {
    // It may never have been begun.
    let _ = std::fs::remove_file(partial_path(download));
}
