//! A download: parts fetched and opened in parallel, written in order, and put in place only when all of it is verified.

use std::fs::{File as DiskFile, OpenOptions};
use std::io::{ErrorKind, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bezel_crypto::file::{Blob, BlobHasher, FileCipher, HEADER_BYTES, Layout};
use bezel_protocol::FileId;
use bezel_protocol::content::FileAction;
use bezel_protocol::wire::FilePurpose;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use zeroize::Zeroizing;

use super::access::{allowed, revoked};
use super::part::{PART_CHUNKS, blob_bytes, chunks_from, plain_bytes};
use super::read::fetch;
use super::receipt;
use super::save::{exists, forget_partial, partial_path};
use super::source::blocking;
use super::transfer::{Guard, Stop, begin};
use super::upload::{fail, stopped};
use crate::cache;
use crate::cache::files::File;
use crate::cache::transfers::Download;
use crate::change::Change;
use crate::error::{Class, Error, Result};
use crate::member::Member;

/// Parts that are fetched ahead.
const AHEAD: usize = 2;
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(30);
const ATTEMPTS_ALONE: u32 = 6;

/// Moves a download until it is in its place. Answers where that is.
///
/// # Errors
/// When it was stopped, or fails; what is verified by then stays and need not be fetched again.
pub(super) async fn run(member: &Member, file: FileId) -> Result<PathBuf> {
    let guard = begin(member, file)?;
    let done = tokio::select! {
        done = persist(member, file, &guard) => done,
        stop = guard.stopped() => Err(stopped(stop)),
    };
    drop(guard);
    if let Err(error) = &done {
        fail(member, file, error).await?;
    }
    done
}

async fn persist(member: &Member, id: FileId, guard: &Guard<'_>) -> Result<PathBuf> {
    let (mut wait, mut failures, mut last_done) = (FIRST_WAIT, 0, 0);
    loop {
        let file = allowed(member, id, FilePurpose::Download).await?;
        let download = cache::transfers::get_download(&mut *member.cache.read().await?, id).await?.ok_or_else(|| stopped(Stop::Cancel))?;
        if download.done_chunks > last_done {
            (wait, failures, last_done) = (FIRST_WAIT, 0, download.done_chunks);
        }
        match attempt(member, &file, download, guard).await {
            Err(error) if error.class == Class::Offline => {
                failures += 1;
                if failures >= ATTEMPTS_ALONE && !member.is_followed() {
                    return Err(error);
                }
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(LONGEST_WAIT);
            }
            Ok(path) => {
                receipt::write(member, &file, FileAction::Download).await?;
                return Ok(path);
            }
            Err(error) => return Err(error),
        }
    }
}

async fn attempt(member: &Member, file: &File, mut download: Download, guard: &Guard<'_>) -> Result<PathBuf> {
    let layout = Layout::of_blob(file.ciphertext_bytes).map_err(bezel_crypto::file::BlobError::from)?;
    let header = fetch(member, file, FilePurpose::Download, 0..HEADER_BYTES as u64).await?;
    let key = file.key.as_ref().ok_or_else(revoked)?;
    let cipher = Arc::new(FileCipher::open(key, Blob { file: file.id, conversation: file.conversation }, &header)?);
    let mut disk = open_partial(&mut download, layout).await?;
    let mut done = download.done_chunks;
    guard.record(plain_bytes(layout, &(0..done)).end);
    let starts = (done..layout.chunks()).step_by(usize::try_from(PART_CHUNKS).unwrap_or(1));
    let mut parts = stream::iter(starts).map(|first| opened(member, file, &cipher, layout, first)).buffered(AHEAD);
    let mut hasher = download.hasher.clone();
    while let Some(part) = parts.next().await {
        let part = part?;
        done = part.next;
        (disk, hasher) = blocking(move || {
            let mut hasher = hasher;
            hasher.update(&part.sealed);
            disk.write_all(&part.plaintext).map_err(|error| disk_failed(&error))?;
            disk.sync_data().map_err(|error| disk_failed(&error))?;
            Ok((disk, hasher))
        })
        .await?;
        let mut tx = member.cache.begin().await?;
        cache::transfers::set_done(&mut tx, file.id, done, &hasher).await?;
        tx.commit().await?;
        guard.record(plain_bytes(layout, &(0..done)).end);
    }
    drop(parts);
    finish(member, file, &download, &hasher).await
}

/// A part that was fetched and verified.
struct Part {
    sealed: Bytes,
    plaintext: Zeroizing<Vec<u8>>,
    next: u64,
}

async fn opened(member: &Member, file: &File, cipher: &Arc<FileCipher>, layout: Layout, first: u64) -> Result<Part> {
    let _share = member.transfers.parts.acquire().await;
    let chunks = chunks_from(layout, first);
    let sealed = fetch(member, file, FilePurpose::Download, blob_bytes(layout, chunks.clone())).await?;
    let cipher = Arc::clone(cipher);
    blocking(move || {
        let plain = plain_bytes(layout, &chunks);
        let mut plaintext = Zeroizing::new(vec![0; usize::try_from(plain.end - plain.start).unwrap_or(0)]);
        let head = if chunks.start == 0 { HEADER_BYTES } else { 0 };
        cipher.open_chunks(layout, chunks.start, sealed.get(head..).unwrap_or_default(), &mut plaintext)?;
        Ok(Part { sealed, plaintext, next: chunks.end })
    })
    .await
}

/// The growing file, at the place where it goes on. Where it is gone or shorter than it should be, it begins anew.
async fn open_partial(download: &mut Download, layout: Layout) -> Result<DiskFile> {
    let path = partial_path(download);
    let done = plain_bytes(layout, &(0..download.done_chunks)).end;
    let (disk, is_whole) = blocking(move || {
        let room = fs4::available_space(path.parent().unwrap_or(Path::new("."))).unwrap_or(u64::MAX);
        let needed = layout.size() - done;
        if room < needed {
            return Err(no_room(needed, room));
        }
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).read(true).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut disk = options.open(&path).map_err(|error| disk_failed(&error))?;
        let is_whole = disk.metadata()?.len() >= done;
        let start = if is_whole { done } else { 0 };
        disk.set_len(start).map_err(|error| disk_failed(&error))?;
        disk.seek(SeekFrom::Start(start))?;
        Ok((disk, is_whole))
    })
    .await?;
    if !is_whole {
        (download.done_chunks, download.hasher) = (0, BlobHasher::default());
    }
    Ok(disk)
}

