//! Small files that ask for much: refused, or made a picture of, with little memory.
#![expect(clippy::unwrap_used, reason = "a test that can't go on ends")]

use std::io::Write as _;

use bezel_media::{Limits, MediaError};

use crate::fixture::{self, Jpeg, describe, encode, gray_tiff, png, png_header, quarters, render, tiff};
use crate::{MEMORY, alone};

const MIB: usize = 1024 * 1024;

/// What was taken at most beyond what there was before.
fn peak<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let _alone = alone();
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let result = work();
    (result, MEMORY.peak_usage().saturating_sub(before))
}

/// Refused with less than a mebibyte, as a thumbnail and as a preview.
#[track_caller]
fn refused(bytes: &[u8], media_type: &str) -> MediaError {
    let limits = Limits::default();
    let (thumbnail, used) = peak(|| describe(bytes, media_type, &limits));
    assert!(used < MIB, "{media_type}: {used} bytes for {thumbnail:?}");
    let (preview, used) = peak(|| render(bytes, media_type, 4096, &limits));
    assert!(used < MIB, "{media_type}: {used} bytes");
    preview.unwrap_err();
    thumbnail.unwrap_err()
}

#[test]
fn a_png_that_says_a_hundred_thousand_by_a_hundred_thousand() {
    for (width, height) in [(100_000, 100_000), (65_000, 65_000), (100_000, 1)] {
        let bytes = png(&[(b"IHDR", &png_header(width, height)), (b"IDAT", &[0x78, 0x9C]), (b"IEND", &[])]);
        assert!(matches!(refused(&bytes, "image/png"), MediaError::TooLarge { .. }), "{width} × {height}");
    }
}

#[test]
fn a_png_whose_profile_unpacks_to_a_hundred_megabytes() {
    let mut packed = flate2::write::ZlibEncoder::new(b"x\0\0".to_vec(), flate2::Compression::best());
    packed.write_all(&vec![0; 100_000_000]).unwrap();
    let profile = packed.finish().unwrap();
    let bytes = png(&[(b"IHDR", &png_header(8, 8)), (b"iCCP", &profile), (b"IDAT", &[0x78, 0x9C]), (b"IEND", &[])]);
    let (_, used) = peak(|| describe(&bytes, "image/png", &Limits::default()));
    assert!(used < 40 * MIB, "{used} bytes");
}

#[test]
fn a_gif_of_ten_thousand_frames_costs_as_much_as_one() {
    let mut bytes = Vec::new();
    let mut encoder = image::codecs::gif::GifEncoder::new(&mut bytes);
    let frame = image::Frame::new(quarters(16, 16).to_rgba8());
    encoder.encode_frames(std::iter::repeat_n(frame, 10_000)).unwrap();
    drop(encoder);
    let (described, used) = peak(|| describe(&bytes, "image/gif", &Limits::default()));
    assert_eq!(described.unwrap().unwrap().width, 16);
    assert!(used < MIB, "{used} bytes");
}

#[test]
fn a_gif_whose_screen_or_frame_is_as_large_as_it_can_be() {
    let screen = |side: u16| [b"GIF89a".as_slice(), &side.to_le_bytes(), &side.to_le_bytes(), &[0x80, 0, 0], &[0; 6]].concat();
    let frame = b",\0\0\0\0\xFF\xFF\xFF\xFF\0\x02\x01\x4C\0;";
    assert!(matches!(refused(&[&screen(65_535), frame.as_slice()].concat(), "image/gif"), MediaError::TooLarge { .. }));
    refused(&[&screen(1), frame.as_slice()].concat(), "image/gif");
}

#[test]
fn a_tiff_with_absurd_tables() {
    let with = |entry| [gray_tiff(8, 8).into_iter().filter(|(tag, ..)| *tag != entry).collect::<Vec<_>>()].concat();
    let replaced = |entry: (u16, u16, u32, u32)| {
        let mut entries = [with(entry.0), vec![entry]].concat();
        entries.sort_unstable();
        tiff(&entries, &[0; 64])
    };
    for count in [0x7FFF_FFFF, 0x00FF_FFFF, 1_000_000] {
        for tag in [256, 258, 273, 279] {
            assert!(matches!(refused(&replaced((tag, 4, count, 512)), "image/tiff"), MediaError::Excessive { what: "strips" }));
        }
    }
    for size in [(256, 4, 1, u32::MAX), (257, 4, 1, u32::MAX)] {
        assert!(matches!(refused(&replaced(size), "image/tiff"), MediaError::TooLarge { .. }));
    }
    assert!(matches!(refused(&replaced((259, 3, 1, 7)), "image/tiff"), MediaError::Unsupported { what: "a JPEG inside of a TIFF" }));
    let mut tiles = [gray_tiff(8, 8), vec![(322, 4, 1, 1 << 30), (323, 4, 1, 1 << 30), (324, 4, 1, 512), (325, 4, 1, 64)]].concat();
    tiles.retain(|(tag, ..)| ![273, 278, 279].contains(tag));
    assert!(matches!(refused(&tiff(&tiles, &[0; 64]), "image/tiff"), MediaError::Excessive { .. }));
    let samples = replaced((277, 3, 1, 65_535));
    refused(&samples, "image/tiff");
}

