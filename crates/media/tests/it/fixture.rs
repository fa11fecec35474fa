//! Pictures made by encoders, and pictures that no encoder makes.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that can't begin ends")]

use std::io::Cursor;

use bezel_media::{Described, Limits, MediaError, Rendered};
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::{DynamicImage, ImageEncoder, ImageFormat, Rgb, RgbImage};

/// Every type that is decoded.
pub(crate) const TYPES: [&str; 6] = ["image/bmp", "image/gif", "image/jpeg", "image/png", "image/tiff", "image/webp"];

pub(crate) fn describe(bytes: &[u8], media_type: &str, limits: &Limits) -> Result<Option<Described>, MediaError> {
    bezel_media::describe(Cursor::new(bytes), media_type, limits)
}

pub(crate) fn render(bytes: &[u8], media_type: &str, max_edge: u32, limits: &Limits) -> Result<Rendered, MediaError> {
    bezel_media::render(Cursor::new(bytes), media_type, max_edge, limits)
}

pub(crate) fn decode(rendered: &Rendered) -> DynamicImage {
    let format = ImageFormat::from_mime_type(rendered.media_type).unwrap();
    let image = image::load_from_memory_with_format(&rendered.data, format).unwrap();
    assert_eq!((image.width(), image.height()), (rendered.width, rendered.height), "it is as large as it says");
    image
}

/// Four quarters: red, green / blue, white.
pub(crate) fn quarters(width: u32, height: u32) -> DynamicImage {
    let colours = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]];
    let at = |x: u32, y: u32| Rgb(colours[usize::from(x >= width.div_ceil(2)) + 2 * usize::from(y >= height.div_ceil(2))]);
    DynamicImage::ImageRgb8(RgbImage::from_fn(width, height, at))
}

/// What does not compress.
pub(crate) fn noise(width: u32, height: u32) -> DynamicImage {
    let mut state = 1_u32;
    let data = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    });
    DynamicImage::ImageRgba8(image::RgbaImage::from_raw(width, height, data.take((width * height * 4) as usize).collect()).unwrap())
}

pub(crate) fn encode(image: &DynamicImage, media_type: &str) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    match media_type {
        "image/webp" => return webp(image, None, None),
        "image/jpeg" => JpegEncoder::new_with_quality(&mut bytes, 95).encode_image(&image.to_rgb8()).unwrap(),
        "image/gif" => DynamicImage::from(image.to_rgba8()).write_to(&mut bytes, ImageFormat::Gif).unwrap(),
        other => image.write_to(&mut bytes, ImageFormat::from_mime_type(other).unwrap()).unwrap(),
    }
    bytes.into_inner()
}

/// With metadata: JPEG, PNG and WebP.
pub(crate) fn encode_with(image: &DynamicImage, media_type: &str, exif: Option<Vec<u8>>, profile: Option<Vec<u8>>) -> Vec<u8> {
    fn write(mut encoder: impl ImageEncoder, image: &DynamicImage, exif: Option<Vec<u8>>, profile: Option<Vec<u8>>) {
        if let Some(exif) = exif {
            encoder.set_exif_metadata(exif).unwrap();
        }
        if let Some(profile) = profile {
            encoder.set_icc_profile(profile).unwrap();
        }
        encoder.write_image(image.as_bytes(), image.width(), image.height(), image.color().into()).unwrap();
    }
    let mut bytes = Vec::new();
    match media_type {
        "image/jpeg" => write(JpegEncoder::new_with_quality(&mut bytes, 95), image, exif, profile),
        "image/png" => write(PngEncoder::new(&mut bytes), image, exif, profile),
        _ => return webp(image, exif, profile),
    }
    bytes
}

fn webp(image: &DynamicImage, exif: Option<Vec<u8>>, profile: Option<Vec<u8>>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = image_webp::WebPEncoder::new(&mut bytes);
    if let Some(exif) = exif {
        encoder.set_exif_metadata(exif);
    }
    if let Some(profile) = profile {
        encoder.set_icc_profile(profile);
    }
    let colour = if image.color().has_alpha() { image_webp::ColorType::Rgba8 } else { image_webp::ColorType::Rgb8 };
    encoder.encode(image.as_bytes(), image.width(), image.height(), colour).unwrap();
    bytes
}

