//! Echo, noise and loudness of what the microphone hears. The algorithms are those of WebRTC's audio processing, in Rust.

use std::sync::{Mutex, PoisonError};

use sonora::config::{
    AdaptiveDigital, EchoCanceller, GainController2, HighPassFilter, MaxProcessingRate, NoiseSuppression, NoiseSuppressionLevel, Pipeline,
};
use sonora::{AudioProcessing, Config, StreamConfig};

use crate::device::{BLOCK, Block};
use crate::media::Processor;

/// What is done to the sound of the microphone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Switches {
    /// Takes out what the speaker plays.
    pub echo: bool,
    /// Takes out steady noise.
    pub noise: bool,
    /// Evens out loud and soft voices.
    pub gain: bool,
}

impl Switches {
    /// All of it.
    pub const ALL: Self = Self { echo: true, noise: true, gain: true };
    /// None of it: the sound passes as it is.
    pub const NONE: Self = Self { echo: false, noise: false, gain: false };

    fn config(self) -> Config {
        Config {
            pipeline: Pipeline { maximum_internal_processing_rate: MaxProcessingRate::Rate48kHz, ..Pipeline::default() },
            high_pass_filter: (self.echo || self.noise).then(HighPassFilter::default),
            echo_canceller: self.echo.then(EchoCanceller::default),
            noise_suppression: self
                .noise
                .then(|| NoiseSuppression { level: NoiseSuppressionLevel::Moderate, ..NoiseSuppression::default() }),
            gain_controller2: self
                .gain
                .then(|| GainController2 { adaptive_digital: Some(AdaptiveDigital::default()), ..GainController2::default() }),
            ..Config::default()
        }
    }
}

/// The processing of one call.
pub struct SoundProcessor {
    inner: Mutex<Inner>,
}

struct Inner {
    processing: AudioProcessing,
    switches: Switches,
}

impl SoundProcessor {
    /// Processing with some of it on.
    #[must_use]
    pub fn new(switches: Switches) -> Self {
        let format = StreamConfig::new(48_000, 1);
        let processing = AudioProcessing::builder().config(switches.config()).capture_config(format).render_config(format).build();
        Self { inner: Mutex::new(Inner { processing, switches }) }
    }

    /// What is on.
    #[must_use]
    pub fn switches(&self) -> Switches {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).switches
    }

    /// Switches parts of it on and off while it runs. What was on and stays on keeps what it learned.
    pub fn switch(&self, switches: Switches) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.switches != switches {
            inner.switches = switches;
            inner.processing.apply_config(switches.config());
        }
    }
}

impl Processor for SoundProcessor {
    fn render(&self, block: &Block) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if !inner.switches.echo {
            return;
        }
        let mut played = [0.0; BLOCK];
        if let Err(error) = inner.processing.process_render_f32(&[block.as_slice()], &mut [played.as_mut_slice()]) {
            tracing::debug!(%error, "a played block was not looked at");
        }
    }

    fn capture(&self, block: &mut Block) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.switches == Switches::NONE {
            return;
        }
        let heard = *block;
        if let Err(error) = inner.processing.process_capture_f32(&[heard.as_slice()], &mut [block.as_mut_slice()]) {
            tracing::debug!(%error, "a heard block stays as it is");
            *block = heard;
        }
    }
}

#[cfg(test)]
#[path = "processing_tests.rs"]
mod tests;
