//! What of a frame stays clear: just what a packetizer must read, and it is authenticated.

use super::FrameError;

/// How a codec's frames are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Opus (RFC 6716): all of it is sealed.
    Opus,
    /// VP8 (RFC 6386 §9.1): frame tag, and start code and size of a key frame stay clear. Chromium reads key or not, and size, from them.
    Vp8,
}

impl Layout {
    /// How many bytes at the start of `frame` stay clear.
    pub(super) fn clear_bytes(self, frame: &[u8]) -> Result<usize, FrameError> {
        match (self, frame.first()) {
            (Self::Opus, _) => Ok(0),
            (Self::Vp8, None) => Err(FrameError::Short),
            (Self::Vp8, Some(first)) => {
                let clear = if is_key(*first) { 10 } else { 3 };
                if frame.len() >= clear { Ok(clear) } else { Err(FrameError::Short) }
            }
        }
    }
}

/// Whether a frame of VP8 that begins with this byte is a key frame.
pub(crate) const fn is_key(first: u8) -> bool {
    first & 1 == 0
}
