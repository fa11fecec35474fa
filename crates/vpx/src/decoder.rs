//! The decoder.

use std::mem::MaybeUninit;
use std::ptr;

use vpx_sys::{vpx_codec_ctx_t, vpx_codec_dec_cfg_t, vpx_img_fmt};

use crate::{Planes, VpxError, check};

/// Larger pictures are refused before anything is allocated for them: 4096 × 2304.
pub const MAX_PIXELS: u64 = 4096 * 2304;

/// A decoder of one stream.
pub struct Decoder {
    context: Box<vpx_codec_ctx_t>,
}

// SAFETY: a context of libvpx belongs to no thread; `&mut self` on every call keeps it to one at a time.
unsafe impl Send for Decoder {}

impl Decoder {
    /// Makes a decoder.
    ///
    /// # Errors
    /// When libvpx refuses.
    pub fn new() -> Result<Self, VpxError> {
        let config = vpx_codec_dec_cfg_t { threads: 1, w: 0, h: 0 };
        let mut context = MaybeUninit::<vpx_codec_ctx_t>::zeroed();
        // SAFETY: the context is written by the call before it is read; the configuration is copied.
        let context = unsafe {
            check(vpx_sys::vpx_codec_dec_init_ver(
                context.as_mut_ptr(),
                vpx_sys::vpx_codec_vp8_dx(),
                &raw const config,
                0,
                vpx_sys::VPX_DECODER_ABI_VERSION as i32,
            ))?;
            Box::new(context.assume_init())
        };
        Ok(Self { context })
    }

    /// Decodes a frame and hands the picture to `show`, if one is to be shown.
    ///
    /// # Errors
    /// When it is no frame, is too large, or libvpx refuses. The stream goes on with the next key frame.
    pub fn decode<T>(&mut self, frame: &[u8], show: impl FnOnce(Planes<'_>) -> T) -> Result<Option<T>, VpxError> {
        if is_key_frame(frame).ok_or(VpxError::NotAFrame)? {
            let (width, height) = size_of_key_frame(frame).ok_or(VpxError::NotAFrame)?;
            if width == 0 || height == 0 || u64::from(width) * u64::from(height) > MAX_PIXELS {
                return Err(VpxError::Size(width, height));
            }
        }
        let length = u32::try_from(frame.len()).map_err(|_| VpxError::NotAFrame)?;
        // SAFETY: the frame is alive for the call and has that length.
        check(unsafe { vpx_sys::vpx_codec_decode(&raw mut *self.context, frame.as_ptr(), length, ptr::null_mut(), 0) })?;
        let mut iterator = ptr::null();
        // SAFETY: the context is alive; the image stays valid until the next call into it, and `planes` does not outlive it.
        let image = unsafe { vpx_sys::vpx_codec_get_frame(&raw mut *self.context, &raw mut iterator).as_ref() };
        let Some(image) = image else { return Ok(None) };
        if image.fmt != vpx_img_fmt::VPX_IMG_FMT_I420 {
            return Err(VpxError::NotAFrame);
        }
        let [y_stride, uv_stride, _, _] = image.stride.map(|stride| usize::try_from(stride).unwrap_or(0));
        let (width, height) = (image.d_w as usize, image.d_h as usize);
        if y_stride < width || uv_stride < width.div_ceil(2) || width == 0 || height == 0 {
            return Err(VpxError::NotAFrame);
        }
        let [y, u, v, _] = image.planes;
        // The last row ends with the picture, not with the stride.
        let (luma, chroma) = (y_stride * (height - 1) + width, uv_stride * (height.div_ceil(2) - 1) + width.div_ceil(2));
        // SAFETY: an image of libvpx holds every row of its size at these strides.
        let planes = unsafe {
            Planes {
                width: image.d_w,
                height: image.d_h,
                y: std::slice::from_raw_parts(y, luma),
                u: std::slice::from_raw_parts(u, chroma),
                v: std::slice::from_raw_parts(v, chroma),
                y_stride,
                uv_stride,
            }
        };
        Ok(Some(show(planes)))
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        // SAFETY: the context was made by `new` and is not used again.
        unsafe { vpx_sys::vpx_codec_destroy(&raw mut *self.context) };
    }
}

/// Whether a frame is a key frame (RFC 6386 §9.1); none for what is no frame.
fn is_key_frame(frame: &[u8]) -> Option<bool> {
    frame.get(..3).and_then(|tag| tag.first()).map(|first| first & 1 == 0)
}

/// Pixels across and down, as a key frame says (RFC 6386 §9.1); none for what is no key frame.
#[must_use]
pub fn size_of_key_frame(frame: &[u8]) -> Option<(u32, u32)> {
    let [first, _, _, 0x9d, 0x01, 0x2a, w0, w1, h0, h1, ..] = *frame else { return None };
    let dimension = |low: u8, high: u8| u32::from(u16::from_le_bytes([low, high]) & 0x3fff);
    (first & 1 == 0).then(|| (dimension(w0, w1), dimension(h0, h1)))
}
