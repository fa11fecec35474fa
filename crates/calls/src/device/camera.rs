//! Cameras. A thread of its own reads the camera and keeps the newest picture only, so a slow reader never sees an old one.

use std::sync::{Arc, Condvar, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use nokhwa::Camera;
use nokhwa::utils::{CameraFormat, CameraIndex, FrameFormat, RequestedFormat, RequestedFormatType};

use super::list::cameras;
use super::{DeviceError, Layout, Pictures, to_picture};
use crate::clock;
use crate::picture::Picture;

/// How long a camera may take to start, and then between two pictures.
const START_WITHIN: Duration = Duration::from_secs(8);
const SILENT_FOR: Duration = Duration::from_secs(2);
/// Whoever had the camera lets go of it with its next picture: so long it is tried again, this often.
const FREE_WITHIN: Duration = Duration::from_millis(1500);
const FREE_AGAIN: Duration = Duration::from_millis(100);
/// So many pictures in a row that can't be read are no accident: a first one often is cut short.
const MAX_UNREADABLE: u32 = 30;

const KNOWN: [FrameFormat; 6] =
    [FrameFormat::YUYV, FrameFormat::NV12, FrameFormat::MJPEG, FrameFormat::RAWRGB, FrameFormat::RAWBGR, FrameFormat::GRAY];

/// Opens a camera, or the first one, in the format nearest to what is wanted.
///
/// # Errors
/// When there is none of that id, or it can't be used: another program may have it.
pub fn open_camera(id: Option<&str>, width: u32, height: u32, per_second: u32) -> Result<Box<dyn Pictures>, DeviceError> {
    let is_first = id.is_none();
    let id = id.unwrap_or("0").to_owned();
    let name = format!("The camera {id}");
    let slot = Arc::new(Slot::default());
    let (told, opened) = mpsc::sync_channel(1);
    std::thread::Builder::new()
        .name("camera".into())
        .spawn({
            let slot = slot.clone();
            move || match start_when_free(&id, (width, height), per_second) {
                Err(error) => drop(told.send(Err(error))),
                Ok(camera) => {
                    if told.send(Ok(())).is_ok() {
                        run(camera, &slot);
                    }
                }
            }
        })
        .map_err(|error| DeviceError::Failed { name: name.clone(), reason: error.to_string() })?;
    match opened.recv_timeout(START_WITHIN) {
        Ok(Ok(())) => Ok(Box::new(SystemCamera { name, slot })),
        // What the system says of a camera where there is none helps nobody.
        Ok(Err(_)) if is_first && cameras().is_empty() => Err(DeviceError::Gone("A camera".into())),
        Ok(Err(reason)) => Err(DeviceError::Failed { name, reason }),
        Err(_) => Err(DeviceError::Failed { name, reason: "it did not start; unplug it and plug it in again".into() }),
    }
}

fn start_when_free(id: &str, size: (u32, u32), per_second: u32) -> Result<Camera, String> {
    let began = clock::now();
    loop {
        match start(id, size, per_second) {
            Err(reason) if began.elapsed() < FREE_WITHIN && !cameras().is_empty() => {
                tracing::debug!(reason, "the camera is tried again");
                std::thread::sleep(FREE_AGAIN);
            }
            started => return started,
        }
    }
}

fn start(id: &str, size: (u32, u32), per_second: u32) -> Result<Camera, String> {
    let index = id.parse().map_or_else(|_| CameraIndex::String(id.to_owned()), CameraIndex::Index);
    let any = RequestedFormat::with_formats(RequestedFormatType::None, &KNOWN);
    let mut camera = Camera::new(index, any).map_err(|error| error.to_string())?;
    let offered = camera.compatible_camera_formats().map_err(|error| error.to_string())?;
    if let Some(format) = nearest(&offered, size, per_second) {
        let exact = RequestedFormat::with_formats(RequestedFormatType::Exact(format), &KNOWN);
        camera.set_camera_requset(exact).map_err(|error| error.to_string())?;
    }
    camera.open_stream().map_err(|error| error.to_string())?;
    Ok(camera)
}

/// The size counts first, then the rate, then how little work it makes.
fn nearest(offered: &[CameraFormat], (width, height): (u32, u32), per_second: u32) -> Option<CameraFormat> {
    let distance = |format: &&CameraFormat| {
        let pixels = (u64::from(format.width()) * u64::from(format.height())).abs_diff(u64::from(width) * u64::from(height));
        let slower = per_second.saturating_sub(format.frame_rate());
        let faster = format.frame_rate().saturating_sub(per_second);
        // A little slower is not worth a picture of another size; half as fast is.
        let too_slow = format.frame_rate() * 2 < per_second;
        (too_slow, pixels, slower, faster, KNOWN.iter().position(|known| *known == format.format()))
    };
    offered.iter().filter(|format| KNOWN.contains(&format.format())).min_by_key(distance).copied()
}

fn layout(format: FrameFormat) -> Layout {
    match format {
        FrameFormat::MJPEG => Layout::Jpeg,
        FrameFormat::YUYV => Layout::Yuyv,
        FrameFormat::NV12 => Layout::Nv12,
        FrameFormat::GRAY => Layout::Gray,
        FrameFormat::RAWRGB => Layout::Rgb,
        FrameFormat::RAWBGR => Layout::Bgr,
    }
}

fn run(mut camera: Camera, slot: &Slot) {
    // A reader that is gone closes the slot.
    while !slot.is_closed() {
        match camera.frame() {
            Ok(buffer) => {
                let size = (buffer.resolution().width(), buffer.resolution().height());
                slot.put(Raw {
                    layout: layout(buffer.source_frame_format()),
                    size,
                    bytes: buffer.buffer().to_vec(),
                    taken_at: clock::now(),
                });
            }
            Err(error) => {
                tracing::debug!(%error, "the camera gives no more pictures");
                slot.close();
            }
        }
    }
}

/// A picture as it came.
struct Raw {
    layout: Layout,
    size: (u32, u32),
    bytes: Vec<u8>,
    taken_at: Instant,
}

/// The newest picture.
#[derive(Default)]
struct Slot {
    state: Mutex<SlotState>,
    came: Condvar,
}

#[derive(Default)]
struct SlotState {
    newest: Option<Raw>,
    closed: bool,
}

impl Slot {
    fn put(&self, raw: Raw) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).newest = Some(raw);
        self.came.notify_all();
    }

    fn close(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
        self.came.notify_all();
    }

    fn is_closed(&self) -> bool {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).closed
    }

    fn take(&self, patience: Duration) -> Option<Raw> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let none = |state: &mut SlotState| state.newest.is_none() && !state.closed;
        let (mut state, _) = self.came.wait_timeout_while(state, patience, none).unwrap_or_else(PoisonError::into_inner);
        state.newest.take()
    }
}

