//! An upload: read, sealed, hashed and sent part by part; while one part travels, the next is made.

use std::sync::Arc;
use std::time::Duration;

use bezel_crypto::file::{Blob, BlobHasher, FileCipher, Layout};
use bezel_protocol::wire::code;
use bezel_protocol::{FileId, Hash, MessageId};
use bytes::Bytes;

use super::part::{blob_bytes, chunk_at, chunks_from, plain_bytes, seal};
use super::source::{Source, blocking, changed, is_changed};
use super::transfer::{Guard, Stop, begin};
use super::{announce, send, source};
use crate::cache;
use crate::cache::transfers::{Standing, Upload};
use crate::change::Change;
use crate::error::{Class, Error, Result};
use crate::member::Member;
use crate::relay::RelayError;

/// After a failure the waiting time doubles from the first to the second.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// Without a loop that keeps the member in step, nobody waits longer than this many failures in a row.
const ATTEMPTS_ALONE: u32 = 6;
/// A file that changes on the way is begun anew so often.
const STARTS: usize = 3;

/// Moves an upload until it is announced. Answers the file and the message.
///
/// # Errors
/// When it was stopped, or fails; it then goes on from where it is.
pub(super) async fn run(member: &Member, file: FileId) -> Result<(FileId, MessageId)> {
    let mut file = match of_former(member, file).await? {
        Some(upload) => match send::start_over(member, upload).await {
            Err(error) => {
                fail(member, file, &error).await?;
                return Err(error);
            }
            Ok(file) => file,
        },
        None => file,
    };
    for _ in 0..STARTS {
        let guard = begin(member, file)?;
        let done = tokio::select! {
            done = persist(member, file, &guard) => done,
            stop = guard.stopped() => Err(stopped(stop)),
        };
        drop(guard);
        match done {
            Err(error) if is_changed(&error) => match cache::transfers::get_upload(&mut *member.cache.read().await?, file).await? {
                Some(upload) => file = send::start_over(member, upload).await?,
                None => return Err(error),
            },
            Err(error) => {
                fail(member, file, &error).await?;
                return Err(error);
            }
            Ok(message) => return Ok((file, message)),
        }
    }
    let error = Error::new(
        "file_changes",
        "The file changes while it is being sent, again and again.",
        "Close the program that writes it, or send a copy.",
    );
    fail(member, file, &error).await?;
    Err(error)
}

/// An upload that another device began, which this home was before: nobody would take it from this one.
async fn of_former(member: &Member, file: FileId) -> Result<Option<Upload>> {
    let upload = cache::transfers::get_upload(&mut *member.cache.read().await?, file).await?;
    Ok(upload.filter(|upload| !upload.file.is_of(upload.conversation, member.device())))
}

/// Tries again after failures of the network.
async fn persist(member: &Member, file: FileId, guard: &Guard<'_>) -> Result<MessageId> {
    let (mut wait, mut failures) = (FIRST_WAIT, 0);
    loop {
        let upload = cache::transfers::get_upload(&mut *member.cache.read().await?, file).await?.ok_or_else(|| stopped(Stop::Cancel))?;
        let before = upload.sent_bytes;
        match attempt(member, upload, guard).await {
            Err(error) if error.class == Class::Offline => {
                let now = cache::transfers::get_upload(&mut *member.cache.read().await?, file).await?.map(|upload| upload.sent_bytes);
                if now.is_some_and(|now| now > before) {
                    (wait, failures) = (FIRST_WAIT, 0);
                }
                failures += 1;
                if failures >= ATTEMPTS_ALONE && !member.is_followed() {
                    return Err(error);
                }
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(LONGEST_WAIT);
            }
            done => return done,
        }
    }
}

async fn attempt(member: &Member, upload: Upload, guard: &Guard<'_>) -> Result<MessageId> {
    let layout = Layout::of_size(upload.manifest.size_bytes).map_err(bezel_crypto::file::BlobError::from)?;
    let source = source::open(member, upload.file, &upload.source, layout.size()).await?;
    let cipher = Arc::new(FileCipher::open(&upload.key, Blob { file: upload.file, conversation: upload.conversation }, &upload.header)?);
    let total = layout.blob_bytes();
    let offset = begin_or_go_on(member, &upload, total).await?;
    guard.record(offset);
    let sender = Sender { member, source, cipher, layout, file: upload.file };
    let first = chunk_at(layout, upload.sent_bytes).ok_or_else(changed)?;
    let mut part = sender.prepare(first, upload.hasher, upload.pending).await?;
    // The relay may have got more than we heard of, but never anything but what was prepared.
    if offset < part.start || offset > part.start + part.bytes.len() as u64 {
        return Err(changed());
    }
    let mut skip = usize::try_from(offset - part.start).map_err(|_| changed())?;
    loop {
        sender.keep(&part).await?;
        let next = async {
            if part.next < layout.chunks() { sender.prepare(part.next, part.after.clone(), None).await.map(Some) } else { Ok(None) }
        };
        let (sent, next) = tokio::join!(sender.send(&part, skip), next);
        guard.record(sent?);
        match next? {
            Some(next) => (part, skip) = (next, 0),
            None => return announce::announce(member, upload.file, part.after.finish()).await,
        }
    }
}

