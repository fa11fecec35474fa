//! How loud a block is, for the eye.

use serde::Serialize;

use crate::device::{BLOCK, Block};

/// What silence is called: nothing below it is told apart.
const FLOOR_DBFS: f32 = -100.0;
/// How much of the way to a louder or softer level one block (10 ms) goes: up in about 30 ms, down in about 300 ms.
const RISE: f32 = 0.3;
const FALL: f32 = 0.033;

/// A level, in dB below full scale: from -100 (silence) to 0.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Level {
    /// Root mean square.
    pub rms_dbfs: f32,
    /// The greatest sample.
    pub peak_dbfs: f32,
}

impl Level {
    /// Silence.
    pub const SILENCE: Self = Self { rms_dbfs: FLOOR_DBFS, peak_dbfs: FLOOR_DBFS };

    /// The level of one block, as it is.
    #[must_use]
    pub fn of(block: &Block) -> Self {
        let power = block.iter().map(|sample| sample * sample).sum::<f32>() / BLOCK as f32;
        let peak = block.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
        Self { rms_dbfs: dbfs(power.sqrt()), peak_dbfs: dbfs(peak) }
    }
}

/// A level that moves as a hand on a dial would: quick to rise, slow to fall.
#[derive(Clone, Debug)]
pub struct LevelMeter {
    shown: Level,
}

impl Default for LevelMeter {
    fn default() -> Self {
        Self { shown: Level::SILENCE }
    }
}

impl LevelMeter {
    /// Takes in a block, and tells what to show after it.
    pub fn measure(&mut self, block: &Block) -> Level {
        let heard = Level::of(block);
        self.shown =
            Level { rms_dbfs: approach(self.shown.rms_dbfs, heard.rms_dbfs), peak_dbfs: approach(self.shown.peak_dbfs, heard.peak_dbfs) };
        self.shown
    }
}

fn approach(shown: f32, heard: f32) -> f32 {
    shown + (heard - shown) * if heard > shown { RISE } else { FALL }
}

fn dbfs(amplitude: f32) -> f32 {
    let level = 20.0 * amplitude.log10();
    // Not a number, or silence.
    if level >= FLOOR_DBFS { level.min(0.0) } else { FLOOR_DBFS }
}

#[cfg(test)]
mod tests {
    use std::f32::consts::TAU;

    use super::*;

    fn tone(amplitude: f32) -> Block {
        std::array::from_fn(|at| amplitude * (TAU * 1000.0 * at as f32 / 48_000.0).sin())
    }

    #[test]
    fn a_tone_has_the_level_of_its_amplitude() {
        let level = Level::of(&tone(0.5));
        assert!((level.peak_dbfs + 6.02).abs() < 0.05, "{level:?}");
        assert!((level.rms_dbfs + 9.03).abs() < 0.05, "{level:?}");
    }

    #[test]
    fn silence_and_nonsense_are_the_floor() {
        assert_eq!(Level::of(&[0.0; BLOCK]), Level::SILENCE);
        assert_eq!(Level::of(&[f32::NAN; BLOCK]).rms_dbfs, FLOOR_DBFS);
    }

    #[test]
    fn a_meter_rises_quickly_and_falls_slowly() {
        let mut meter = LevelMeter::default();
        for _ in 0..15 {
            meter.measure(&tone(1.0));
        }
        let risen = meter.measure(&tone(1.0)).peak_dbfs;
        assert!(risen > -1.0, "{risen}");
        let falling = (0..5).map(|_| meter.measure(&[0.0; BLOCK]).peak_dbfs).last().unwrap();
        assert!((-20.0..-10.0).contains(&falling), "{falling}");
    }
}
