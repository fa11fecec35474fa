//! The base key of each sender's track (RFC 9605 §4.4.1), from the call's secret.

use bezel_protocol::{CallId, Hash};

use crate::kdf::{self, KdfFailed};
use crate::secret::Secret;

/// What the frame keys of one generation of a call come from.
pub struct CallSecret {
    call: CallId,
    generation: u32,
    secret: Secret<32>,
}

/// A track of a sender; each has a key and a counter of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Track {
    /// The microphone.
    Audio,
    /// The camera.
    Camera,
    /// A shared screen.
    Screen,
}

/// The key of one track of one sender in one generation.
pub struct FrameKey {
    /// The key id in the header of every frame (RFC 9605 §4.3).
    pub id: u64,
    /// The base key.
    pub base: Secret<32>,
}

impl CallSecret {
    /// The secret of a generation of a call; the invitation's is generation 0.
    #[must_use]
    pub const fn new(call: CallId, generation: u32, secret: Secret<32>) -> Self {
        Self { call, generation, secret }
    }

    /// The call.
    #[must_use]
    pub const fn call(&self) -> CallId {
        self.call
    }

    /// The generation.
    #[must_use]
    pub const fn generation(&self) -> u32 {
        self.generation
    }

    /// The secret's bytes, to be given to somebody who is in the call.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        self.secret.expose()
    }

    /// The key of a track of `sender`, the id of a device or of a guest. Senders, tracks and generations never share one.
    ///
    /// # Errors
    /// When the library refuses; it never does for these lengths.
    pub fn frame_key(&self, sender: &[u8; 16], track: Track) -> Result<FrameKey, KdfFailed> {
        let info: [&[u8]; 4] = [b"bezel/call/frames", self.call.as_bytes(), sender, track.label().as_bytes()];
        Ok(FrameKey { id: key_id(sender, track, self.generation), base: kdf::derive(self.secret.expose(), &info)? })
    }
}

impl Track {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Audio, Self::Camera, Self::Screen];

    const fn label(self) -> &'static str {
        match self {
            Self::Audio => "audio",
            Self::Camera => "camera",
            Self::Screen => "screen",
        }
    }
}

/// Sender, track and generation in one number: 32 bits of SHA-256 of the sender's id, 2 of the track, 8 of the generation.
fn key_id(sender: &[u8; 16], track: Track, generation: u32) -> u64 {
    let hash = Hash::of(sender);
    let tag = hash.as_bytes().iter().take(4).fold(0u64, |tag, byte| tag << 8 | u64::from(*byte));
    tag << 10 | (track as u64) << 8 | u64::from(generation & 0xff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_senders_tracks_or_generations_share_a_key() {
        let secret = |generation| CallSecret::new(CallId::from_bytes([1; 16]), generation, Secret::from_slice(&[7; 32]).unwrap());
        let (mut ids, mut keys) = (std::collections::HashSet::new(), std::collections::HashSet::new());
        for generation in 0..3 {
            for sender in [[1; 16], [2; 16]] {
                for track in Track::ALL {
                    let key = secret(generation).frame_key(&sender, track).unwrap();
                    assert!(ids.insert(key.id) && key.id < 1 << 42);
                    // A new generation has a new secret too; of the same secret the base key is the same.
                    assert_eq!(keys.insert(*key.base.expose()), generation == 0);
                }
            }
        }
    }

    #[test]
    fn a_key_is_what_the_browser_derives() {
        // The same by Python's hmac, and in the unit test of the page.
        let secret = CallSecret::new(CallId::from_bytes([0x11; 16]), 3, Secret::from_slice(&[0x22; 32]).unwrap());
        let key = secret.frame_key(&[0x33; 16], Track::Camera).unwrap();
        assert_eq!(key.id, 0xa088_eff9 << 10 | 1 << 8 | 3, "{:#x}", key.id >> 10);
        assert_eq!(key.base.expose()[..8], [0xe8, 0x51, 0x80, 0x68, 0x55, 0xac, 0x1b, 0xa0]);
    }
}
