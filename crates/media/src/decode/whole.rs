//! Pictures that are decoded whole: all but JPEG.

use std::io::{BufRead, Seek};

use image::codecs::bmp::BmpDecoder;
use image::codecs::gif::GifDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::tiff::TiffDecoder;
use image::metadata::Orientation;
use image::{ColorType, DynamicImage, ImageDecoder};
use image_webp::WebPDecoder;

use super::{Decoded, Format, RESULT_BYTES_PER_PIXEL, tiff_header};
use crate::colour::MAX_PROFILE_BYTES;
use crate::error::MediaError;
use crate::limits::Limits;
use crate::pixels::{Layout, Pixels, Size};

/// What stands beside the pixels, in bytes at most: the profile, notes of the camera, texts.
const MAX_METADATA_BYTES: usize = 16 * 1024 * 1024;

pub(super) fn decode<R: BufRead + Seek>(mut reader: R, format: Format, edge: u32, limits: &Limits) -> Result<Decoded, MediaError> {
    reader.rewind()?;
    match format {
        Format::Bmp => from_image(BmpDecoder::new(reader)?, edge, limits),
        Format::Gif => from_image(GifDecoder::new(reader)?, edge, limits),
        Format::Png => from_image(PngDecoder::with_limits(reader, memory(MAX_METADATA_BYTES as u64))?, edge, limits),
        Format::Tiff => tiff(reader, edge, limits),
        Format::WebP => webp(reader, edge, limits),
        Format::Jpeg => Err(MediaError::Unsupported { what: "a JPEG" }),
    }
}

fn from_image(mut decoder: impl ImageDecoder, edge: u32, limits: &Limits) -> Result<Decoded, MediaError> {
    let full = size(decoder.dimensions());
    limits.admit(full, limits.max_pixels)?;
    let left = limits.afford(full, needed(&decoder, full, edge))?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let profile = decoder.icc_profile()?;
    decoder.set_limits(memory(left))?;
    Ok(Decoded { full, pixels: pixels(decoder)?, orientation, profile })
}

fn tiff<R: BufRead + Seek>(mut reader: R, edge: u32, limits: &Limits) -> Result<Decoded, MediaError> {
    let header = tiff_header::Header::read(&mut reader)?;
    limits.admit(header.size, limits.max_pixels)?;
    reader.rewind()?;
    let mut decoder = TiffDecoder::new(reader)?;
    let full = size(decoder.dimensions());
    limits.admit(full, limits.max_pixels)?;
    // The decoder fills a buffer of its own first: that of ink has four channels for three.
    let buffer = decoder.total_bytes().saturating_mul(4).div_ceil(3);
    let left = limits.afford(full, needed(&decoder, full, edge).saturating_add(buffer))?;
    decoder.set_limits(memory(left.saturating_add(buffer)))?;
    Ok(Decoded { full, pixels: pixels(decoder)?, orientation: header.orientation, profile: header.profile })
}

/// Not by way of `image`, which takes as much memory for metadata as a file says that it has.
fn webp<R: BufRead + Seek>(reader: R, edge: u32, limits: &Limits) -> Result<Decoded, MediaError> {
    /// The result, planes or pixels before it, and the canvas and frame of an animation.
    const BYTES_PER_PIXEL: u64 = 14;
    let mut decoder = WebPDecoder::new(reader)?;
    decoder.set_memory_limit(MAX_PROFILE_BYTES);
    let full = size(decoder.dimensions());
    limits.admit(full, limits.max_pixels)?;
    let layout = if decoder.has_alpha() { Layout::Rgba } else { Layout::Rgb };
    limits.afford(full, full.pixels() * BYTES_PER_PIXEL + RESULT_BYTES_PER_PIXEL * full.fit(edge).pixels())?;
    let orientation = decoder.exif_metadata().ok().flatten().and_then(|exif| Orientation::from_exif_chunk(&exif));
    let profile = decoder.icc_profile().ok().flatten();
    let mut data = vec![0; full.width as usize * full.height as usize * layout.channels()];
    decoder.read_image(&mut data)?;
    let pixels = Pixels::new(full, layout, data).ok_or_else(|| MediaError::malformed("it has too few pixels"))?;
    Ok(Decoded { full, pixels, orientation: orientation.unwrap_or(Orientation::NoTransforms), profile })
}

/// The memory for all pixels, for bringing them to eight bits, and for the result.
fn needed(decoder: &impl ImageDecoder, full: Size, edge: u32) -> u64 {
    let converted = match decoder.color_type() {
        ColorType::L8 | ColorType::Rgb8 | ColorType::Rgba8 => 0,
        _ => 4 * full.pixels(),
    };
    decoder.total_bytes().saturating_add(converted + RESULT_BYTES_PER_PIXEL * full.fit(edge).pixels())
}

fn pixels(decoder: impl ImageDecoder) -> Result<Pixels, MediaError> {
    let image = DynamicImage::from_decoder(decoder)?;
    let size = Size { width: image.width(), height: image.height() };
    let (layout, data) = match image {
        DynamicImage::ImageLuma8(_) | DynamicImage::ImageLuma16(_) => (Layout::Gray, image.into_luma8().into_raw()),
        _ if image.color().has_alpha() => (Layout::Rgba, image.into_rgba8().into_raw()),
        _ => (Layout::Rgb, image.into_rgb8().into_raw()),
    };
    Pixels::new(size, layout, data).ok_or_else(|| MediaError::malformed("it has too few pixels"))
}

fn size((width, height): (u32, u32)) -> Size {
    Size { width, height }
}

fn memory(bytes: u64) -> image::Limits {
    let mut limits = image::Limits::no_limits();
    limits.max_alloc = Some(bytes);
    limits
}