/// Everything is there: the hash of the whole is compared, and the file gets its name.
async fn finish(member: &Member, file: &File, download: &Download, hasher: &BlobHasher) -> Result<PathBuf> {
    let is_right = hasher.finish() == file.ciphertext_sha256;
    let (partial, path, replace) = (partial_path(download), download.path.clone(), download.replace);
    if !is_right {
        forget_partial(download);
    } else {
        blocking(move || put_in_place(&partial, &path, replace)).await?;
    }
    let mut tx = member.cache.begin().await?;
    cache::transfers::delete_download(&mut tx, file.id).await?;
    tx.commit().await?;
    member.changed([Change::Transfers, Change::Files]);
    if is_right {
        return Ok(download.path.clone());
    }
    Err(Error::unverifiable(
        "wrong_hash",
        "The file is not the one that was announced: its SHA-256 differs.",
        "Nothing of it was kept: ask the sender to send it again.",
    ))
}

fn put_in_place(partial: &Path, path: &Path, replace: bool) -> Result<()> {
    if replace {
        std::fs::rename(partial, path)?;
    } else {
        match std::fs::hard_link(partial, path) {
            Ok(()) => std::fs::remove_file(partial)?,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(exists(path)),
            // A file system without links: it was looked at just before.
            Err(_) if !path.exists() => std::fs::rename(partial, path)?,
            Err(_) => return Err(exists(path)),
        }
    }
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        DiskFile::open(folder)?.sync_all()?;
    }
    Ok(())
}

fn disk_failed(error: &std::io::Error) -> Error {
    if error.kind() == ErrorKind::StorageFull || error.kind() == ErrorKind::QuotaExceeded {
        return Error::new("disk_full", "The disk is full.", "Free some space, then resume: what came so far is kept.");
    }
    Error::new("disk", format!("The disk refused: {error}."), "Check the rights of the folder, or choose another, then resume.")
}

fn no_room(needed: u64, room: u64) -> Error {
    Error::new(
        "disk_full",
        format!("The disk has {room} bytes left; the file needs {needed}."),
        "Free some space or choose another disk, then resume: what came so far is kept.",
    )
}
