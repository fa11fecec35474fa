//! Pictures as members have them.

use bezel_media::{Limits, MediaError, THUMBNAIL_BYTES, recognise};
use image::{DynamicImage, GenericImageView as _, Luma, Rgba, RgbaImage};
use moxcms::ColorProfile;

use crate::fixture::{self, Jpeg, TYPES, decode, describe, encode, encode_with, exif, gray_tiff, noise, quarters, render, tiff};

fn limits() -> Limits {
    Limits::default()
}

/// Whether the colour at a place is about this one.
fn is_at(image: &DynamicImage, x: u32, y: u32, colour: [u8; 3]) -> bool {
    let Rgba([r, g, b, _]) = image.get_pixel(x, y);
    [r, g, b].into_iter().zip(colour).all(|(is, should)| is.abs_diff(should) <= 6)
}

const RED: [u8; 3] = [255, 0, 0];
const GREEN: [u8; 3] = [0, 255, 0];
const BLUE: [u8; 3] = [0, 0, 255];
const WHITE: [u8; 3] = [255, 255, 255];

#[test]
fn every_format_is_recognised_and_gives_its_size_and_a_thumbnail() {
    for media_type in TYPES {
        let bytes = encode(&quarters(1000, 600), media_type);
        assert_eq!(recognise(&bytes, "x"), media_type);
        let described = describe(&bytes, media_type, &limits()).unwrap().unwrap();
        assert_eq!((described.width, described.height), (1000, 600), "{media_type}");
        assert_eq!((described.thumbnail.width, described.thumbnail.height), (480, 288), "{media_type}");
        assert!(described.thumbnail.data.len() <= THUMBNAIL_BYTES);
        let small = decode(&described.thumbnail);
        let corners =
            [is_at(&small, 20, 20, RED), is_at(&small, 460, 20, GREEN), is_at(&small, 20, 270, BLUE), is_at(&small, 460, 270, WHITE)];
        assert_eq!(corners, [true; 4], "{media_type}");
    }
}

#[test]
fn a_preview_is_as_large_as_asked_for_and_never_larger_than_the_picture() {
    for media_type in TYPES {
        let bytes = encode(&quarters(600, 1000), media_type);
        for (max_edge, size) in [(1, (1, 1)), (77, (46, 77)), (999, (599, 999)), (1000, (600, 1000)), (9000, (600, 1000))] {
            let preview = render(&bytes, media_type, max_edge, &limits()).unwrap();
            assert_eq!((preview.width, preview.height), size, "{media_type} at {max_edge}");
            decode(&preview);
        }
        assert_eq!(render(&bytes, media_type, 0, &limits()).unwrap().width, 1, "there is no picture of no pixels");
    }
}

#[test]
fn the_smallest_picture_is_a_picture() {
    for media_type in TYPES {
        let bytes = encode(&quarters(1, 1), media_type);
        let described = describe(&bytes, media_type, &limits()).unwrap().unwrap();
        assert_eq!((described.width, described.height), (1, 1));
        assert!(is_at(&decode(&described.thumbnail), 0, 0, RED), "{media_type}");
    }
}

#[test]
fn what_is_long_and_thin_keeps_its_length() {
    for media_type in TYPES {
        let described = describe(&encode(&quarters(1, 3000), media_type), media_type, &limits()).unwrap().unwrap();
        assert_eq!((described.thumbnail.width, described.thumbnail.height), (1, 480), "{media_type}");
    }
}

#[test]
fn other_files_have_no_picture() {
    for media_type in ["image/heic", "image/avif", "image/svg+xml", "application/pdf", "text/html", ""] {
        assert!(describe(b"whatever", media_type, &limits()).unwrap().is_none());
        assert!(matches!(render(b"whatever", media_type, 100, &limits()), Err(MediaError::Unsupported { .. })));
    }
}

