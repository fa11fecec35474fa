//! From the rate of a device to 48 kHz, and back; one channel.

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler as _};

use super::BLOCK;

/// Samples a second of every block.
pub(super) const RATE: u32 = 48_000;

/// Changes the rate of sound that comes bit by bit.
pub(super) struct Resampler {
    /// `None` where both rates are the same.
    fft: Option<Fft<f32>>,
    out: Vec<f32>,
}

impl Resampler {
    /// From any rate to blocks of 48 kHz.
    pub(super) fn to_blocks(rate: u32) -> Result<Self, String> {
        Self::new(rate, RATE, FixedSync::Output)
    }

    /// From blocks of 48 kHz to any rate.
    pub(super) fn from_blocks(rate: u32) -> Result<Self, String> {
        Self::new(RATE, rate, FixedSync::Input)
    }

    fn new(from: u32, to: u32, fixed: FixedSync) -> Result<Self, String> {
        if from == to {
            return Ok(Self { fft: None, out: vec![0.0; BLOCK] });
        }
        let fft = Fft::new(from as usize, to as usize, BLOCK, 1, fixed).map_err(|error| error.to_string())?;
        Ok(Self { out: vec![0.0; fft.output_frames_max()], fft: Some(fft) })
    }

    /// How many samples [`Self::process`] wants next.
    pub(super) fn wanted(&self) -> usize {
        self.fft.as_ref().map_or(BLOCK, |fft| fft.input_frames_next())
    }

    /// Takes as many samples as were wanted, and gives those of the other rate.
    pub(super) fn process(&mut self, samples: &[f32]) -> Result<&[f32], String> {
        let Some(fft) = &mut self.fft else {
            self.out.clear();
            self.out.extend_from_slice(samples);
            return Ok(&self.out);
        };
        let room = self.out.len();
        let from = InterleavedSlice::new(samples, 1, samples.len()).map_err(|error| error.to_string())?;
        let mut to = InterleavedSlice::new_mut(&mut self.out, 1, room).map_err(|error| error.to_string())?;
        let (_, made) = fft.process_into_buffer(&from, &mut to, None).map_err(|error| error.to_string())?;
        Ok(self.out.get(..made).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use std::f32::consts::TAU;

    use super::*;

    /// Crossings of zero upwards, a second.
    fn hertz(samples: &[f32], rate: u32) -> f32 {
        let crossings = samples.windows(2).filter(|pair| pair[0] < 0.0 && pair[1] >= 0.0).count();
        crossings as f32 * rate as f32 / samples.len() as f32
    }

    #[test]
    fn a_tone_keeps_its_pitch_and_loudness_at_any_rate() {
        for rate in [8_000, 16_000, 44_100, 48_000, 96_000] {
            let (mut up, mut down) = (Resampler::to_blocks(rate).unwrap(), Resampler::from_blocks(rate).unwrap());
            let (mut at, mut blocks, mut device) = (0u32, Vec::new(), Vec::new());
            for _ in 0..200 {
                let tone: Vec<f32> = (at..).take(up.wanted()).map(|at| 0.5 * (TAU * 440.0 * at as f32 / rate as f32).sin()).collect();
                at += tone.len() as u32;
                let block = up.process(&tone).unwrap().to_vec();
                assert_eq!(block.len(), BLOCK, "a block at {rate}");
                assert_eq!(down.wanted(), BLOCK);
                device.extend_from_slice(down.process(&block).unwrap());
                blocks.extend(block);
            }
            let (blocks, device) = (&blocks[48_000..], &device[rate as usize..]);
            for (heard, rate) in [(blocks, RATE), (device, rate)] {
                assert!((hertz(heard, rate) - 440.0).abs() < 3.0, "{} at {rate}", hertz(heard, rate));
                let power = heard.iter().map(|sample| sample * sample).sum::<f32>() / heard.len() as f32;
                assert!((power - 0.125).abs() < 0.01, "{power} at {rate}");
            }
        }
    }
}
