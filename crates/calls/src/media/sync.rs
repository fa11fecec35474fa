//! Lips and voice: a picture is held until the sound that belongs to it plays.

use std::time::{Duration, Instant};

/// A picture is held no longer.
const LONGEST: Duration = Duration::from_millis(200);
/// Nobody notices sound that is later than its picture by so much (ITU-R BT.1359: 125 ms); pictures that come early are shown early.
const UNNOTICED_MS: f64 = 80.0;

/// A track's RTP clock against its sender's (RFC 3550 §6.4.1).
#[derive(Clone, Copy, Debug)]
struct Clock {
    rtp: u32,
    ntp_ms: f64,
    per_ms: f64,
}

impl Clock {
    /// The sender's time of a timestamp, in milliseconds.
    fn time_of(&self, timestamp: i64) -> f64 {
        let ticks = (timestamp as u32).wrapping_sub(self.rtp).cast_signed();
        self.ntp_ms + f64::from(ticks) / self.per_ms
    }
}

/// Holds the clocks of one sender's camera and microphone.
#[derive(Debug, Default)]
pub struct Synchronizer {
    sound: Option<Clock>,
    pictures: Option<Clock>,
    /// The timestamp of the sound that played at an instant.
    playing: Option<(i64, Instant)>,
}

impl Synchronizer {
    /// What a sender report says of the microphone.
    pub const fn sound_clock(&mut self, rtp: u32, ntp_ms: f64) {
        self.sound = Some(Clock { rtp, ntp_ms, per_ms: 48.0 });
    }

    /// What a sender report says of the camera.
    pub const fn picture_clock(&mut self, rtp: u32, ntp_ms: f64) {
        self.pictures = Some(Clock { rtp, ntp_ms, per_ms: 90.0 });
    }

    /// The sound with this timestamp plays now; none when it is silent.
    pub fn plays(&mut self, timestamp: Option<i64>, now: Instant) {
        self.playing = timestamp.map(|timestamp| (timestamp, now));
    }

    /// How long to hold a picture with this timestamp.
    #[must_use]
    pub fn hold(&self, timestamp: i64, now: Instant) -> Duration {
        let (Some(sound), Some(pictures), Some((playing, at))) = (self.sound, self.pictures, self.playing) else { return Duration::ZERO };
        let heard = sound.time_of(playing) + now.saturating_duration_since(at).as_secs_f64() * 1000.0;
        let ahead_ms = pictures.time_of(timestamp) - heard - UNNOTICED_MS;
        Duration::try_from_secs_f64(ahead_ms / 1000.0).unwrap_or_default().min(LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    #[test]
    fn a_picture_waits_for_its_sound_and_no_longer() {
        let (mut sync, now) = (Synchronizer::default(), clock::now());
        assert_eq!(sync.hold(9000, now), Duration::ZERO, "nothing is known");
        sync.sound_clock(48_000, 1_000.0);
        sync.picture_clock(90_000, 1_000.0);
        // The sound of 1.1 s plays; the picture of 1.24 s waits 60 ms, and is 80 ms early then.
        sync.plays(Some(48_000 + 4_800), now);
        assert_eq!(sync.hold(90_000 + 21_600, now).as_millis(), 60);
        assert_eq!(sync.hold(90_000 + 14_400, now), Duration::ZERO, "early, and nobody notices");
        assert_eq!(sync.hold(90_000 + 21_600, now + Duration::from_millis(100)), Duration::ZERO, "late already");
        assert_eq!(sync.hold(90_000 + 900_000, now), LONGEST, "a sender who lies about its clock does not stop pictures");
        sync.plays(None, now);
        assert_eq!(sync.hold(90_000 + 21_600, now), Duration::ZERO, "without sound there is nothing to wait for");
    }
}