/// What stands at the top left and the top right of the upright picture, for every orientation of the stored one.
#[test]
fn a_picture_stands_as_its_camera_was_held() {
    let upright = [(RED, GREEN), (GREEN, RED), (WHITE, BLUE), (BLUE, WHITE), (RED, BLUE), (BLUE, RED), (WHITE, GREEN), (GREEN, WHITE)];
    for (orientation, (left, right)) in (1..=8).zip(upright) {
        let grey = [gray_tiff(640, 320), vec![(274, 3, 1, u32::from(orientation))]].concat();
        let pictures = [
            ("image/jpeg", encode_with(&quarters(640, 320), "image/jpeg", Some(exif(orientation)), None)),
            ("image/png", encode_with(&quarters(640, 320), "image/png", Some(exif(orientation)), None)),
            ("image/webp", encode_with(&quarters(640, 320), "image/webp", Some(exif(orientation)), None)),
            ("image/tiff", tiff(&grey, &vec![255; 640 * 320])),
        ];
        for (media_type, bytes) in pictures {
            let described = describe(&bytes, media_type, &limits()).unwrap().unwrap();
            let size = if orientation < 5 { (640, 320) } else { (320, 640) };
            assert_eq!((described.width, described.height), size, "{media_type}, orientation {orientation}");
            let small = decode(&described.thumbnail);
            let (width, height) = (small.width(), small.height());
            assert_eq!(width > height, orientation < 5, "{media_type}, orientation {orientation}");
            if media_type != "image/tiff" {
                assert!(is_at(&small, 10, 10, left), "{media_type}, orientation {orientation}");
                assert!(is_at(&small, width - 10, 10, right), "{media_type}, orientation {orientation}");
            }
        }
    }
}

/// sRGB's red is a weaker one among the numbers of Display P3.
#[test]
fn a_red_of_display_p3_stays_the_same_red() {
    let picture = DynamicImage::ImageRgb8(image::RgbImage::from_pixel(64, 64, image::Rgb([234, 51, 35])));
    let profile = ColorProfile::new_display_p3().encode().unwrap();
    for media_type in ["image/jpeg", "image/png", "image/webp"] {
        let managed = encode_with(&picture, media_type, None, Some(profile.clone()));
        let described = describe(&managed, media_type, &limits()).unwrap().unwrap();
        assert!(is_at(&decode(&described.thumbnail), 32, 32, RED), "{media_type}");
        let preview = render(&managed, media_type, 32, &limits()).unwrap();
        assert!(is_at(&decode(&preview), 16, 16, RED), "{media_type}");

        let plain = describe(&encode(&picture, media_type), media_type, &limits()).unwrap().unwrap();
        assert!(is_at(&decode(&plain.thumbnail), 32, 32, [234, 51, 35]), "{media_type}: without a profile it is sRGB");
    }
}

#[test]
fn the_profile_of_a_tiff_is_heeded_and_a_damaged_one_left_aside() {
    let picture = DynamicImage::ImageRgb8(image::RgbImage::from_pixel(64, 64, image::Rgb([234, 51, 35])));
    let profile = ColorProfile::new_display_p3().encode().unwrap();
    for (profile, expected) in [(profile, RED), (vec![7; 300], [234, 51, 35])] {
        let at = fixture::TIFF_PIXELS + 64 * 64 * 3;
        let entries = [
            vec![(256, 4, 1, 64), (257, 4, 1, 64), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 2), (273, 4, 1, fixture::TIFF_PIXELS)],
            vec![(277, 3, 1, 3), (278, 4, 1, 64), (279, 4, 1, 64 * 64 * 3), (34_675, 7, profile.len() as u32, at)],
        ];
        let bytes = tiff(&entries.concat(), &[picture.as_bytes(), &profile].concat());
        let described = describe(&bytes, "image/tiff", &limits()).unwrap().unwrap();
        assert!(is_at(&decode(&described.thumbnail), 32, 32, expected));
    }
}

#[test]
fn what_shines_through_stays_so_and_what_does_not_is_a_jpeg() {
    let half =
        DynamicImage::ImageRgba8(RgbaImage::from_fn(960, 960, |x, _| if x < 480 { Rgba([255, 0, 0, 255]) } else { Rgba([0, 255, 0, 0]) }));
    for media_type in ["image/png", "image/webp", "image/gif", "image/tiff"] {
        let described = describe(&encode(&half, media_type), media_type, &limits()).unwrap().unwrap();
        assert_eq!(described.thumbnail.media_type, "image/png", "{media_type}");
        let small = decode(&described.thumbnail);
        assert_eq!(small.get_pixel(100, 100), Rgba([255, 0, 0, 255]), "{media_type}");
        assert_eq!(small.get_pixel(400, 100)[3], 0, "{media_type}");
    }
    let opaque = DynamicImage::ImageRgba8(quarters(100, 100).to_rgba8());
    assert_eq!(describe(&encode(&opaque, "image/png"), "image/png", &limits()).unwrap().unwrap().thumbnail.media_type, "image/jpeg");
}

