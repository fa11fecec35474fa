//! Whatever colours a picture is in, to sRGB.
//!
//! Pictures made here carry no profile: the profile of a printing press alone is larger than a thumbnail may be, and every viewer
//! takes what has none for sRGB.

use image::{DynamicImage, RgbImage, RgbaImage};
use moxcms::{ColorProfile, DataColorSpace, TransformOptions};

use crate::error::MediaError;
use crate::pixels::{Layout, Pixels};

/// The largest profile that is looked at. Those of printing presses have 2 MiB at most.
pub(crate) const MAX_PROFILE_BYTES: usize = 4 * 1024 * 1024;

/// A profile that is damaged, or of another kind of colour than the pixels, is left aside: colours slightly wrong are better than no
/// picture.
pub(crate) fn to_srgb(pixels: Pixels, profile: Option<&[u8]>) -> Result<DynamicImage, MediaError> {
    let profile = profile.filter(|bytes| bytes.len() <= MAX_PROFILE_BYTES).and_then(|bytes| ColorProfile::new_from_slice(bytes).ok());
    let managed = profile.and_then(|profile| transform(&pixels, &profile));
    let pixels = match managed {
        Some(managed) => managed,
        None => plain(pixels),
    };
    let (width, height) = (pixels.size.width, pixels.size.height);
    let image = if pixels.layout == Layout::Rgba && !is_opaque(&pixels) {
        RgbaImage::from_raw(width, height, pixels.data).map(DynamicImage::ImageRgba8)
    } else {
        RgbImage::from_raw(width, height, without_alpha(pixels)).map(DynamicImage::ImageRgb8)
    };
    image.ok_or_else(|| MediaError::malformed("it has too few pixels"))
}

/// `None` where the profile does not fit the pixels.
fn transform(pixels: &Pixels, profile: &ColorProfile) -> Option<Pixels> {
    let (from, to, layout) = match (pixels.layout, profile.color_space) {
        (Layout::Gray, DataColorSpace::Gray) => (moxcms::Layout::Gray, moxcms::Layout::Rgb, Layout::Rgb),
        (Layout::Rgb, DataColorSpace::Rgb) => (moxcms::Layout::Rgb, moxcms::Layout::Rgb, Layout::Rgb),
        (Layout::Rgba, DataColorSpace::Rgb) => (moxcms::Layout::Rgba, moxcms::Layout::Rgba, Layout::Rgba),
        // Four channels without alpha: that they are ink, the profile says.
        (Layout::Cmyk, DataColorSpace::Cmyk) => (moxcms::Layout::Rgba, moxcms::Layout::Rgb, Layout::Rgb),
        _ => return None,
    };
    let transform = profile.create_transform_8bit(from, &ColorProfile::new_srgb(), to, TransformOptions::default()).ok()?;
    let mut data = vec![0; pixels.data.len() / pixels.layout.channels() * layout.channels()];
    transform.transform(&pixels.data, &mut data).ok()?;
    Pixels::new(pixels.size, layout, data)
}

/// By the meaning that channels have without a profile.
fn plain(pixels: Pixels) -> Pixels {
    let data = match pixels.layout {
        Layout::Rgb | Layout::Rgba => return pixels,
        Layout::Gray => pixels.data.iter().flat_map(|&value| [value; 3]).collect(),
        Layout::Cmyk => {
            let paper = |ink: u8, black: u8| (u16::from(255 - ink) * u16::from(255 - black) / 255) as u8;
            pixels.data.as_chunks::<4>().0.iter().flat_map(|&[c, m, y, k]| [paper(c, k), paper(m, k), paper(y, k)]).collect()
        }
    };
    Pixels { size: pixels.size, layout: Layout::Rgb, data }
}

fn is_opaque(pixels: &Pixels) -> bool {
    pixels.data.as_chunks::<4>().0.iter().all(|[.., alpha]| *alpha == 255)
}

fn without_alpha(pixels: Pixels) -> Vec<u8> {
    match pixels.layout {
        Layout::Rgba => pixels.data.as_chunks::<4>().0.iter().flat_map(|&[r, g, b, _]| [r, g, b]).collect(),
        _ => pixels.data,
    }
}
