//! Opens the frames of one track of one sender, by the keys of the generations that hold.

use std::time::{Duration, Instant};

use bezel_crypto::call::FrameKey;
use sframe::frame::EncryptedFrameView;
use sframe::frame::validation::{ReplayAttackProtection, ReplayAttackProtectionError, Tolerance};

use super::backend::DecryptionKey;
use super::{FrameError, Layout, SUITE};

/// So long frames of the generation before are still taken.
const OVERLAP: Duration = Duration::from_secs(5);
/// How far behind the newest frame one may come.
const REPLAY_WINDOW: usize = 512;

/// Opens frames. Every key has a window of its own, so a frame that came before is refused.
pub struct FrameOpener {
    layout: Layout,
    current: Generation,
    previous: Option<(Generation, Instant)>,
}

struct Generation {
    key: DecryptionKey,
    id: u64,
    window: ReplayAttackProtection,
}

impl Generation {
    fn new(key: &FrameKey) -> Result<Self, FrameError> {
        Ok(Self {
            key: DecryptionKey::derive_from(SUITE, key.id, key.base.expose()).map_err(|_| FrameError::Failed)?,
            id: key.id,
            window: ReplayAttackProtection::new(key.id, Tolerance::try_new(REPLAY_WINDOW).map_err(|_| FrameError::Failed)?),
        })
    }
}

impl FrameOpener {
    /// An opener with the key of the generation that holds now.
    ///
    /// # Errors
    /// When the library refuses the key.
    pub fn new(key: &FrameKey, layout: Layout) -> Result<Self, FrameError> {
        Ok(Self { layout, current: Generation::new(key)?, previous: None })
    }

    /// Goes on with the key of a new generation; the one before is taken for a few seconds more.
    ///
    /// # Errors
    /// When the library refuses the key.
    pub fn rekey(&mut self, key: &FrameKey, now: Instant) -> Result<(), FrameError> {
        let before = std::mem::replace(&mut self.current, Generation::new(key)?);
        self.previous = Some((before, now));
        Ok(())
    }

    /// Opens a frame into `frame`, in place of what it held.
    ///
    /// # Errors
    /// When it was changed, came before, or is of a sender, track or generation whose key is not here.
    pub fn open(&mut self, sealed: &[u8], now: Instant, frame: &mut Vec<u8>) -> Result<(), FrameError> {
        self.previous.take_if(|(_, since)| now.saturating_duration_since(*since) > OVERLAP);
        let (clear, ciphertext) = sealed.split_at_checked(self.layout.clear_bytes(sealed)?).ok_or(FrameError::Short)?;
        let view = EncryptedFrameView::try_with_meta_data(ciphertext, clear).map_err(|_| FrameError::Closed)?;
        let id = view.header().key_id();
        let previous = self.previous.as_mut().map(|(generation, _)| generation);
        let generation = [Some(&mut self.current), previous].into_iter().flatten().find(|generation| generation.id == id);
        let Generation { key, window, .. } = generation.ok_or(FrameError::Closed)?;
        frame.clear();
        match view.validated_decrypt_into(&*key, frame, window) {
            Ok(_) => Ok(()),
            Err(error) if error.source_as::<ReplayAttackProtectionError>().is_some() => Err(FrameError::Replayed),
            Err(_) => Err(FrameError::Closed),
        }
    }
}
