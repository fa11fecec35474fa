//! VP8 (RFC 6386) by libvpx, behind two safe types. The one crate of Bezel with unsafe code, and no more of it than calling C asks for.

#![warn(missing_docs)]

mod decoder;
mod encoder;
mod planes;

pub use decoder::{Decoder, MAX_PIXELS, size_of_key_frame};
pub use encoder::{Content, Encoded, Encoder, EncoderOptions};
pub use planes::Planes;

/// What libvpx refused, or what may not be handed to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VpxError {
    /// The planes are smaller than width and height say.
    #[error("the picture's planes are smaller than its size says")]
    Planes,
    /// Width or height is zero, odd, or too large.
    #[error("a picture of {0}×{1} pixels can't be coded")]
    Size(u32, u32),
    /// libvpx answered with this code (`vpx_codec_err_t`).
    #[error("libvpx refused (code {0})")]
    Codec(u32),
    /// Not a frame of VP8.
    #[error("this is not a frame of VP8")]
    NotAFrame,
}

/// Turns a code of libvpx into a result.
fn check(code: vpx_sys::vpx_codec_err_t) -> Result<(), VpxError> {
    match code {
        vpx_sys::vpx_codec_err_t::VPX_CODEC_OK => Ok(()),
        code => Err(VpxError::Codec(code as u32)),
    }
}
