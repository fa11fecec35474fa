//! From a picture or a block of sound to a sealed frame, and back.

mod codec;
mod jitter;
mod ladder;
mod picture_encoder;
mod play;
mod send;
mod sync;

use std::sync::Arc;

pub use codec::{SoundDecoder, SoundEncoder};
pub use jitter::{JitterBuffer, Pull};
pub use ladder::Ladder;
pub use picture_encoder::{EncodedPicture, PictureEncoder};
pub use play::Playout;
pub use send::{DeviceSender, Outgoing};
pub use sync::Synchronizer;

use crate::device::Block;

/// Cleans what the microphone hears: of echo, of noise. One block every 10 ms, both ways, from two threads.
pub trait Processor: Send + Sync {
    /// What the speaker is about to play.
    fn render(&self, block: &Block);
    /// What the microphone heard, to be cleaned.
    fn capture(&self, block: &mut Block);
}

/// A processor of both threads.
pub type SharedProcessor = Arc<dyn Processor>;

/// What a codec can't do.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// Pictures.
    #[error(transparent)]
    Vpx(#[from] bezel_vpx::VpxError),
    /// Sound.
    #[error("Opus refused: {0}")]
    Opus(#[from] opus::Error),
    /// Scaling.
    #[error("a picture can't be scaled: {0}")]
    Scale(String),
}
