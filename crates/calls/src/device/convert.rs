//! From what cameras and screens give to I420, BT.601 in limited range.

use std::time::Instant;

use yuv::{BufferStoreMut, YuvConversionMode, YuvPackedImage, YuvPlanarImageMut, YuvRange, YuvStandardMatrix};

use crate::picture::Picture;

/// Larger ones are no pictures of a camera or a screen.
const MAX_SIDE: u32 = 16_384;

/// How the bytes of a picture are laid out, rows without gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Red, green, blue, and one that is not looked at.
    Rgba,
    /// Red, green, blue.
    Rgb,
    /// Blue, green, red.
    Bgr,
    /// Two pixels in four bytes: luma, blue, luma, red; limited range.
    Yuyv,
    /// Luma, then both chroma planes in one, each half the size; limited range.
    Nv12,
    /// Luma alone, in full range.
    Gray,
    /// A JPEG, whose size may be any.
    Jpeg,
}

/// Why bytes are no picture.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConvertError {
    /// Too few bytes for the size, or a size out of all reason.
    #[error("a picture of {width}x{height} came with {bytes} bytes, which doesn't fit")]
    Size {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
        /// Bytes that came.
        bytes: usize,
    },
    /// The decoder or the converter refused.
    #[error("a picture can't be read: {0}")]
    Unreadable(String),
}

/// Converts a picture. An odd width or height loses its last column or row.
///
/// # Errors
/// When the bytes don't hold a picture of that size and layout.
pub fn to_picture(bytes: &[u8], layout: Layout, (width, height): (u32, u32), taken_at: Instant) -> Result<Picture, ConvertError> {
    if layout == Layout::Jpeg {
        return from_jpeg(bytes, taken_at);
    }
    let refused = || ConvertError::Size { width, height, bytes: bytes.len() };
    if !(2..=MAX_SIDE).contains(&width) || !(2..=MAX_SIDE).contains(&height) {
        return Err(refused());
    }
    let (across, down) = (width as usize, height as usize);
    let needed = match layout {
        Layout::Rgba => across * down * 4,
        Layout::Rgb | Layout::Bgr => across * down * 3,
        Layout::Yuyv => across.next_multiple_of(2) * down * 2,
        Layout::Nv12 => across * down + across.next_multiple_of(2) * down.div_ceil(2),
        Layout::Gray | Layout::Jpeg => across * down,
    };
    let bytes = bytes.get(..needed).ok_or_else(refused)?;
    let mut picture = Picture::black(width, height, taken_at);
    match layout {
        Layout::Nv12 => split(bytes, across, down, &mut picture),
        Layout::Gray => narrow(bytes, across, &mut picture),
        _ => convert(bytes, layout, width, &mut picture)?,
    }
    Ok(picture)
}

fn convert(bytes: &[u8], layout: Layout, width: u32, picture: &mut Picture) -> Result<(), ConvertError> {
    let size = picture.size();
    let (y, u, v) = picture.planes_mut();
    let mut planes = YuvPlanarImageMut {
        y_plane: BufferStoreMut::Borrowed(y),
        y_stride: size.0,
        u_plane: BufferStoreMut::Borrowed(u),
        u_stride: size.0 / 2,
        v_plane: BufferStoreMut::Borrowed(v),
        v_stride: size.0 / 2,
        width: size.0,
        height: size.1,
    };
    let (range, matrix, mode) = (YuvRange::Limited, YuvStandardMatrix::Bt601, YuvConversionMode::Balanced);
    let rows = |row_bytes: u32| bytes.get(..row_bytes as usize * size.1 as usize).unwrap_or(bytes);
    match layout {
        Layout::Rgba => yuv::rgba_to_yuv420(&mut planes, rows(width * 4), width * 4, range, matrix, mode),
        Layout::Bgr => yuv::bgr_to_yuv420(&mut planes, rows(width * 3), width * 3, range, matrix, mode),
        Layout::Yuyv => {
            let stride = width.next_multiple_of(2) * 2;
            let packed = YuvPackedImage { yuy: rows(stride), yuy_stride: stride, width: size.0, height: size.1 };
            yuv::yuyv422_to_yuv420(&mut planes, &packed)
        }
        _ => yuv::rgb_to_yuv420(&mut planes, rows(width * 3), width * 3, range, matrix, mode),
    }
    .map_err(|error| ConvertError::Unreadable(error.to_string()))
}

fn split(bytes: &[u8], across: usize, down: usize, picture: &mut Picture) {
    let even = picture.size().0 as usize;
    let (luma, chroma) = bytes.split_at(across * down);
    let (y, u, v) = picture.planes_mut();
    for (to, from) in y.chunks_exact_mut(even).zip(luma.chunks_exact(across)) {
        if let Some(from) = from.get(..even) {
            to.copy_from_slice(from);
        }
    }
    let rows = u.chunks_exact_mut(even / 2).zip(v.chunks_exact_mut(even / 2));
    for ((u, v), from) in rows.zip(chroma.chunks_exact(across.next_multiple_of(2))) {
        for ((u, v), pair) in u.iter_mut().zip(v).zip(from.as_chunks::<2>().0) {
            [*u, *v] = *pair;
        }
    }
}

fn narrow(bytes: &[u8], across: usize, picture: &mut Picture) {
    let even = picture.size().0 as usize;
    let (y, _, _) = picture.planes_mut();
    for (to, from) in y.chunks_exact_mut(even).zip(bytes.chunks_exact(across)) {
        for (to, from) in to.iter_mut().zip(from) {
            *to = 16 + (u32::from(*from) * 219 / 255) as u8;
        }
    }
}

fn from_jpeg(bytes: &[u8], taken_at: Instant) -> Result<Picture, ConvertError> {
    let unreadable = |error: image::ImageError| ConvertError::Unreadable(error.to_string());
    let mut reader = image::ImageReader::with_format(std::io::Cursor::new(bytes), image::ImageFormat::Jpeg);
    let mut limits = image::Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    reader.limits(limits);
    let decoded = reader.decode().map_err(unreadable)?.into_rgb8();
    let size = decoded.dimensions();
    to_picture(decoded.as_raw(), Layout::Rgb, size, taken_at)
}

#[cfg(test)]
#[path = "convert_tests.rs"]
mod tests;
