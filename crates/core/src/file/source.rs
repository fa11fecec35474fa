//! Where the content of a file comes from: a path, memory, or another file on the relay.

use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Read as _, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::UNIX_EPOCH;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bezel_media::{Limits, describe, recognise};
use bezel_protocol::FileId;
use bezel_protocol::content::{MAX_FILE_NAME_BYTES, Picture, Thumbnail};
use bezel_protocol::wire::FilePurpose;
use serde::Serialize;
use ts_rs::TS;

use super::read::{self, FileReader};
use crate::cache::transfers::SourceName;
use crate::error::{Error, Result};
use crate::member::Member;
use crate::vault;

/// Bytes in memory that wait to be sent: what was pasted, or dropped out of another program.
#[derive(Debug, Clone, Serialize, TS)]
pub struct Staged {
    /// By which [`super::Share`] names them.
    pub id: String,
    /// What they look like.
    pub attachment: Attachment,
}

/// A file that is about to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct Attachment {
    /// Its name.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// Its size in bytes.
    #[ts(type = "number")]
    pub size_bytes: u64,
    /// Pixels across, of a picture.
    pub width: Option<u32>,
    /// Pixels down, of a picture.
    pub height: Option<u32>,
    /// A small picture, as a data URL.
    pub thumbnail: Option<String>,
}

/// The most bytes that are kept in memory; what is larger is sent from the disk.
pub const MAX_STAGED_BYTES: usize = 256 * 1024 * 1024;

/// What a file is, found out on this machine.
pub(super) struct Described {
    pub(super) name: String,
    pub(super) media_type: String,
    pub(super) size_bytes: u64,
    pub(super) picture: Option<Picture>,
}

/// A source that is open.
#[derive(Clone)]
pub(super) enum Source {
    Path(Arc<Mutex<File>>),
    Memory(Arc<Vec<u8>>),
    File(Arc<FileReader>),
}

/// Says what a file on this machine is, before it is sent.
///
/// # Errors
/// When it can't be read, or is no file.
pub async fn attachment(path: PathBuf) -> Result<Attachment> {
    blocking(move || Ok(view(&describe_path(&path)?))).await
}

/// Keeps bytes in memory, to be sent. Nothing is written to the disk.
///
/// # Errors
/// When they are too many.
pub async fn stage(member: &Member, name: &str, bytes: Vec<u8>) -> Result<Staged> {
    if bytes.len() > MAX_STAGED_BYTES {
        return Err(Error::new(
            "too_large_to_paste",
            "This is too large to be pasted (more than 256 MiB).",
            "Save it as a file and attach that.",
        ));
    }
    let id = FileId::new(member.now_ms(), vault::id_bytes(&mut member.rng())?);
    let bytes = Arc::new(bytes);
    let (name, content) = (name.to_owned(), Arc::clone(&bytes));
    let described = blocking(move || describe_content(Cursor::new(content.as_slice()), &name, content.len() as u64)).await?;
    member.transfers.stage(id, bytes);
    Ok(Staged { id: id.to_string(), attachment: view(&described) })
}

/// Forgets bytes that are not sent after all.
pub fn discard(member: &Member, staged: FileId) {
    member.transfers.unstage(staged);
}

/// What a file on the disk is, and its time of change in nanoseconds.
pub(super) fn describe_path(path: &Path) -> Result<Described> {
    let (file, size_bytes, _) = open_path(path)?;
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .ok_or_else(|| Error::new("unreadable_name", "The name of this file is no text.", "Give it another name and try again."))?;
    describe_content(BufReader::new(file), name, size_bytes)
}

/// What bytes in memory are.
pub(super) fn describe_staged(bytes: &[u8], name: &str) -> Result<Described> {
    describe_content(Cursor::new(bytes), name, bytes.len() as u64)
}

fn describe_content(mut reader: impl BufRead + Seek, name: &str, size_bytes: u64) -> Result<Described> {
    if name.len() > MAX_FILE_NAME_BYTES {
        return Err(Error::new("name_too_long", "The name of this file is too long (more than 1024 bytes).", "Give it a shorter name."));
    }
    let mut head = Vec::new();
    reader.by_ref().take(8192).read_to_end(&mut head)?;
    let media_type = recognise(&head, name);
    reader.seek(SeekFrom::Start(0))?;
    // A picture that can't be decoded, or is too large to be, is sent all the same: without a thumbnail.
    let picture = describe(reader, &media_type, &Limits::default()).ok().flatten().map(|described| Picture {
        width: described.width,
        height: described.height,
        thumbnail: Some(Thumbnail { media_type: described.thumbnail.media_type.to_owned(), data: described.thumbnail.data.into() }),
    });
    Ok(Described { name: name.to_owned(), media_type, size_bytes, picture })
}

