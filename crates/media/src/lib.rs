//! What a file is, and a bounded picture of it.
//!
//! A sender's machine asks [`recognise`] and [`describe`] before it encrypts; a member's machine asks [`render`] for a preview of
//! a picture that is too large to be shown as it is. All three read bytes that nobody has vouched for.
//!
//! The one invariant: what a file says of itself is checked against [`Limits`] before memory is taken for its pixels, so a small
//! file can't ask for more memory than the limits allow, and any bytes end in a picture or in a [`MediaError`].
//!
//! Pure computing: no clock, no file, no network.

#![warn(missing_docs)]

mod colour;
mod decode;
mod encode;
mod error;
mod kind;
mod limits;
mod pixels;

use std::io::{BufRead, Seek};

pub use error::MediaError;
pub use kind::{HEAD_BYTES, recognise};
pub use limits::Limits;

use decode::Format;

/// The long edge of a thumbnail, in pixels, at most.
pub const THUMBNAIL_EDGE: u32 = 480;
/// The size of a thumbnail, in bytes, at most.
pub const THUMBNAIL_BYTES: usize = 64 * 1024;

/// What a picture says of itself, and a small copy of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// The width in pixels, as it is to be seen: turned as its camera noted.
    pub width: u32,
    /// The height in pixels, likewise.
    pub height: u32,
    /// At most [`THUMBNAIL_EDGE`] and [`THUMBNAIL_BYTES`]; never larger than the picture itself.
    pub thumbnail: Rendered,
}

/// A picture made here: upright, in sRGB, without any of the metadata of its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// `image/png` where something shines through, else `image/jpeg`.
    pub media_type: &'static str,
    /// The width in pixels.
    pub width: u32,
    /// The height in pixels.
    pub height: u32,
    /// The encoded picture.
    pub data: Vec<u8>,
}

/// The size and a thumbnail of a picture, or `None` where `media_type` is no picture that is decoded here. Of an animation, it is
/// the first frame.
///
/// # Errors
/// When the picture goes beyond `limits`, is not what `media_type` says, or can't be read. It may be sent nonetheless: as a file
/// without a thumbnail.
pub fn describe<R: BufRead + Seek>(reader: R, media_type: &str, limits: &Limits) -> Result<Option<Described>, MediaError> {
    let Some(format) = Format::of(media_type) else { return Ok(None) };
    let picture = decode::picture(reader, format, THUMBNAIL_EDGE, limits)?;
    let thumbnail = encode::thumbnail(&picture.pixels)?;
    Ok(Some(Described { width: picture.full.width, height: picture.full.height, thumbnail }))
}

/// The picture with its long edge at most `max_edge` pixels, and never larger than it is. A JPEG is scaled while it is decoded: where
/// memory does not suffice for `max_edge`, it comes out smaller.
///
/// # Errors
/// As of [`describe`], and [`MediaError::Unsupported`] where `media_type` is no picture that is decoded here.
pub fn render<R: BufRead + Seek>(reader: R, media_type: &str, max_edge: u32, limits: &Limits) -> Result<Rendered, MediaError> {
    let format = Format::of(media_type).ok_or(MediaError::Unsupported { what: "this type of file" })?;
    let picture = decode::picture(reader, format, max_edge.max(1), limits)?;
    encode::preview(&picture.pixels)
}