/// A directory with the orientation alone.
pub(crate) fn exif(orientation: u8) -> Vec<u8> {
    let entry = [0x12, 1, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0];
    [b"II*\0\x08\0\0\0\x01\0".as_slice(), &entry, &[0; 4]].concat()
}

/// A TIFF of these entries: tag, type (3 for 16 bits, 4 for 32), count, value. The pixels stand at [`TIFF_PIXELS`].
pub(crate) fn tiff(entries: &[(u16, u16, u32, u32)], pixels: &[u8]) -> Vec<u8> {
    let mut bytes = [b"II*\0\x08\0\0\0".as_slice(), &(entries.len() as u16).to_le_bytes()].concat();
    for (tag, kind, count, value) in entries {
        bytes.extend([tag.to_le_bytes(), kind.to_le_bytes()].concat());
        bytes.extend([count.to_le_bytes(), value.to_le_bytes()].concat());
    }
    bytes.resize(TIFF_PIXELS as usize, 0);
    [bytes, pixels.to_vec()].concat()
}

/// Where the pixels of [`tiff`] begin.
pub(crate) const TIFF_PIXELS: u32 = 512;

/// Entries of an uncompressed grey TIFF.
pub(crate) fn gray_tiff(width: u32, height: u32) -> Vec<(u16, u16, u32, u32)> {
    let (bits, plain, dark_is_zero, samples) = ((258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (277, 3, 1, 1));
    let strips = [(273, 4, 1, TIFF_PIXELS), samples, (278, 4, 1, height), (279, 4, 1, width * height)];
    [vec![(256, 4, 1, width), (257, 4, 1, height), bits, plain, dark_is_zero], strips.to_vec()].concat()
}

/// A JPEG whose coefficients are all zero: of any size, and small.
pub(crate) struct Jpeg {
    pub width: u16,
    pub height: u16,
    /// Horizontal and vertical sampling in a byte, of each component.
    pub sampling: &'static [u8],
    pub progressive: bool,
    /// Scans of the first component after the first scan.
    pub more_scans: usize,
}

impl Jpeg {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let count = self.sampling.len() as u8;
        let components = || (1..=count).zip(self.sampling);
        let segment = |marker: u8, content: &[u8]| [&[0xFF, marker], (content.len() as u16 + 2).to_be_bytes().as_slice(), content].concat();
        // One code of one bit, for nothing.
        let nothing = |class: u8| segment(0xC4, &[[class, 1].as_slice(), &[0; 15], &[0]].concat());
        let frame = [&[8], self.height.to_be_bytes().as_slice(), &self.width.to_be_bytes(), &[count]].concat();
        let frame = components().fold(frame, |frame, (id, &sampling)| [frame, vec![id, sampling, 0]].concat());
        let scan = components().fold(vec![count], |scan, (id, _)| [scan, vec![id, 0]].concat());
        let last = if self.progressive { 0 } else { 63 };
        [
            vec![0xFF, 0xD8],
            segment(0xDB, &[[0].as_slice(), &[1; 64]].concat()),
            segment(if self.progressive { 0xC2 } else { 0xC0 }, &frame),
            nothing(0x00),
            nothing(0x10),
            segment(0xDA, &[scan.as_slice(), &[0, last, 0]].concat()),
            vec![0; 2],
            [segment(0xDA, &[1, 1, 0, 1, 63, 0]), vec![0; 2]].concat().repeat(self.more_scans),
            vec![0xFF, 0xD9],
        ]
        .concat()
    }
}

/// A PNG of these chunks, with right checksums.
pub(crate) fn png(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    for (name, content) in chunks {
        let content = [name.as_slice(), content].concat();
        bytes.extend((content.len() as u32 - 4).to_be_bytes());
        bytes.extend(&content);
        let mut checksum = flate2::Crc::new();
        checksum.update(&content);
        bytes.extend(checksum.sum().to_be_bytes());
    }
    bytes
}

/// The header of a PNG with eight bits of grey.
pub(crate) fn png_header(width: u32, height: u32) -> Vec<u8> {
    [width.to_be_bytes().as_slice(), &height.to_be_bytes(), &[8, 0, 0, 0, 0]].concat()
}
