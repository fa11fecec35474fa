//! Pictures written: JPEG, or PNG where something shines through.

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{DynamicImage, ImageEncoder as _};

use crate::error::MediaError;
use crate::pixels::{Layout, Pixels, Size};
use crate::{Rendered, THUMBNAIL_BYTES, THUMBNAIL_EDGE};

/// JPEG qualities that are tried at each size.
const QUALITIES: [u8; 4] = [82, 70, 58, 46];
const PREVIEW_QUALITY: u8 = 90;
/// Long edges that are tried one after the other. The last one fits whatever the picture shows: 4 KiB of pixels.
const EDGES: [u32; 8] = [THUMBNAIL_EDGE, 400, 320, 240, 160, 96, 64, 32];

/// The largest and best that fits [`THUMBNAIL_BYTES`].
pub(crate) fn thumbnail(image: &DynamicImage) -> Result<Rendered, MediaError> {
    for edge in EDGES {
        let smaller = shrink(image, edge)?;
        let qualities = if smaller.color().has_alpha() { &[0][..] } else { &QUALITIES };
        for &quality in qualities {
            let rendered = encode(&smaller, quality, CompressionType::Best)?;
            if rendered.data.len() <= THUMBNAIL_BYTES {
                return Ok(rendered);
            }
        }
    }
    Err(MediaError::malformed("no thumbnail of it is small enough"))
}

pub(crate) fn preview(image: &DynamicImage) -> Result<Rendered, MediaError> {
    encode(image, PREVIEW_QUALITY, CompressionType::Fast)
}

fn shrink(image: &DynamicImage, edge: u32) -> Result<DynamicImage, MediaError> {
    let size = Size { width: image.width(), height: image.height() };
    if size.fit(edge) == size {
        return Ok(image.clone());
    }
    let layout = if image.color().has_alpha() { Layout::Rgba } else { Layout::Rgb };
    let pixels = Pixels::new(size, layout, image.as_bytes().to_vec()).map(|pixels| pixels.shrink(edge));
    let lost = || MediaError::malformed("it has too few pixels");
    crate::colour::to_srgb(pixels.ok_or_else(lost)?, None)
}

/// `quality` is of JPEG alone, `compression` of PNG.
fn encode(image: &DynamicImage, quality: u8, compression: CompressionType) -> Result<Rendered, MediaError> {
    let (width, height, mut data) = (image.width(), image.height(), Vec::new());
    let media_type = if image.color().has_alpha() {
        let encoder = PngEncoder::new_with_quality(&mut data, compression, FilterType::Adaptive);
        encoder.write_image(image.as_bytes(), width, height, image.color().into())?;
        "image/png"
    } else {
        JpegEncoder::new_with_quality(&mut data, quality).write_image(image.as_bytes(), width, height, image.color().into())?;
        "image/jpeg"
    };
    Ok(Rendered { media_type, width, height, data })
}
