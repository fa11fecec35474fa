//! Microphones and loudspeakers of the system.
//!
//! The system's thread does no more than mix channels and move samples to or from a short queue; rates are changed on the caller's.

use std::sync::Arc;
use std::time::Duration;

use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{BufferSize, Device, FromSample, SampleFormat, SizedSample, StreamConfig, SupportedBufferSize, SupportedStreamConfigRange};

use self::queue::Queue;
use super::resample::{RATE, Resampler};
use super::{BLOCK, Block, DeviceError, Microphone, Speaker};

#[path = "sound_queue.rs"]
mod queue;

/// More than this is not kept, either way: milliseconds.
const BACKLOG_MS: u32 = 60;
/// A device that moved nothing for so long is gone.
const SILENT_FOR: Duration = Duration::from_millis(1500);
/// How long a device may take to be opened.
const OPEN_WITHIN: Duration = Duration::from_secs(3);

/// Opens a microphone, or the system's own choice of one.
///
/// # Errors
/// When there is none of that id, or it can't be used.
pub fn open_microphone(id: Option<&str>) -> Result<Box<dyn Microphone>, DeviceError> {
    let (name, device) = find(id, "microphone", |host| host.default_input_device())?;
    let failed = |error: cpal::Error| reason(&name, &error);
    let default = device.default_input_config().map_err(failed)?;
    let chosen = choose(device.supported_input_configs().map_err(failed)?.collect(), default);
    let resampler = Resampler::to_blocks(chosen.rate()).map_err(|reason| DeviceError::Failed { name: name.clone(), reason })?;
    let queue = Queue::new(name.clone(), chosen.samples(BACKLOG_MS));
    let stream = chosen.open(&name, |config| match chosen.format {
        SampleFormat::F32 => record::<f32>(&device, config, &queue),
        SampleFormat::I16 => record::<i16>(&device, config, &queue),
        SampleFormat::I32 => record::<i32>(&device, config, &queue),
        SampleFormat::U8 => record::<u8>(&device, config, &queue),
        SampleFormat::U16 => record::<u16>(&device, config, &queue),
        _ => Err(cpal::ErrorKind::UnsupportedConfig.into()),
    })?;
    Ok(Box::new(SystemMicrophone { queue, resampler, heard: Vec::new(), _stream: stream }))
}

/// Opens a loudspeaker, or the system's own choice of one.
///
/// # Errors
/// When there is none of that id, or it can't be used.
pub fn open_speaker(id: Option<&str>) -> Result<Box<dyn Speaker>, DeviceError> {
    let (name, device) = find(id, "speaker", |host| host.default_output_device())?;
    let failed = |error: cpal::Error| reason(&name, &error);
    let default = device.default_output_config().map_err(failed)?;
    let chosen = choose(device.supported_output_configs().map_err(failed)?.collect(), default);
    let resampler = Resampler::from_blocks(chosen.rate()).map_err(|reason| DeviceError::Failed { name: name.clone(), reason })?;
    let queue = Queue::new(name.clone(), chosen.samples(BACKLOG_MS));
    let stream = chosen.open(&name, |config| match chosen.format {
        SampleFormat::F32 => play::<f32>(&device, config, &queue),
        SampleFormat::I16 => play::<i16>(&device, config, &queue),
        SampleFormat::I32 => play::<i32>(&device, config, &queue),
        SampleFormat::U8 => play::<u8>(&device, config, &queue),
        SampleFormat::U16 => play::<u16>(&device, config, &queue),
        _ => Err(cpal::ErrorKind::UnsupportedConfig.into()),
    })?;
    Ok(Box::new(SystemSpeaker { queue, resampler, _stream: stream }))
}

struct SystemMicrophone {
    queue: Arc<Queue>,
    resampler: Resampler,
    heard: Vec<f32>,
    _stream: OpenStream,
}

impl Microphone for SystemMicrophone {
    fn read(&mut self, block: &mut Block) -> Result<(), DeviceError> {
        self.queue.take(self.resampler.wanted(), &mut self.heard, SILENT_FOR)?;
        let samples = self.resampler.process(&self.heard).map_err(|reason| self.queue.failed(reason))?;
        for (to, from) in block.iter_mut().zip(samples) {
            *to = *from;
        }
        Ok(())
    }
}

struct SystemSpeaker {
    queue: Arc<Queue>,
    resampler: Resampler,
    _stream: OpenStream,
}

impl Speaker for SystemSpeaker {
    fn write(&mut self, block: &Block) -> Result<(), DeviceError> {
        let samples = self.resampler.process(block).map_err(|reason| self.queue.failed(reason))?;
        self.queue.put(samples, SILENT_FOR)
    }
}

/// A stream that ends on a thread of its own: a sound server that died may let its end wait.
struct OpenStream(Option<cpal::Stream>);

impl Drop for OpenStream {
    fn drop(&mut self) {
        let stream = self.0.take();
        std::thread::spawn(move || drop(stream));
    }
}

