//! Parts: what is sealed, sent, fetched and written at once.

use std::ops::Range;

use bezel_crypto::file::{BlobError, FileCipher, HEADER_BYTES, Layout};

use crate::error::Error;

/// 256 chunks: 4 MiB of the file.
pub(super) const PART_CHUNKS: u64 = 256;

/// The chunks of the part that begins with chunk `first`.
pub(super) fn chunks_from(layout: Layout, first: u64) -> Range<u64> {
    first..(first + PART_CHUNKS).min(layout.chunks())
}

/// Bytes of the file in a range of chunks.
pub(super) fn plain_bytes(layout: Layout, chunks: &Range<u64>) -> Range<u64> {
    let at = |chunk: u64| (chunk * bezel_crypto::file::CHUNK_BYTES as u64).min(layout.size());
    at(chunks.start)..at(chunks.end)
}

/// Bytes of the blob that go with a range of chunks: the first part brings the header with it.
pub(super) fn blob_bytes(layout: Layout, chunks: Range<u64>) -> Range<u64> {
    let with_header = chunks.start == 0;
    let sealed = layout.sealed(chunks);
    if with_header { 0..sealed.end } else { sealed }
}

/// The first chunk of the part that begins at `offset` of the blob, if one does.
pub(super) fn chunk_at(layout: Layout, offset: u64) -> Option<u64> {
    if offset == 0 {
        return Some(0);
    }
    let chunk = offset.checked_sub(HEADER_BYTES as u64)? / bezel_crypto::file::SEALED_CHUNK_BYTES as u64;
    (chunk.is_multiple_of(PART_CHUNKS) && blob_bytes(layout, chunk..chunk).start == offset).then_some(chunk)
}

/// Seals chunks into the bytes of the blob that go with them.
pub(super) fn seal(cipher: &FileCipher, layout: Layout, chunks: Range<u64>, plaintext: &[u8]) -> Result<Vec<u8>, BlobError> {
    let bytes = blob_bytes(layout, chunks.clone());
    let mut part = vec![0; usize::try_from(bytes.end - bytes.start).map_err(|_| BlobError::Failed)?];
    let header = if chunks.start == 0 { HEADER_BYTES } else { 0 };
    let (head, sealed) = part.split_at_mut_checked(header).ok_or(BlobError::Failed)?;
    head.copy_from_slice(cipher.header().get(..header).unwrap_or_default());
    cipher.seal(layout, chunks.start, plaintext, sealed)?;
    Ok(part)
}

impl From<BlobError> for Error {
    fn from(error: BlobError) -> Self {
        match error {
            BlobError::BadChunk { chunk } => Self::unverifiable(
                "bad_chunk",
                format!(
                    "Part {chunk} of the file (from byte {}) was changed, cut or exchanged on its way.",
                    chunk * bezel_crypto::file::CHUNK_BYTES as u64
                ),
                "Nothing of it was kept: ask the sender to send it again, and tell whoever runs the relay.",
            ),
            BlobError::WrongHeader => Self::unverifiable(
                "wrong_file",
                "What the relay holds is another file, or its beginning was changed.",
                "Nothing of it was kept: ask the sender to send it again, and tell whoever runs the relay.",
            ),
            BlobError::WrongLength(length) => {
                Self::unverifiable("wrong_length", format!("{length}."), "Ask the sender to send the file again.")
            }
            BlobError::Failed => Self::new("seal", "The file could not be encrypted.", "Start again."),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_parts_of_a_file_cover_its_blob_without_a_gap(size in 0_u64..64 << 20) {
            let layout = Layout::of_size(size).unwrap();
            let (mut chunk, mut blob, mut plain) = (0, 0, 0);
            while chunk < layout.chunks() {
                let chunks = chunks_from(layout, chunk);
                let (sealed, bytes) = (blob_bytes(layout, chunks.clone()), plain_bytes(layout, &chunks));
                prop_assert_eq!((sealed.start, bytes.start), (blob, plain));
                prop_assert_eq!(chunk_at(layout, sealed.start), Some(chunk));
                (chunk, blob, plain) = (chunks.end, sealed.end, bytes.end);
            }
            prop_assert_eq!((blob, plain), (layout.blob_bytes(), size));
        }
    }
}