#[test]
fn a_thumbnail_of_noise_fits_all_the_same() {
    let opaque = DynamicImage::ImageRgb8(noise(1000, 1000).to_rgb8());
    for (picture, kind) in [(noise(1000, 1000), "image/png"), (opaque, "image/jpeg")] {
        let thumbnail = describe(&encode(&picture, "image/png"), "image/png", &limits()).unwrap().unwrap().thumbnail;
        assert_eq!(thumbnail.media_type, kind);
        assert!(thumbnail.data.len() <= THUMBNAIL_BYTES);
        assert!(thumbnail.width >= 64, "no smaller than it must be");
    }
}

#[test]
fn grey_and_sixteen_bits_and_ink_are_pictures_too() {
    let grey = DynamicImage::ImageLuma8(image::GrayImage::from_pixel(64, 64, Luma([100])));
    let deep = DynamicImage::ImageRgb16(quarters(64, 64).to_rgb16());
    let clear = DynamicImage::ImageLumaA16(quarters(64, 64).to_luma_alpha16());
    for (picture, colour) in [(&grey, [100; 3]), (&deep, RED), (&clear, [54; 3])] {
        let thumbnail = describe(&encode(picture, "image/png"), "image/png", &limits()).unwrap().unwrap().thumbnail;
        assert!(is_at(&decode(&thumbnail), 8, 8, colour), "{:?}", picture.color());
    }
    // Half of every ink: a quarter of the light.
    let ink = Jpeg { width: 64, height: 64, sampling: &[0x11; 4], progressive: false, more_scans: 0 };
    let thumbnail = describe(&ink.bytes(), "image/jpeg", &limits()).unwrap().unwrap().thumbnail;
    assert!(is_at(&decode(&thumbnail), 8, 8, [64; 3]));
}

#[test]
fn a_progressive_jpeg_is_a_picture() {
    for sampling in [&[0x11][..], &[0x22, 0x11, 0x11], &[0x41, 0x11, 0x14]] {
        for more_scans in [0, 1] {
            let bytes = Jpeg { width: 2000, height: 1000, sampling, progressive: true, more_scans }.bytes();
            let described = describe(&bytes, "image/jpeg", &limits()).unwrap().unwrap();
            assert!(is_at(&decode(&described.thumbnail), 100, 100, [128; 3]));
        }
    }
}

#[test]
fn limits_name_the_size_of_the_picture_and_themselves() {
    let small = Limits { max_pixels: 5_000, max_scaled_pixels: 5_000, ..limits() };
    for media_type in TYPES {
        let refused = describe(&encode(&quarters(100, 60), media_type), media_type, &small).unwrap_err();
        assert_eq!(refused.to_string(), "the picture is 100 × 60 pixels; at most 5000 pixels and 65535 along an edge are decoded");
    }
    let narrow = Limits { max_edge: 99, ..limits() };
    let poor = Limits { max_alloc_bytes: 1000, ..limits() };
    for media_type in TYPES {
        let bytes = encode(&quarters(100, 60), media_type);
        assert!(matches!(describe(&bytes, media_type, &narrow), Err(MediaError::TooLarge { width: 100, height: 60, .. })), "{media_type}");
        assert!(
            matches!(describe(&bytes, media_type, &poor), Err(MediaError::TooMuchMemory { width: 100, height: 60, .. })),
            "{media_type}"
        );
    }
}

#[test]
fn a_type_that_is_not_what_the_bytes_are_is_an_error() {
    for media_type in TYPES {
        let bytes = encode(&quarters(64, 64), media_type);
        for other in TYPES.into_iter().filter(|other| *other != media_type) {
            assert!(matches!(describe(&bytes, other, &limits()), Err(MediaError::Malformed { .. } | MediaError::Unsupported { .. })));
        }
    }
}

/// A reader that has been looked at already stands somewhere else.
#[test]
fn the_picture_is_read_from_the_beginning_of_the_reader() {
    for media_type in TYPES {
        let bytes = encode(&quarters(64, 64), media_type);
        let mut reader = std::io::Cursor::new(bytes);
        reader.set_position(17);
        assert!(bezel_media::describe(reader, media_type, &limits()).unwrap().is_some(), "{media_type}");
    }
}
