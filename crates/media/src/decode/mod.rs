//! From untrusted bytes to an upright picture in sRGB, within limits.

mod jpeg;
mod jpeg_header;
mod tiff_header;
mod whole;

use std::io::{BufRead, Seek};
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::DynamicImage;
use image::metadata::Orientation;

use crate::colour;
use crate::error::MediaError;
use crate::limits::Limits;
use crate::pixels::{Pixels, Size};

/// The pictures that are decoded here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Bmp,
    Gif,
    Jpeg,
    Png,
    Tiff,
    WebP,
}

impl Format {
    pub(crate) fn of(media_type: &str) -> Option<Self> {
        Some(match media_type {
            "image/bmp" => Self::Bmp,
            "image/gif" => Self::Gif,
            "image/jpeg" => Self::Jpeg,
            "image/png" => Self::Png,
            "image/tiff" => Self::Tiff,
            "image/webp" => Self::WebP,
            _ => return None,
        })
    }
}

/// A picture as it is to be seen.
pub(crate) struct Picture {
    /// The size of the whole, upright.
    pub(crate) full: Size,
    /// RGB or RGBA of eight bits, in sRGB, upright and scaled down.
    pub(crate) pixels: DynamicImage,
}

/// What a decoder gives: as it is stored, at least as large as asked for where there is so much of it.
struct Decoded {
    full: Size,
    pixels: Pixels,
    orientation: Orientation,
    profile: Option<Vec<u8>>,
}

/// Memory for every pixel of the result: scaled, converted, turned and encoded, four bytes each.
const RESULT_BYTES_PER_PIXEL: u64 = 16;

pub(crate) fn picture<R: BufRead + Seek>(reader: R, format: Format, edge: u32, limits: &Limits) -> Result<Picture, MediaError> {
    // The decoders of JPEG, WebP and TIFF hold assertions and unchecked indices: each of them has panicked on damaged files before.
    // What is left of a decoder after a panic is dropped here, so no broken state is seen by anyone.
    catch_unwind(AssertUnwindSafe(|| {
        let decoded = match format {
            Format::Jpeg => jpeg::decode(reader, edge, limits),
            other => whole::decode(reader, other, edge, limits),
        }?;
        upright(decoded, edge)
    }))
    .unwrap_or_else(|_| Err(MediaError::malformed("its decoder gave up")))
}

fn upright(decoded: Decoded, edge: u32) -> Result<Picture, MediaError> {
    let Decoded { full, pixels, orientation, profile } = decoded;
    let mut pixels = colour::to_srgb(pixels.shrink(edge), profile.as_deref())?;
    pixels.apply_orientation(orientation);
    let full = match orientation {
        Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH => {
            Size { width: full.height, height: full.width }
        }
        Orientation::NoTransforms | Orientation::Rotate180 | Orientation::FlipHorizontal | Orientation::FlipVertical => full,
    };
    Ok(Picture { full, pixels })
}
