//! A loudspeaker that nobody hears: for a machine without one, and for tests.

use std::time::{Duration, Instant};

use super::{Block, DeviceError, Speaker};
use crate::clock;

/// Takes a block every 10 ms.
pub struct SilentSpeaker {
    next_at: Instant,
}

impl Default for SilentSpeaker {
    fn default() -> Self {
        Self { next_at: clock::now() }
    }
}

impl Speaker for SilentSpeaker {
    fn write(&mut self, _: &Block) -> Result<(), DeviceError> {
        self.next_at += Duration::from_millis(10);
        match self.next_at.checked_duration_since(clock::now()) {
            Some(wait) => std::thread::sleep(wait),
            // After a standstill it does not hurry.
            None if self.next_at.elapsed() > Duration::from_millis(200) => self.next_at = clock::now(),
            None => {}
        }
        Ok(())
    }
}
