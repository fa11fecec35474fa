use proptest::prelude::*;

use super::*;
use crate::clock;

/// BT.601, limited range, of one colour.
fn expected([red, green, blue]: [u8; 3]) -> [f32; 3] {
    let [r, g, b] = [f32::from(red), f32::from(green), f32::from(blue)];
    [16.0 + 0.257 * r + 0.504 * g + 0.098 * b, 128.0 - 0.148 * r - 0.291 * g + 0.439 * b, 128.0 + 0.439 * r - 0.368 * g - 0.071 * b]
}

fn assert_colour(picture: &Picture, colour: [u8; 3], within: f32) {
    let planes = picture.planes();
    for (plane, wanted) in [planes.y, planes.u, planes.v].into_iter().zip(expected(colour)) {
        for value in plane {
            assert!((f32::from(*value) - wanted).abs() <= within, "{value} where {wanted} belongs, for {colour:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn colours_are_kept_by_every_layout_of_red_green_and_blue(colour: [u8; 3], width in 2u32..70, height in 2u32..20) {
        let [r, g, b] = colour;
        let pixels = (width * height) as usize;
        for (layout, pixel) in [(Layout::Rgb, vec![r, g, b]), (Layout::Bgr, vec![b, g, r]), (Layout::Rgba, vec![r, g, b, 255])] {
            let picture = to_picture(&pixel.repeat(pixels), layout, (width, height), clock::now()).unwrap();
            prop_assert_eq!(picture.size(), (width & !1, height & !1));
            assert_colour(&picture, colour, 2.0);
        }
    }

    #[test]
    fn no_bytes_crash_the_converter(bytes: Vec<u8>, width in 0u32..40, height in 0u32..40) {
        for layout in [Layout::Rgba, Layout::Rgb, Layout::Bgr, Layout::Yuyv, Layout::Nv12, Layout::Gray, Layout::Jpeg] {
            let _ = to_picture(&bytes, layout, (width, height), clock::now());
        }
    }
}

#[test]
fn yuyv_keeps_luma_and_chroma_in_their_places() {
    let row: Vec<u8> = (0..4).flat_map(|pair| [20 + pair, 90, 60 + pair, 170]).collect();
    let picture = to_picture(&row.repeat(4), Layout::Yuyv, (8, 4), clock::now()).unwrap();
    let planes = picture.planes();
    assert_eq!(planes.y[..8], [20, 60, 21, 61, 22, 62, 23, 63]);
    assert!(planes.u.iter().all(|u| *u == 90) && planes.v.iter().all(|v| *v == 170));
}

#[test]
fn nv12_is_split_into_its_planes() {
    let mut bytes: Vec<u8> = (0..32).collect();
    bytes.extend([100, 200].repeat(8));
    let picture = to_picture(&bytes, Layout::Nv12, (8, 4), clock::now()).unwrap();
    assert_eq!(picture.as_bytes(), [(0..32).collect(), vec![100; 8], vec![200; 8]].concat());
}

#[test]
fn gray_is_narrowed_to_limited_range() {
    let picture = to_picture(&[0, 255, 0, 255], Layout::Gray, (2, 2), clock::now()).unwrap();
    assert_eq!(picture.as_bytes(), [16, 235, 16, 235, 128, 128]);
}

#[test]
fn a_jpeg_is_decoded_in_its_own_size() {
    let mut bytes = Vec::new();
    let drawn = image::RgbImage::from_pixel(64, 48, image::Rgb([200, 40, 90]));
    drawn.write_to(&mut std::io::Cursor::new(&mut bytes), image::ImageFormat::Jpeg).unwrap();
    let picture = to_picture(&bytes, Layout::Jpeg, (1280, 720), clock::now()).unwrap();
    assert_eq!(picture.size(), (64, 48));
    assert_colour(&picture, [200, 40, 90], 4.0);
}

#[test]
fn too_few_bytes_are_refused_by_size() {
    let refused = to_picture(&[0; 10], Layout::Rgba, (4, 4), clock::now()).unwrap_err();
    assert_eq!(refused, ConvertError::Size { width: 4, height: 4, bytes: 10 });
}
