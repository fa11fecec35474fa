//! JPEG, scaled while it is decoded.

use std::io::{BufRead, Seek};

use image::metadata::Orientation;
use jpeg_decoder::{Decoder, PixelFormat};

use super::jpeg_header::Header;
use super::{Decoded, RESULT_BYTES_PER_PIXEL};
use crate::error::MediaError;
use crate::limits::Limits;
use crate::pixels::{Layout, Pixels, Size};

/// Pixels that a block of eight is decoded to along an edge, the largest first.
const SCALES: [u32; 4] = [8, 4, 2, 1];

pub(super) fn decode<R: BufRead + Seek>(mut reader: R, edge: u32, limits: &Limits) -> Result<Decoded, MediaError> {
    reader.rewind()?;
    let header = Header::read(&mut reader)?;
    limits.admit(header.size, limits.max_scaled_pixels)?;
    let scale = choose(&header, edge, limits)?;
    reader.rewind()?;
    let mut decoder = Decoder::new(reader);
    let (width, height) = request(&header, scale);
    let (width, height) = decoder.scale(width, height)?;
    let data = decoder.decode()?;
    let layout = match decoder.info().map(|info| info.pixel_format) {
        Some(PixelFormat::L8) => Layout::Gray,
        Some(PixelFormat::RGB24) => Layout::Rgb,
        Some(PixelFormat::CMYK32) => Layout::Cmyk,
        Some(PixelFormat::L16) | None => return Err(MediaError::Unsupported { what: "this kind of JPEG" }),
    };
    let size = Size { width: u32::from(width), height: u32::from(height) };
    let pixels = Pixels::new(size, layout, data).ok_or_else(|| MediaError::malformed("it has too few pixels"))?;
    let orientation = decoder.exif_data().and_then(Orientation::from_exif_chunk).unwrap_or(Orientation::NoTransforms);
    Ok(Decoded { full: header.size, pixels, orientation, profile: decoder.icc_profile() })
}

/// The smallest scale that gives all that `edge` asks for, or the largest below it that memory suffices for.
fn choose(header: &Header, edge: u32, limits: &Limits) -> Result<u32, MediaError> {
    let target = header.size.fit(edge);
    let covers = |scale: u32| {
        let scaled = header.scaled(scale);
        scaled.width >= target.width && scaled.height >= target.height
    };
    let wanted = SCALES.into_iter().rev().find(|&scale| covers(scale)).unwrap_or(8);
    let needed = |scale: u32| header.decoding_bytes(scale) + RESULT_BYTES_PER_PIXEL * target.pixels();
    let affordable = SCALES.into_iter().filter(|&scale| scale <= wanted).find(|&scale| needed(scale) <= limits.max_alloc_bytes);
    match affordable {
        Some(scale) => Ok(scale),
        None => limits.afford(header.size, needed(1)).map(|_| 1),
    }
}

/// The size to ask the decoder for, which takes the smallest scale that reaches it along one edge or the other.
fn request(header: &Header, scale: u32) -> (u16, u16) {
    let (this, below) = (header.scaled(scale), header.scaled(scale / 2));
    // An edge that a smaller scale reaches as well says nothing: it is made unreachable.
    let side = |this: u32, below: u32| if scale == 8 || this == below { u16::MAX } else { this.try_into().unwrap_or(u16::MAX) };
    (side(this.width, below.width), side(this.height, below.height))
}
