//! Why there is no picture.

use std::io;

/// Why a file gave no picture.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    /// Nothing here decodes it.
    #[error("{what} can't be shown as a picture")]
    Unsupported {
        /// What it is.
        what: &'static str,
    },
    /// More pixels than are decoded.
    #[error("the picture is {width} × {height} pixels; at most {max_pixels} pixels and {max_edge} along an edge are decoded")]
    TooLarge {
        /// Its width in pixels, by its own word.
        width: u32,
        /// Its height in pixels, by its own word.
        height: u32,
        /// [`crate::Limits::max_pixels`] or [`crate::Limits::max_scaled_pixels`].
        max_pixels: u64,
        /// [`crate::Limits::max_edge`].
        max_edge: u32,
    },
    /// More memory than may be taken.
    #[error("the picture is {width} × {height} pixels and needs {needed_bytes} bytes of memory; at most {max_bytes} may be taken")]
    TooMuchMemory {
        /// Its width in pixels, by its own word.
        width: u32,
        /// Its height in pixels, by its own word.
        height: u32,
        /// What decoding would take.
        needed_bytes: u64,
        /// [`crate::Limits::max_alloc_bytes`].
        max_bytes: u64,
    },
    /// It is built to make work: more scans, metadata or parts than any honest picture has.
    #[error("the picture has more {what} than any picture needs")]
    Excessive {
        /// Of what there is too much.
        what: &'static str,
    },
    /// The bytes are not what their type says.
    #[error("the picture is damaged: {reason}")]
    Malformed {
        /// What the decoder said.
        reason: String,
    },
    /// The reader failed.
    #[error("the picture could not be read")]
    Read(#[source] io::Error),
}

impl MediaError {
    pub(crate) fn malformed(reason: impl ToString) -> Self {
        Self::Malformed { reason: reason.to_string() }
    }
}

/// Decoders report missing and wrong bytes by these kinds, too.
impl From<io::Error> for MediaError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => Self::malformed(error),
            _ => Self::Read(error),
        }
    }
}

impl From<image::ImageError> for MediaError {
    fn from(error: image::ImageError) -> Self {
        match error {
            image::ImageError::IoError(error) => error.into(),
            image::ImageError::Limits(_) => Self::Excessive { what: "parts" },
            image::ImageError::Unsupported(_) => Self::Unsupported { what: "this kind of picture" },
            other => Self::malformed(other),
        }
    }
}

impl From<jpeg_decoder::Error> for MediaError {
    fn from(error: jpeg_decoder::Error) -> Self {
        match error {
            jpeg_decoder::Error::Io(error) => error.into(),
            jpeg_decoder::Error::Unsupported(_) => Self::Unsupported { what: "this kind of JPEG" },
            other => Self::malformed(other),
        }
    }
}

impl From<image_webp::DecodingError> for MediaError {
    fn from(error: image_webp::DecodingError) -> Self {
        match error {
            image_webp::DecodingError::IoError(error) => error.into(),
            image_webp::DecodingError::MemoryLimitExceeded => Self::Excessive { what: "metadata" },
            other => Self::malformed(other),
        }
    }
}