fn find(id: Option<&str>, kind: &str, default: impl Fn(&cpal::Host) -> Option<Device>) -> Result<(String, Device), DeviceError> {
    let unnamed = || id.map_or_else(|| format!("The {kind}"), |id| format!("The {kind} {id}"));
    let gone = || DeviceError::Gone(unnamed());
    let device = match id {
        None => default(&cpal::default_host()),
        Some(id) => {
            let id: cpal::DeviceId = id.parse().map_err(|_| gone())?;
            cpal::host_from_id(id.host()).ok().and_then(|host| host.device_by_id(&id))
        }
    }
    .ok_or_else(gone)?;
    let name = device.description().map_or_else(|_| unnamed(), |description| description.name().to_owned());
    Ok((name, device))
}

fn reason(name: &str, error: &cpal::Error) -> DeviceError {
    use cpal::ErrorKind::{DeviceNotAvailable, HostUnavailable, StreamInvalidated};
    match error.kind() {
        DeviceNotAvailable | HostUnavailable | StreamInvalidated => DeviceError::Gone(name.to_owned()),
        _ => DeviceError::Failed { name: name.to_owned(), reason: error.to_string() },
    }
}

struct Chosen {
    config: StreamConfig,
    format: SampleFormat,
}

/// 48 kHz before any other rate, as few channels as the system offers, in blocks of 10 ms where it lets one choose.
fn choose(offered: Vec<SupportedStreamConfigRange>, default: cpal::SupportedStreamConfig) -> Chosen {
    let rank = |format| {
        [SampleFormat::F32, SampleFormat::I16, SampleFormat::I32, SampleFormat::U16, SampleFormat::U8]
            .iter()
            .position(|known| *known == format)
    };
    let best = offered
        .iter()
        .filter(|range| (range.min_sample_rate()..=range.max_sample_rate()).contains(&RATE) && range.channels() > 0)
        .filter_map(|range| Some((rank(range.sample_format())?, range)))
        .min_by_key(|(rank, range)| (range.channels().abs_diff(default.channels()), *rank))
        .map(|(_, range)| range.with_sample_rate(RATE))
        .unwrap_or(default);
    let block = best.sample_rate() / 100;
    let buffer_size = match best.buffer_size() {
        SupportedBufferSize::Range { min, max } if (*min..=*max).contains(&block) => BufferSize::Fixed(block),
        _ => BufferSize::Default,
    };
    Chosen { format: best.sample_format(), config: StreamConfig { buffer_size, ..best.config() } }
}

impl Chosen {
    fn rate(&self) -> u32 {
        self.config.sample_rate
    }

    fn samples(&self, ms: u32) -> usize {
        (self.rate() * ms / 1000) as usize
    }

    /// Opens and starts a stream; with the system's own size of blocks where it refuses ours.
    fn open(&self, name: &str, build: impl Fn(StreamConfig) -> Result<cpal::Stream, cpal::Error>) -> Result<OpenStream, DeviceError> {
        let stream = build(self.config)
            .or_else(|_| build(StreamConfig { buffer_size: BufferSize::Default, ..self.config }))
            .map_err(|error| reason(name, &error))?;
        stream.play().map_err(|error| reason(name, &error))?;
        Ok(OpenStream(Some(stream)))
    }
}

fn record<T: SizedSample>(device: &Device, config: StreamConfig, queue: &Arc<Queue>) -> Result<cpal::Stream, cpal::Error>
where
    f32: FromSample<T>,
{
    let (to, told) = (queue.clone(), queue.clone());
    let channels = usize::from(config.channels.max(1));
    let heard = move |data: &[T], _: &cpal::InputCallbackInfo| {
        to.heard(
            data.chunks_exact(channels).map(|frame| frame.iter().map(|sample| sample.to_sample::<f32>()).sum::<f32>() / channels as f32),
        );
    };
    device.build_input_stream::<T, _, _>(config, heard, move |error| report(&told, &error), Some(OPEN_WITHIN))
}

fn play<T: SizedSample + FromSample<f32>>(device: &Device, config: StreamConfig, queue: &Arc<Queue>) -> Result<cpal::Stream, cpal::Error> {
    let (from, told) = (queue.clone(), queue.clone());
    let channels = usize::from(config.channels.max(1));
    let played = move |data: &mut [T], _: &cpal::OutputCallbackInfo| {
        from.played(data.chunks_exact_mut(channels), |frame, sample| {
            // Front left and right come first; whatever comes after them stays silent.
            for (channel, to) in frame.iter_mut().enumerate() {
                *to = if channel < 2 { T::from_sample(sample) } else { T::EQUILIBRIUM };
            }
        });
    };
    device.build_output_stream::<T, _, _>(config, played, move |error| report(&told, &error), Some(OPEN_WITHIN))
}

/// Not every report is an end: a gap in the sound, a new route and a thread of lower rank are none.
fn report(queue: &Queue, error: &cpal::Error) {
    use cpal::ErrorKind::{DeviceChanged, RealtimeDenied, Xrun};
    match error.kind() {
        DeviceChanged | RealtimeDenied | Xrun => tracing::debug!(%error, "sound goes on"),
        _ => queue.end(reason(queue.name(), error)),
    }
}

const _: () = assert!(BLOCK as u32 * 100 == RATE, "a block is 10 ms");
