//! Frames end to end: sealed before they are cut into packets, opened after they were put together (SFrame, RFC 9605).

mod backend;
mod layout;
mod opener;
mod sealer;
#[cfg(test)]
mod tests;

pub use layout::Layout;
pub(crate) use layout::is_key;
pub use opener::FrameOpener;
pub use sealer::FrameSealer;

/// The cipher suite of every frame: AES_256_GCM_SHA512_128, 0x0005 of RFC 9605 §4.5.
const SUITE: sframe::CipherSuite = sframe::CipherSuite::AesGcm256Sha512;

/// Why a frame can't be sealed or is not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Shorter than its codec's header.
    #[error("the frame is shorter than its codec's header")]
    Short,
    /// Changed, of another sender, or sealed with a key that is not here.
    #[error("the frame does not open")]
    Closed,
    /// It came before, or is too old.
    #[error("the frame came before")]
    Replayed,
    /// The library refuses: the counter is used up, or the key is none.
    #[error("the frame can't be sealed")]
    Failed,
}
