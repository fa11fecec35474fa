//! Any bytes end in a picture or in an error, within the limits.

use std::sync::LazyLock;

use bezel_media::{Limits, THUMBNAIL_BYTES, recognise};
use image::DynamicImage;
use moxcms::ColorProfile;
use proptest::prelude::*;

use crate::fixture::{Jpeg, TYPES, describe, encode, encode_with, exif, gray_tiff, quarters, render, tiff};
use crate::{MEMORY, alone};

const MIB: u64 = 1024 * 1024;
const LIMITS: Limits = Limits { max_pixels: 4_000_000, max_scaled_pixels: 16_000_000, max_alloc_bytes: 48 * MIB, max_edge: 20_000 };
/// Metadata and tables, beside what is reckoned for pixels.
const BESIDE_BYTES: u64 = 40 * MIB;

/// Valid pictures, small, of every format and with everything that a decoder may stumble on.
static PICTURES: LazyLock<Vec<(&str, Vec<u8>)>> = LazyLock::new(|| {
    let picture = quarters(40, 24);
    let profile = ColorProfile::new_display_p3().encode().ok();
    let clear = DynamicImage::ImageRgba8(picture.to_rgba8());
    let deep = DynamicImage::ImageRgb16(picture.to_rgb16());
    let jpeg = |sampling, progressive| Jpeg { width: 40, height: 24, sampling, progressive, more_scans: usize::from(progressive) }.bytes();
    let turned = [gray_tiff(40, 24), vec![(274, 3, 1, 6)]].concat();
    let mut pictures: Vec<(&str, Vec<u8>)> = TYPES.into_iter().map(|media_type| (media_type, encode(&picture, media_type))).collect();
    for media_type in ["image/jpeg", "image/png", "image/webp"] {
        pictures.push((media_type, encode_with(&picture, media_type, Some(exif(6)), profile.clone())));
    }
    pictures.extend(["image/png", "image/webp", "image/tiff"].map(|media_type| (media_type, encode(&clear, media_type))));
    pictures.extend(["image/png", "image/tiff"].map(|media_type| (media_type, encode(&deep, media_type))));
    pictures.push(("image/tiff", tiff(&turned, &[90; 40 * 24])));
    pictures.extend([&[0x11][..], &[0x22, 0x11, 0x11], &[0x11; 4]].into_iter().map(|sampling| ("image/jpeg", jpeg(sampling, true))));
    pictures.push(("image/jpeg", jpeg(&[0x41, 0x14, 0x11], false)));
    pictures
});

/// What `bytes` take, whatever comes of them.
fn try_everything(bytes: &[u8], media_type: &str) -> Result<(), TestCaseError> {
    let _alone = alone();
    let before = MEMORY.current_usage() as u64;
    MEMORY.reset_peak_usage();
    if let Ok(Some(described)) = describe(bytes, media_type, &LIMITS) {
        prop_assert!(described.thumbnail.data.len() <= THUMBNAIL_BYTES);
        prop_assert!(described.thumbnail.width.max(described.thumbnail.height) <= 480);
        prop_assert!(u64::from(described.width) * u64::from(described.height) <= LIMITS.max_scaled_pixels);
    }
    if let Ok(preview) = render(bytes, media_type, 700, &LIMITS) {
        prop_assert!(preview.width.max(preview.height) <= 700);
    }
    let used = (MEMORY.peak_usage() as u64).saturating_sub(before);
    prop_assert!(used <= LIMITS.max_alloc_bytes + BESIDE_BYTES, "{media_type}: {used} bytes");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn a_damaged_picture_is_a_picture_or_an_error(
        picture in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        // Most of what a decoder believes stands in the first bytes.
        early in prop::collection::vec((0_usize..200, prop_oneof![any::<u8>(), Just(0), Just(0xFF), Just(0x7F)]), 0..4),
        cut in prop::option::weighted(0.3, any::<prop::sample::Index>()),
    ) {
        let (media_type, mut bytes) = PICTURES[picture.index(PICTURES.len())].clone();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        for (at, value) in early {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = value;
            }
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        try_everything(&bytes, media_type)?;
    }
}

proptest! {
    #[test]
    fn any_bytes_are_a_picture_or_an_error(bytes: Vec<u8>, media_type in prop::sample::select(TYPES.as_slice())) {
        try_everything(&bytes, media_type)?;
    }

    /// Past the first look of a decoder.
    #[test]
    fn any_bytes_after_a_true_beginning_are_a_picture_or_an_error(
        bytes: Vec<u8>,
        picture in any::<prop::sample::Index>(),
        kept in any::<prop::sample::Index>(),
    ) {
        let (media_type, head) = &PICTURES[picture.index(PICTURES.len())];
        let head = &head[..kept.index(head.len())];
        try_everything(&[head, &bytes].concat(), media_type)?;
    }
}

#[test]
fn every_valid_picture_of_these_tests_is_a_picture() {
    for (media_type, bytes) in PICTURES.iter() {
        assert_eq!(recognise(bytes, ""), *media_type);
        assert!(describe(bytes, media_type, &LIMITS).unwrap().is_some());
    }
}
