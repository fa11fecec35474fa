//! Which size and how many pictures a second a rate is good for.

/// A step: from so many kilobits a second on, so many lines, so many pictures a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rung {
    kbit_s: u32,
    height: u32,
    per_second: u32,
}

const fn rung(kbit_s: u32, height: u32, per_second: u32) -> Rung {
    Rung { kbit_s, height, per_second }
}

const RUNGS: [Rung; 6] =
    [rung(0, 180, 15), rung(150, 270, 20), rung(300, 360, 30), rung(600, 540, 30), rung(1000, 720, 30), rung(3500, 1080, 30)];
/// The best use of a rate: more is not spent on a camera.
const MOST_KBIT_S: u32 = 2500;
/// Of what the path carries, so much is left to sound, to retransmissions, and to the estimate's error.
const RESERVED_KBIT_S: u32 = 64;

/// Climbs and descends as the rate changes. Climbing needs a fifth more than a step's rate, and staying seven tenths of it, so that it does not
/// rock: another size takes a key frame.
#[derive(Debug, Clone)]
pub struct Ladder {
    at: usize,
    kbit_s: u32,
}

impl Default for Ladder {
    fn default() -> Self {
        Self { at: 2, kbit_s: 600 }
    }
}

impl Ladder {
    /// Takes what the narrowest path carries, in bits a second. Answers whether the size is another now.
    pub fn set(&mut self, estimate_bit_s: u64) -> bool {
        let kbit_s = u32::try_from(estimate_bit_s / 1000).unwrap_or(u32::MAX);
        self.kbit_s = (kbit_s / 10).saturating_mul(9).saturating_sub(RESERVED_KBIT_S).clamp(50, MOST_KBIT_S);
        let before = self.at;
        while self.at > 0 && self.kbit_s < RUNGS.get(self.at).map_or(0, |rung| rung.kbit_s * 7 / 10) {
            self.at -= 1;
        }
        while RUNGS.get(self.at + 1).is_some_and(|above| self.kbit_s >= above.kbit_s + above.kbit_s / 5) {
            self.at += 1;
        }
        self.at != before
    }

    /// Kilobits a second for pictures.
    #[must_use]
    pub const fn kbit_s(&self) -> u32 {
        self.kbit_s
    }

    /// Pictures a second.
    #[must_use]
    pub fn per_second(&self) -> u32 {
        RUNGS.get(self.at).map_or(15, |rung| rung.per_second)
    }

    /// The size for a picture of this size: of the same shape, no larger than it is, even.
    #[must_use]
    pub fn size(&self, width: u32, height: u32) -> (u32, u32) {
        let lines = RUNGS.get(self.at).map_or(180, |rung| rung.height);
        // The shorter side counts, so that a phone held upright is no worse.
        let short = width.min(height).max(1);
        if short <= lines {
            return (width & !1, height & !1);
        }
        let scaled = |side: u32| (u64::from(side) * u64::from(lines) / u64::from(short)) as u32 & !1;
        (scaled(width).max(2), scaled(height).max(2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wide_path_carries_720_lines_and_a_narrow_one_fewer() {
        let mut ladder = Ladder::default();
        ladder.set(3_000_000);
        assert_eq!((ladder.size(1280, 720), ladder.per_second()), ((1280, 720), 30));
        ladder.set(500_000);
        assert_eq!(ladder.size(1280, 720), (640, 360));
        ladder.set(100_000);
        assert_eq!((ladder.size(1280, 720), ladder.per_second()), ((320, 180), 15));
    }

    #[test]
    fn an_estimate_that_wavers_does_not_rock_the_size() {
        let mut ladder = Ladder::default();
        ladder.set(1_400_000);
        let changes = (0..100).filter(|step| ladder.set(if step % 2 == 0 { 1_250_000 } else { 1_400_000 })).count();
        assert!(changes <= 1, "{changes}");
    }

    #[test]
    fn a_picture_is_never_made_larger_and_keeps_its_shape() {
        let mut ladder = Ladder::default();
        ladder.set(8_000_000);
        assert_eq!(ladder.size(320, 240), (320, 240));
        ladder.set(500_000);
        assert_eq!(ladder.size(720, 1280), (360, 640));
    }
}
