//! Seals the frames of one track that this device sends.

use bezel_crypto::call::FrameKey;
use bezel_crypto::{Rng, rng};
use sframe::frame::{MediaFrameView, MonotonicCounter};

use super::backend::EncryptionKey;
use super::{FrameError, Layout, SUITE};

/// Seals frames; each has the next counter.
pub struct FrameSealer {
    key: EncryptionKey,
    counter: MonotonicCounter,
    layout: Layout,
}

impl FrameSealer {
    /// A sealer that begins to count anywhere below 2^62: a device that leaves a call and comes back has its key again, and no counter
    /// may serve twice under one key (RFC 9605 §9.1).
    ///
    /// # Errors
    /// When the library refuses the key, or there is no randomness.
    pub fn new(key: &FrameKey, layout: Layout, rng: &mut dyn Rng) -> Result<Self, FrameError> {
        let key = EncryptionKey::derive_from(SUITE, key.id, key.base.expose()).map_err(|_| FrameError::Failed)?;
        let first = u64::from_be_bytes(rng::array(rng).map_err(|_| FrameError::Failed)?) >> 2;
        Ok(Self { key, counter: MonotonicCounter::with_start_value(first, u64::MAX), layout })
    }

    /// Seals a frame into `sealed`, in place of what it held: the clear bytes, then the SFrame ciphertext.
    ///
    /// # Errors
    /// When it is no frame of its codec, or the counter is used up.
    pub fn seal(&mut self, frame: &[u8], sealed: &mut Vec<u8>) -> Result<(), FrameError> {
        let (clear, payload) = frame.split_at_checked(self.layout.clear_bytes(frame)?).ok_or(FrameError::Short)?;
        let view = MediaFrameView::try_with_meta_data(&mut self.counter, payload, clear).map_err(|_| FrameError::Failed)?;
        sealed.clear();
        view.encrypt_into(&self.key, sealed).map_err(|_| FrameError::Failed)?;
        Ok(())
    }
}