fn view(described: &Described) -> Attachment {
    let picture = described.picture.as_ref();
    Attachment {
        name: described.name.clone(),
        media_type: described.media_type.clone(),
        size_bytes: described.size_bytes,
        width: picture.map(|picture| picture.width),
        height: picture.map(|picture| picture.height),
        thumbnail: picture.and_then(|picture| picture.thumbnail.as_ref()).map(data_url),
    }
}

/// A thumbnail as the web view shows it.
pub(super) fn data_url(thumbnail: &Thumbnail) -> String {
    format!("data:{};base64,{}", thumbnail.media_type, STANDARD.encode(&thumbnail.data))
}

/// Opens a regular file; answers its size, and its time of change in nanoseconds.
pub(super) fn open_path(path: &Path) -> Result<(File, u64, i64)> {
    let refused = |reason: &str| {
        Error::new(
            "unreadable_file",
            format!("{:?} can't be read: {reason}.", path.file_name().unwrap_or(path.as_os_str())),
            "Check that it is there and that you may read it.",
        )
    };
    // Looked at before it is opened: opening a pipe would wait for its other end.
    let metadata = std::fs::metadata(path).map_err(|error| refused(&error.to_string()))?;
    if !metadata.is_file() {
        return Err(refused("it is no file"));
    }
    let file = File::open(path).map_err(|error| refused(&error.to_string()))?;
    let metadata = file.metadata().map_err(|error| refused(&error.to_string()))?;
    let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let modified_ns = modified.and_then(|since| i64::try_from(since.as_nanos()).ok()).unwrap_or(0);
    Ok((file, metadata.len(), modified_ns))
}

/// Opens a source, which must be as it was when it was described.
///
/// # Errors
/// When it is gone, or `changed` since.
pub(super) async fn open(member: &Member, file: FileId, name: &SourceName, size_bytes: u64) -> Result<Source> {
    match name {
        SourceName::Path(path, modified_ns) => {
            let (path, modified_ns) = (path.clone(), *modified_ns);
            blocking(move || {
                let (file, size, modified) = open_path(&path)?;
                if (size, modified) == (size_bytes, modified_ns) { Ok(Source::Path(Arc::new(Mutex::new(file)))) } else { Err(changed()) }
            })
            .await
        }
        SourceName::Memory => {
            member.transfers.staged(file).map(Source::Memory).ok_or_else(|| {
                Error::new("no_longer_in_memory", "What was pasted is no longer in memory.", "Cancel this and paste it again.")
            })
        }
        SourceName::File(other) => Ok(Source::File(Arc::new(read::open(member, *other, FilePurpose::Preview).await?))),
    }
}

/// The content is no longer what it was when the sending began.
pub(super) fn changed() -> Error {
    Error::new("file_changed", "The file was changed while it was being sent.", "Send it again.")
}

/// Whether an error is [`changed`].
pub(super) fn is_changed(error: &Error) -> bool {
    error.code == "file_changed"
}

impl Source {
    /// Reads a range, which must be there whole.
    pub(super) async fn read(&self, member: &Member, range: Range<u64>) -> Result<Vec<u8>> {
        match self {
            Self::Path(file) => {
                let file = Arc::clone(file);
                blocking(move || {
                    let length = usize::try_from(range.end - range.start).map_err(|_| changed())?;
                    let mut bytes = vec![0; length];
                    let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                    file.seek(SeekFrom::Start(range.start))?;
                    file.read_exact(&mut bytes).map_err(|_| changed())?;
                    Ok(bytes)
                })
                .await
            }
            Self::Memory(bytes) => {
                let range = usize::try_from(range.start).ok().zip(usize::try_from(range.end).ok());
                range.and_then(|(start, end)| bytes.get(start..end)).map(<[u8]>::to_vec).ok_or_else(changed)
            }
            Self::File(reader) => reader.read(member, range).await,
        }
    }
}

/// Work for the disk or the processor, away from the threads that wait for the network.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Error::new("internal", format!("A task ended: {error}."), "Try again."))?
}
