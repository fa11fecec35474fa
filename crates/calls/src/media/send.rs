//! The threads that read devices and encode what comes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use bezel_crypto::call::Track;
use bezel_vpx::Content;
use tokio::sync::mpsc;

use super::{EncodedPicture, PictureEncoder, SharedProcessor, SoundEncoder};
use crate::device::{BLOCK, DeviceError, Microphone, Pictures};

/// What comes of a device.
#[derive(Debug)]
pub enum Outgoing {
    /// 20 ms of sound: a packet of Opus, and its timestamp in samples.
    Sound(Vec<u8>, u32),
    /// A picture of the camera or the screen.
    Picture(Track, EncodedPicture),
    /// A device is gone; nothing more comes of it.
    Failed(Track, DeviceError),
    /// The loudspeaker is gone.
    SpeakerFailed(DeviceError),
}

/// What a thread is told.
#[derive(Debug, Default)]
struct Control {
    stops: AtomicBool,
    is_muted: AtomicBool,
    wants_key: AtomicBool,
    estimate: AtomicU64,
    level: AtomicU32,
}

impl Control {
    /// Tells that the device failed, unless another has taken its place.
    fn fail(&self, outgoing: &mpsc::Sender<Outgoing>, track: Track, error: DeviceError) {
        if !self.stops.load(Ordering::Acquire) {
            let _ = outgoing.blocking_send(Outgoing::Failed(track, error));
        }
    }
}

/// A device that is read and encoded for as long as this lives.
#[derive(Debug)]
pub struct DeviceSender(Arc<Control>);

impl DeviceSender {
    /// Reads a camera or a screen.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn pictures(
        track: Track,
        mut source: Box<dyn Pictures>,
        began: Instant,
        outgoing: mpsc::Sender<Outgoing>,
    ) -> Result<Self, std::io::Error> {
        let control = Arc::new(Control::default());
        let told = Arc::clone(&control);
        let content = if track == Track::Screen { Content::Screen } else { Content::Camera };
        thread::Builder::new().name("call-pictures".into()).spawn(move || {
            let mut encoder = PictureEncoder::new(content, began);
            let mut estimate = 0;
            while !told.stops.load(Ordering::Acquire) {
                let picture = match source.next() {
                    Ok(picture) => picture,
                    Err(error) => return told.fail(&outgoing, track, error),
                };
                if told.wants_key.swap(false, Ordering::AcqRel) {
                    encoder.want_key();
                }
                let now = told.estimate.load(Ordering::Relaxed);
                if now != estimate && now != 0 {
                    estimate = now;
                    if let Err(error) = encoder.set_estimate(now) {
                        tracing::warn!(%error, "the encoder keeps its rate");
                    }
                }
                match encoder.encode(&picture) {
                    // Where nobody takes pictures, they are dropped: the next one is newer.
                    Ok(Some(encoded)) if encoded.is_key => drop(outgoing.blocking_send(Outgoing::Picture(track, encoded))),
                    Ok(Some(encoded)) => {
                        if let Err(mpsc::error::TrySendError::Full(_)) = outgoing.try_send(Outgoing::Picture(track, encoded)) {
                            encoder.want_key();
                        }
                    }
                    Ok(None) => {}
                    Err(error) => tracing::warn!(%error, "a picture was left out"),
                }
            }
        })?;
        Ok(Self(control))
    }

    /// Reads a microphone. What it hears is cleaned by `processor` first.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn sound(
        mut source: Box<dyn Microphone>,
        processor: Option<SharedProcessor>,
        outgoing: mpsc::Sender<Outgoing>,
    ) -> Result<Self, std::io::Error> {
        let control = Arc::new(Control::default());
        let told = Arc::clone(&control);
        thread::Builder::new().name("call-microphone".into()).spawn(move || {
            let mut encoder = match SoundEncoder::new() {
                Ok(encoder) => encoder,
                Err(error) => {
                    let error = DeviceError::Failed { name: "the microphone".into(), reason: error.to_string() };
                    return told.fail(&outgoing, Track::Audio, error);
                }
            };
            let (mut block, mut timestamp) = ([0.0; BLOCK], 0u32);
            while !told.stops.load(Ordering::Acquire) {
                if let Err(error) = source.read(&mut block) {
                    return told.fail(&outgoing, Track::Audio, error);
                }
                if let Some(processor) = &processor {
                    processor.capture(&mut block);
                }
                told.level.store(loudness(&block).to_bits(), Ordering::Relaxed);
                timestamp = timestamp.wrapping_add(BLOCK as u32);
                if told.is_muted.load(Ordering::Relaxed) {
                    continue;
                }
                match encoder.encode(&block) {
                    Ok(Some(packet)) => drop(outgoing.try_send(Outgoing::Sound(packet, timestamp))),
                    Ok(None) => {}
                    Err(error) => tracing::warn!(%error, "a packet of sound was left out"),
                }
            }
        })?;
        Ok(Self(control))
    }

    /// Makes the next frame a key frame.
    pub fn want_key(&self) {
        self.0.wants_key.store(true, Ordering::Release);
    }

    /// Tells what the narrowest path carries, in bits a second.
    pub fn set_estimate(&self, bit_s: u64) {
        self.0.estimate.store(bit_s, Ordering::Relaxed);
    }

    /// Sends nothing of what is heard, or goes on.
    pub fn set_muted(&self, is_muted: bool) {
        self.0.is_muted.store(is_muted, Ordering::Relaxed);
    }

    /// How loud the last block was: the root of its mean square, 0 to 1.
    #[must_use]
    pub fn level(&self) -> f32 {
        f32::from_bits(self.0.level.load(Ordering::Relaxed))
    }
}

impl Drop for DeviceSender {
    fn drop(&mut self) {
        self.0.stops.store(true, Ordering::Release);
    }
}

/// The root of the mean square.
pub(super) fn loudness(samples: &[f32]) -> f32 {
    (samples.iter().map(|sample| sample * sample).sum::<f32>() / samples.len().max(1) as f32).sqrt()
}
