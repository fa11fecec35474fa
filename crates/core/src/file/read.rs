//! Reads a file on the relay, any range, without anything of it touching the disk.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use bezel_crypto::file::{Blob, CHUNK_BYTES, FileCipher, HEADER_BYTES, Layout};
use bezel_protocol::FileId;
use bezel_protocol::content::FileAction;
use bezel_protocol::wire::FilePurpose;
use zeroize::Zeroizing;

use super::access::{allowed, revoked};
use super::receipt;
use super::source::blocking;
use crate::cache::files::File;
use crate::error::{Error, Result};
use crate::member::Member;
use crate::relay::RelayError;

/// A file that is open for reading.
pub struct FileReader {
    file: File,
    purpose: FilePurpose,
    layout: Layout,
    cipher: Arc<FileCipher>,
    /// The chunks that were read last: a player asks for small ranges one after the other.
    last: Mutex<Option<Block>>,
}

#[derive(Clone)]
struct Block {
    start: u64,
    bytes: Arc<Zeroizing<Vec<u8>>>,
}

/// So much is fetched at least: 64 chunks.
const BLOCK_CHUNKS: u64 = 64;
/// The most bytes of one answer.
pub const MAX_READ_BYTES: u64 = 4 * 1024 * 1024;

/// Opens a file to be shown, and says so to its sender.
///
/// # Errors
/// When this member may not see it, or the relay does not hand it out.
pub async fn read(member: &Member, file: FileId) -> Result<FileReader> {
    let reader = open(member, file, FilePurpose::Preview).await?;
    receipt::write(member, &reader.file, FileAction::Preview).await?;
    Ok(reader)
}

/// Opens a file.
pub(super) async fn open(member: &Member, id: FileId, purpose: FilePurpose) -> Result<FileReader> {
    let file = allowed(member, id, purpose).await?;
    let layout = Layout::of_blob(file.ciphertext_bytes).map_err(bezel_crypto::file::BlobError::from)?;
    let header = fetch(member, &file, purpose, 0..HEADER_BYTES as u64).await?;
    let key = file.key.as_ref().ok_or_else(revoked)?;
    let cipher = FileCipher::open(key, Blob { file: id, conversation: file.conversation }, &header)?;
    Ok(FileReader { file, purpose, layout, cipher: Arc::new(cipher), last: Mutex::default() })
}

/// Bytes of a blob, as its manifest says how long it is.
pub(super) async fn fetch(member: &Member, file: &File, purpose: FilePurpose, range: Range<u64>) -> Result<bytes::Bytes> {
    match member.client.blob(file.id, purpose, range, file.ciphertext_bytes).await {
        Ok(bytes) => Ok(bytes),
        Err(error @ (RelayError::Offline(_) | RelayError::WrongBlob)) => Err(error.into()),
        Err(error) if error.is_gone() => Err(revoked()),
        Err(error) => Err(error.into()),
    }
}

impl FileReader {
    /// The size of the file in bytes.
    #[must_use]
    pub const fn size_bytes(&self) -> u64 {
        self.layout.size()
    }

    /// Its media type, as its sender's machine recognised it.
    #[must_use]
    pub fn media_type(&self) -> &str {
        &self.file.media_type
    }

    /// Pixels across and down, of a picture.
    #[must_use]
    pub fn dimensions(&self) -> Option<(u32, u32)> {
        self.file.picture.as_ref().map(|picture| (picture.width, picture.height))
    }

    /// Reads a range of at most [`MAX_READ_BYTES`], clipped at the end of the file. Every byte of it was verified.
    ///
    /// # Errors
    /// When the relay can't be reached, no longer hands it out, or hands out something else.
    pub async fn read(&self, member: &Member, range: Range<u64>) -> Result<Vec<u8>> {
        let end = range.end.min(self.layout.size()).min(range.start.saturating_add(MAX_READ_BYTES));
        let range = range.start.min(end)..end;
        let held = self.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(bytes) = held.and_then(|block| block.slice(&range)) {
            return Ok(bytes);
        }
        let mut chunks = self.layout.chunks_of(&range);
        chunks.end = chunks.end.max((chunks.start + BLOCK_CHUNKS).min(self.layout.chunks()));
        let block = self.block(member, chunks).await?;
        let bytes = block.slice(&range).ok_or_else(|| Error::new("internal", "A range could not be read.", "Try again."))?;
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(block);
        Ok(bytes)
    }

    async fn block(&self, member: &Member, chunks: Range<u64>) -> Result<Block> {
        let (layout, cipher) = (self.layout, Arc::clone(&self.cipher));
        let sealed = fetch(member, &self.file, self.purpose, layout.sealed(chunks.clone())).await?;
        blocking(move || {
            let start = chunks.start * CHUNK_BYTES as u64;
            let length = chunks.clone().map(|chunk| layout.chunk_bytes(chunk)).sum();
            let mut bytes = Zeroizing::new(vec![0; length]);
            cipher.open_chunks(layout, chunks.start, &sealed, &mut bytes)?;
            Ok(Block { start, bytes: Arc::new(bytes) })
        })
        .await
    }
}

impl Block {
    fn slice(&self, range: &Range<u64>) -> Option<Vec<u8>> {
        let start = usize::try_from(range.start.checked_sub(self.start)?).ok()?;
        let end = usize::try_from(range.end.checked_sub(self.start)?).ok()?;
        self.bytes.get(start..end).map(<[u8]>::to_vec)
    }
}