struct SystemCamera {
    name: String,
    slot: Arc<Slot>,
}

impl Pictures for SystemCamera {
    fn next(&mut self) -> Result<Picture, DeviceError> {
        let mut unreadable = 0;
        loop {
            let raw = self.slot.take(SILENT_FOR).ok_or_else(|| DeviceError::Gone(self.name.clone()))?;
            match to_picture(&raw.bytes, raw.layout, raw.size, raw.taken_at) {
                Ok(picture) => return Ok(picture),
                Err(error) if unreadable >= MAX_UNREADABLE => {
                    return Err(DeviceError::Failed { name: self.name.clone(), reason: error.to_string() });
                }
                Err(_) => unreadable += 1,
            }
        }
    }
}

impl Drop for SystemCamera {
    fn drop(&mut self) {
        self.slot.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(width: u32, height: u32, format: FrameFormat, per_second: u32) -> CameraFormat {
        CameraFormat::new_from(width, height, format, per_second)
    }

    fn raw(luma: u8) -> Raw {
        Raw { layout: Layout::Nv12, size: (2, 2), bytes: vec![luma, luma, luma, luma, 128, 128], taken_at: clock::now() }
    }

    #[test]
    fn the_size_counts_first_and_a_slide_show_never_wins() {
        let offered = [
            format(640, 480, FrameFormat::YUYV, 30),
            format(1280, 720, FrameFormat::YUYV, 10),
            format(1280, 720, FrameFormat::MJPEG, 30),
            format(1920, 1080, FrameFormat::MJPEG, 30),
        ];
        assert_eq!(nearest(&offered, (1280, 720), 30), Some(offered[2]));
        assert_eq!(nearest(&offered, (640, 360), 30), Some(offered[0]));
        assert_eq!(nearest(&[], (640, 360), 30), None);
    }

    #[test]
    fn a_slow_reader_gets_the_newest_picture() {
        let slot = Arc::new(Slot::default());
        let mut camera = SystemCamera { name: "The camera".into(), slot: slot.clone() };
        (50..60).for_each(|luma| slot.put(raw(luma)));
        assert_eq!(camera.next().unwrap().planes().y[0], 59);
    }

    #[test]
    fn an_unplugged_camera_is_gone_and_a_dropped_one_stops() {
        let slot = Arc::new(Slot::default());
        let mut camera = SystemCamera { name: "The camera".into(), slot: slot.clone() };
        let reader = std::thread::spawn(move || camera.next().map(drop));
        slot.close();
        assert_eq!(reader.join().unwrap(), Err(DeviceError::Gone("The camera".into())));
        let slot = Arc::new(Slot::default());
        drop(SystemCamera { name: "The camera".into(), slot: slot.clone() });
        assert!(slot.is_closed());
    }
}
