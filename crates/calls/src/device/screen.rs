//! Screens and windows.

use std::time::{Duration, Instant};

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use xcap::image::RgbaImage;

use super::{DeviceError, Layout, Pictures, to_picture};
use crate::clock;
use crate::picture::Picture;

/// Larger ones are made smaller, keeping their shape.
const MAX_SIZE: (u32, u32) = (1920, 1080);
/// What stands still is shown again after so long, so that whoever came late sees it.
const AGAIN_AFTER: Duration = Duration::from_secs(1);
/// So many failures in a row are no accident.
const MAX_FAILURES: u32 = 5;

/// Opens a screen, or the first one: up to `per_second` pictures a second, of at most 1920 by 1080.
///
/// # Errors
/// When there is none of that id, or the system lets nobody see it.
pub fn open_screen(id: Option<&str>, per_second: u32) -> Result<Box<dyn Pictures>, DeviceError> {
    let name = "The screen".to_owned();
    let all = xcap::Monitor::all().map_err(|error| failed(&name, &error))?;
    let wanted = |screen: &xcap::Monitor| id.is_none_or(|id| screen.id().is_ok_and(|found| found.to_string() == id));
    let screen = all.into_iter().find(wanted).ok_or_else(|| DeviceError::Gone(name.clone()))?;
    let key = screen.id().map_err(|error| failed(&name, &error))?;
    let capture = Box::new(move || screen.capture_image());
    let is_there = Box::new(move || xcap::Monitor::all().is_ok_and(|all| all.iter().any(|screen| screen.id().ok() == Some(key))));
    Ok(Box::new(Captured::new(name, per_second, capture, is_there)))
}

/// Opens a window: up to `per_second` pictures a second, of at most 1920 by 1080. Their size changes with that of the window.
///
/// # Errors
/// When there is none of that id, or the system lets nobody see it.
pub fn open_window(id: &str, per_second: u32) -> Result<Box<dyn Pictures>, DeviceError> {
    let name = "The window".to_owned();
    let all = xcap::Window::all().map_err(|error| failed(&name, &error))?;
    let window = all.into_iter().find(|window| window.id().is_ok_and(|found| found.to_string() == id));
    let window = window.ok_or_else(|| DeviceError::Gone(name.clone()))?;
    let key = window.id().map_err(|error| failed(&name, &error))?;
    let capture = Box::new(move || window.capture_image());
    let is_there = Box::new(move || xcap::Window::all().is_ok_and(|all| all.iter().any(|window| window.id().ok() == Some(key))));
    Ok(Box::new(Captured::new(name, per_second, capture, is_there)))
}

fn failed(name: &str, error: &xcap::XCapError) -> DeviceError {
    DeviceError::Failed { name: name.to_owned(), reason: error.to_string() }
}

type Capture = Box<dyn FnMut() -> Result<RgbaImage, xcap::XCapError> + Send>;
type IsThere = Box<dyn Fn() -> bool + Send>;

/// Looks at regular times, and gives what changed.
struct Captured {
    name: String,
    interval: Duration,
    next_at: Instant,
    capture: Capture,
    is_there: IsThere,
    last: Option<(RgbaImage, Instant)>,
    failures: u32,
    resizer: Resizer,
}

impl Captured {
    fn new(name: String, per_second: u32, capture: Capture, is_there: IsThere) -> Self {
        let interval = Duration::from_secs(1) / per_second.clamp(1, 60);
        Self { name, interval, next_at: clock::now(), capture, is_there, last: None, failures: 0, resizer: Resizer::new() }
    }

    fn wait(&mut self) {
        let now = clock::now();
        match self.next_at.checked_duration_since(now) {
            Some(wait) => std::thread::sleep(wait),
            None => self.next_at = now,
        }
        self.next_at += self.interval;
    }

    fn picture(&mut self, image: &RgbaImage, taken_at: Instant) -> Result<Picture, DeviceError> {
        let size = image.dimensions();
        let fitted = fit(size);
        let refused = |reason: String| DeviceError::Failed { name: self.name.clone(), reason };
        if fitted == (size.0 & !1, size.1 & !1) {
            return to_picture(image.as_raw(), Layout::Rgba, size, taken_at).map_err(|error| refused(error.to_string()));
        }
        let from = ImageRef::new(size.0, size.1, image.as_raw(), PixelType::U8x4).map_err(|error| refused(error.to_string()))?;
        let mut to = Image::new(fitted.0, fitted.1, PixelType::U8x4);
        let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear)).use_alpha(false);
        self.resizer.resize(&from, &mut to, &options).map_err(|error| refused(error.to_string()))?;
        to_picture(to.buffer(), Layout::Rgba, fitted, taken_at).map_err(|error| refused(error.to_string()))
    }
}

impl Pictures for Captured {
    fn next(&mut self) -> Result<Picture, DeviceError> {
        loop {
            self.wait();
            let now = clock::now();
            let image = match (self.capture)() {
                Ok(image) => image,
                Err(_) if !(self.is_there)() => return Err(DeviceError::Gone(self.name.clone())),
                Err(error) => {
                    self.failures += 1;
                    if self.failures >= MAX_FAILURES {
                        return Err(failed(&self.name, &error));
                    }
                    continue;
                }
            };
            self.failures = 0;
            if self.last.as_ref().is_some_and(|(last, at)| *last == image && now.duration_since(*at) < AGAIN_AFTER) {
                continue;
            }
            let picture = self.picture(&image, now)?;
            self.last = Some((image, now));
            return Ok(picture);
        }
    }
}

/// The largest even size of the same shape within [`MAX_SIZE`].
fn fit((width, height): (u32, u32)) -> (u32, u32) {
    let scale = (f64::from(MAX_SIZE.0) / f64::from(width.max(1))).min(f64::from(MAX_SIZE.1) / f64::from(height.max(1))).min(1.0);
    let side = |pixels: u32| ((f64::from(pixels) * scale).round() as u32 & !1).max(2);
    (side(width), side(height))
}

#[cfg(test)]
mod tests {
    use xcap::image::Rgba;

    use super::*;

    #[test]
    fn sizes_are_even_and_keep_their_shape() {
        assert_eq!(fit((1280, 720)), (1280, 720));
        assert_eq!(fit((1367, 769)), (1366, 768));
        assert_eq!(fit((3840, 2160)), (1920, 1080));
        assert_eq!(fit((1080, 3840)), (304, 1080));
        assert_eq!(fit((1, 1)), (2, 2));
    }

    #[test]
    fn what_stands_still_comes_once_a_second_and_what_changes_at_once() {
        let mut looks = 0u32;
        let capture = move || {
            looks += 1;
            Ok(RgbaImage::from_pixel(4, 4, Rgba([if looks < 20 { 0 } else { 255 }, 0, 0, 255])))
        };
        let mut captured = Captured::new("The screen".into(), 60, Box::new(capture), Box::new(|| true));
        let first = captured.next().unwrap();
        let second = captured.next().unwrap();
        let waited = second.taken_at.duration_since(first.taken_at);
        assert!(waited > Duration::from_millis(250) && waited < AGAIN_AFTER, "{waited:?}");
        let third = captured.next().unwrap();
        assert!(third.taken_at.duration_since(second.taken_at) >= AGAIN_AFTER);
    }

    #[test]
    fn what_was_closed_is_gone() {
        let capture = || Err(xcap::XCapError::Error("BadWindow".into()));
        let mut captured = Captured::new("The window".into(), 60, Box::new(capture), Box::new(|| false));
        assert_eq!(captured.next().unwrap_err(), DeviceError::Gone("The window".into()));
    }
}