#[test]
fn a_webp_that_says_sixteen_million_by_sixteen_million_or_has_gigabytes_of_notes() {
    let riff = |chunks: &[u8]| [b"RIFF".as_slice(), &(chunks.len() as u32 + 4).to_le_bytes(), b"WEBP", chunks].concat();
    let extended = |flags: u8, side: u8| [b"VP8X\x0A\0\0\0".as_slice(), &[flags, 0, 0, 0], &[side; 6]].concat();
    let picture = encode(&quarters(8, 8), "image/webp");
    let picture = picture.get(12..).unwrap();
    refused(&riff(&[&extended(0, 0xFF), picture].concat()), "image/webp");
    let notes = [extended(0x28, 0), picture.to_vec(), b"EXIF\xF0\xFF\xFF\xFF".to_vec()].concat();
    let (_, used) = peak(|| describe(&riff(&notes), "image/webp", &Limits::default()));
    assert!(used < MIB, "{used} bytes");
}

#[test]
fn a_bmp_that_says_two_thousand_million_pixels_along_an_edge() {
    let header = [40_u32.to_le_bytes(), i32::MAX.to_le_bytes(), i32::MAX.to_le_bytes(), [1, 0, 24, 0]].concat();
    let bytes = [b"BM".as_slice(), &[0; 8], &54_u32.to_le_bytes(), &header, &[0; 24]].concat();
    refused(&bytes, "image/bmp");
}

#[test]
fn a_jpeg_that_says_as_much_as_it_can() {
    let bytes = Jpeg { width: 65_535, height: 65_535, sampling: &[0x22, 0x11, 0x11], progressive: false, more_scans: 0 }.bytes();
    assert!(matches!(refused(&bytes, "image/jpeg"), MediaError::TooLarge { .. }));
}

#[test]
fn a_jpeg_with_more_scans_than_anyone_needs() {
    let bytes = Jpeg { width: 10_000, height: 10_000, sampling: &[0x11], progressive: true, more_scans: 100 }.bytes();
    assert!(matches!(refused(&bytes, "image/jpeg"), MediaError::Excessive { what: "scans" }));
}

#[test]
fn a_jpeg_with_more_metadata_than_anyone_needs() {
    let mut bytes = Jpeg { width: 8, height: 8, sampling: &[0x11], progressive: false, more_scans: 0 }.bytes();
    let segment = [b"\xFF\xE2\xFF\xFFICC_PROFILE\0\x01\x01".as_slice(), &vec![0; 65_519]].concat();
    let end = bytes.len() - 2;
    bytes.splice(end..end, segment.repeat(1100));
    assert!(matches!(refused(&bytes, "image/jpeg"), MediaError::Excessive { what: "metadata" }));
}

/// It keeps all coefficients: no scaling makes them fewer.
#[test]
fn a_progressive_jpeg_beyond_memory_is_refused_by_its_header() {
    let bytes = Jpeg { width: 30_000, height: 20_000, sampling: &[0x22, 0x11, 0x11], progressive: true, more_scans: 1 }.bytes();
    let MediaError::TooMuchMemory { width: 30_000, height: 20_000, needed_bytes, max_bytes } = refused(&bytes, "image/jpeg") else {
        panic!("it is refused for its memory")
    };
    assert!(needed_bytes > max_bytes);
}

#[test]
fn a_preview_of_six_hundred_megapixels_stays_within_the_limit() {
    let bytes = Jpeg { width: 30_000, height: 20_000, sampling: &[0x22, 0x11, 0x11], progressive: false, more_scans: 0 }.bytes();
    let limits = Limits { max_alloc_bytes: 256 * MIB as u64, ..Limits::default() };
    let (preview, used) = peak(|| render(&bytes, "image/jpeg", 3000, &limits));
    assert_eq!(preview.unwrap().width, 3000);
    assert!(used < 256 * MIB, "{used} bytes");
    // There is no memory for more than an eighth: it comes out smaller.
    let little = Limits { max_alloc_bytes: 260 * MIB as u64, ..Limits::default() };
    let (preview, used) = peak(|| render(&bytes, "image/jpeg", 4000, &little));
    assert_eq!(preview.unwrap().width, 3750);
    assert!(used < 260 * MIB, "{used} bytes");
}

/// What the limits say of memory holds for pictures that are decoded.
#[test]
fn a_picture_takes_no_more_memory_than_was_reckoned() {
    let clear = image::DynamicImage::ImageRgba8(quarters(1500, 1500).to_rgba8());
    let deep = image::DynamicImage::ImageRgba16(quarters(1500, 1500).to_rgba16());
    for (picture, media_type) in
        fixture::TYPES.into_iter().map(|media_type| (&clear, media_type)).chain([(&deep, "image/png"), (&deep, "image/tiff")])
    {
        let bytes = encode(picture, media_type);
        for edge in [480, 1499] {
            let needed = (0..60)
                .map(|step| (MIB as u64) << (step / 4) | (MIB as u64) << (step / 4) >> 2 << (step % 4))
                .find(|&max_alloc_bytes| render(&bytes, media_type, edge, &Limits { max_alloc_bytes, ..Limits::default() }).is_ok())
                .unwrap();
            let limits = Limits { max_alloc_bytes: needed, ..Limits::default() };
            let (_, used) = peak(|| render(&bytes, media_type, edge, &limits).unwrap());
            assert!(used as u64 <= needed + MIB as u64, "{media_type} at {edge}: {used} bytes, {needed} reckoned");
        }
    }
}
