//! Where everything lies in a blob.

use core::ops::Range;

/// Plaintext bytes of every chunk but the last.
pub const CHUNK_BYTES: usize = 16 * 1024;
/// The same with its tag.
pub const SEALED_CHUNK_BYTES: usize = CHUNK_BYTES + TAG_BYTES;
/// Salt and key commitment.
pub const HEADER_BYTES: usize = 56;

pub(super) const TAG_BYTES: usize = 16;
/// A blob has at most 2³⁸ chunks.
const MAX_CHUNKS: u64 = 1 << 38;

const CHUNK: u64 = CHUNK_BYTES as u64;
const SEALED_CHUNK: u64 = SEALED_CHUNK_BYTES as u64;
const HEADER: u64 = HEADER_BYTES as u64;
const TAG: u64 = TAG_BYTES as u64;

/// No blob has this length: it was cut, or is too large.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no encrypted file has {0} bytes: it was cut, or something was added")]
pub struct WrongLength(pub u64);

/// The sizes of a file and its blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    size: u64,
}

impl Layout {
    /// Of a file of `size` bytes.
    ///
    /// # Errors
    /// When it has 4 PiB or more.
    pub const fn of_size(size: u64) -> Result<Self, WrongLength> {
        if size / CHUNK >= MAX_CHUNKS { Err(WrongLength(size)) } else { Ok(Self { size }) }
    }

    /// Of a blob of `bytes` bytes.
    ///
    /// # Errors
    /// When no blob has this length.
    pub const fn of_blob(bytes: u64) -> Result<Self, WrongLength> {
        let Some(chunks) = bytes.checked_sub(HEADER) else { return Err(WrongLength(bytes)) };
        let Some(rest) = (chunks % SEALED_CHUNK).checked_sub(TAG) else { return Err(WrongLength(bytes)) };
        if chunks / SEALED_CHUNK >= MAX_CHUNKS {
            return Err(WrongLength(bytes));
        }
        Ok(Self { size: chunks / SEALED_CHUNK * CHUNK + rest })
    }

    /// The file's size in bytes.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The blob's size in bytes.
    #[must_use]
    pub const fn blob_bytes(&self) -> u64 {
        HEADER + self.size + self.chunks() * TAG
    }

    /// How many chunks there are: at least one.
    #[must_use]
    pub const fn chunks(&self) -> u64 {
        self.size / CHUNK + 1
    }

    /// Plaintext bytes of a chunk; 0 past the end.
    #[must_use]
    pub const fn chunk_bytes(&self, chunk: u64) -> usize {
        if chunk < self.size / CHUNK {
            CHUNK_BYTES
        } else if chunk == self.size / CHUNK {
            (self.size % CHUNK) as usize
        } else {
            0
        }
    }

    /// Where the chunks `chunks` lie in the blob, clipped at its end.
    #[must_use]
    pub fn sealed(&self, chunks: Range<u64>) -> Range<u64> {
        let end = self.blob_bytes();
        let at = |chunk: u64| chunk.saturating_mul(SEALED_CHUNK).saturating_add(HEADER).min(end);
        at(chunks.start)..at(chunks.end)
    }

    /// Which chunks hold the bytes `bytes` of the file.
    #[must_use]
    pub const fn chunks_of(&self, bytes: &Range<u64>) -> Range<u64> {
        let last = if bytes.end > bytes.start { (bytes.end - 1) / CHUNK + 1 } else { bytes.start / CHUNK };
        bytes.start / CHUNK..if last > self.chunks() { self.chunks() } else { last }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn sizes_of_file_and_blob_tell_each_other(size in 0_u64..1 << 50) {
            let layout = Layout::of_size(size).unwrap();
            prop_assert_eq!(Layout::of_blob(layout.blob_bytes()).unwrap(), layout);
            prop_assert_eq!(layout.sealed(0..layout.chunks()), HEADER..layout.blob_bytes());
        }

        #[test]
        fn any_length_is_taken_or_refused(bytes: u64) {
            if let Ok(layout) = Layout::of_blob(bytes) {
                prop_assert_eq!(layout.blob_bytes(), bytes);
            }
        }
    }

    #[test]
    fn a_blob_cut_at_a_chunk_has_no_valid_length() {
        for chunks in 0..4 {
            assert!(Layout::of_blob(HEADER + chunks * SEALED_CHUNK).is_err(), "{chunks} whole chunks and no last one");
        }
        assert_eq!(Layout::of_size(0).unwrap().blob_bytes(), HEADER + TAG, "an empty file is one empty chunk");
    }
}