/// Where the relay stands with this upload; one of which nothing went out yet is begun.
async fn begin_or_go_on(member: &Member, upload: &Upload, total: u64) -> Result<u64> {
    if upload.pending.is_some() {
        // None: the relay has forgotten it.
        return member.client.upload_offset(upload.file).await?.ok_or_else(changed);
    }
    match member.client.begin_upload(upload.file, upload.conversation, total, &upload.access).await {
        Ok(()) => Ok(0),
        Err(error) if error.is(code::TOO_LARGE) => {
            let limits = member.client.file_limits().await?;
            Err(Error::refused(
                "file_too_large",
                format!("The relay takes files of at most {} bytes; this one has {total}.", limits.max_file_bytes),
                "Send it in parts, or ask whoever runs the relay to allow more (--max-file-bytes).",
            ))
        }
        Err(error) if error.is(code::NO_ROOM) => {
            let limits = member.client.file_limits().await?;
            let left = limits.max_workspace_bytes.saturating_sub(limits.used_bytes);
            Err(Error::refused(
                "no_room",
                format!("The relay has no room for a file of {total} bytes (the workspace has {left} left)."),
                "Withdraw files that are no longer needed, or ask whoever runs the relay for more room (--max-workspace-bytes, or a larger disk).",
            ))
        }
        Err(error) => Err(error.into()),
    }
}

/// A sealed part.
struct Part {
    /// Where it begins in the blob.
    start: u64,
    bytes: Bytes,
    /// The hash of the blob before it, and after it.
    before: BlobHasher,
    after: BlobHasher,
    /// The first chunk of the part after it.
    next: u64,
}

struct Sender<'a> {
    member: &'a Member,
    source: Source,
    cipher: Arc<FileCipher>,
    layout: Layout,
    file: FileId,
}

impl Sender<'_> {
    /// Reads, seals and hashes the part that begins with chunk `first`. `expected` is the hash of the blob after it, where it may have
    /// gone out before.
    ///
    /// # Errors
    /// When the content is no longer what it was: sealing it again under the same key and numbers would give its difference away.
    async fn prepare(&self, first: u64, before: BlobHasher, expected: Option<Hash>) -> Result<Part> {
        let _share = self.member.transfers.parts.acquire().await;
        let (layout, cipher, chunks) = (self.layout, Arc::clone(&self.cipher), chunks_from(self.layout, first));
        let plaintext = self.source.read(self.member, plain_bytes(layout, &chunks)).await?;
        blocking(move || {
            let bytes = seal(&cipher, layout, chunks.clone(), &plaintext)?;
            let mut after = before.clone();
            after.update(&bytes);
            if expected.is_some_and(|expected| expected != after.finish()) {
                return Err(changed());
            }
            let start = blob_bytes(layout, chunks.clone()).start;
            Ok(Part { start, bytes: bytes.into(), before, after, next: chunks.end })
        })
        .await
    }

    /// Remembers which part goes out, before it does.
    async fn keep(&self, part: &Part) -> Result<()> {
        let mut tx = self.member.cache.begin().await?;
        cache::transfers::set_sent(&mut tx, self.file, part.start, &part.before, part.after.finish()).await?;
        tx.commit().await
    }

    /// Sends what the relay does not have of a part. Answers how much of the blob it has then.
    async fn send(&self, part: &Part, skip: usize) -> Result<u64> {
        let end = part.start + part.bytes.len() as u64;
        let mut offset = part.start + skip as u64;
        while offset < end {
            let rest = part.bytes.slice(usize::try_from(offset - part.start).unwrap_or(part.bytes.len())..);
            let now = match self.member.client.upload_part(self.file, offset, rest).await {
                Ok(now) => now,
                // Deleted by its owner on another device, or by an admin.
                Err(error) if error.is_gone() => return Err(gone()),
                Err(RelayError::Refused(refusal)) if refusal.code == code::CONFLICT => {
                    return Err(Error::offline("another upload of the same file has not ended yet"));
                }
                Err(error) => return Err(error.into()),
            };
            if now <= offset || now > end {
                return Err(RelayError::Nonsense("it does not take the upload as it is".into()).into());
            }
            offset = now;
        }
        Ok(end)
    }
}

fn gone() -> Error {
    Error::refused("upload_gone", "The relay no longer knows this upload.", "Send the file again.")
}

/// Keeps the reason where a person sees it; what was stopped or is offline goes on by itself.
pub(super) async fn fail(member: &Member, file: FileId, error: &Error) -> Result<()> {
    if error.class == Class::Offline || error.code == "paused" || error.code == "cancelled" {
        return Ok(());
    }
    let mut tx = member.cache.begin().await?;
    cache::transfers::set_standing(&mut tx, file, Standing::Failed, Some(&format!("{} {}", error.message, error.next_step))).await?;
    tx.commit().await?;
    member.changed([Change::Transfers]);
    Ok(())
}

pub(super) fn stopped(stop: Stop) -> Error {
    match stop {
        Stop::Pause => Error::new("paused", "The transfer was paused.", "Resume it to go on."),
        Stop::Cancel => Error::new("cancelled", "The transfer was cancelled.", "Begin it again if you need it."),
    }
}
