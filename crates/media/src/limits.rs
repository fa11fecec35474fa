//! How much of a picture is decoded.

use crate::error::MediaError;
use crate::pixels::Size;

/// What a picture may ask for. Checked from its header, before memory is taken for its pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Pixels of a picture that is decoded whole: all but JPEG. 100 million: the largest sensors of cameras.
    pub max_pixels: u64,
    /// Pixels of a JPEG, which is scaled while it is decoded. 1,000 million: a panorama of 30,000 × 20,000 with room to spare, in
    /// some ten seconds.
    pub max_scaled_pixels: u64,
    /// Memory for decoding and scaling, in bytes. 512 MiB.
    pub max_alloc_bytes: u64,
    /// Pixels along an edge. 65,535: the most that JPEG and GIF can say.
    pub max_edge: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_pixels: 100_000_000, max_scaled_pixels: 1_000_000_000, max_alloc_bytes: 512 * 1024 * 1024, max_edge: 65_535 }
    }
}

impl Limits {
    /// Whether a picture of this size is decoded at all.
    pub(crate) fn admit(&self, size: Size, max_pixels: u64) -> Result<(), MediaError> {
        let Size { width, height } = size;
        if width == 0 || height == 0 {
            return Err(MediaError::malformed("it has no pixels"));
        }
        if size.pixels() > max_pixels || width.max(height) > self.max_edge {
            return Err(MediaError::TooLarge { width, height, max_pixels, max_edge: self.max_edge });
        }
        Ok(())
    }

    /// What is left of the memory after `needed_bytes` of it.
    pub(crate) fn afford(&self, size: Size, needed_bytes: u64) -> Result<u64, MediaError> {
        let max_bytes = self.max_alloc_bytes;
        let Size { width, height } = size;
        max_bytes.checked_sub(needed_bytes).ok_or(MediaError::TooMuchMemory { width, height, needed_bytes, max_bytes })
    }
}
