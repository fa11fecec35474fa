//! Pictures into VP8, at the size and rate that the path carries.

use std::time::{Duration, Instant};

use bezel_vpx::{Content, Encoder, EncoderOptions};
use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::U8;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};

use super::{CodecError, Ladder};
use crate::picture::Picture;

/// Ticks of RTP's clock for pictures a second.
const TICKS: u64 = 90_000;

/// An encoded picture.
#[derive(Debug, Clone)]
pub struct EncodedPicture {
    /// The frame of VP8.
    pub data: Vec<u8>,
    /// Whether it can be decoded without any before it.
    pub is_key: bool,
    /// When it was taken, in 1/90000 s since the encoder's beginning.
    pub timestamp: u32,
    /// Pixels across and down.
    pub size: (u32, u32),
}

/// Encodes the pictures of one camera or screen.
pub struct PictureEncoder {
    content: Content,
    ladder: Ladder,
    encoder: Option<Encoder>,
    scaler: Scaler,
    began: Instant,
    last: Option<Instant>,
    wants_key: bool,
}

impl PictureEncoder {
    /// An encoder whose timestamps begin at `began`.
    #[must_use]
    pub fn new(content: Content, began: Instant) -> Self {
        Self { content, ladder: Ladder::default(), encoder: None, scaler: Scaler::default(), began, last: None, wants_key: true }
    }

    /// Makes the next frame a key frame.
    pub const fn want_key(&mut self) {
        self.wants_key = true;
    }

    /// Takes what the narrowest path carries, in bits a second.
    ///
    /// # Errors
    /// When the encoder refuses the rate.
    pub fn set_estimate(&mut self, bit_s: u64) -> Result<(), CodecError> {
        self.ladder.set(bit_s);
        if let Some(encoder) = &mut self.encoder {
            encoder.set_kbit_s(self.ladder.kbit_s())?;
        }
        Ok(())
    }

    /// Encodes a picture. Nothing comes out where it comes too soon after the last one, or the rate is used up.
    ///
    /// # Errors
    /// When the picture can't be scaled or encoded.
    pub fn encode(&mut self, picture: &Picture) -> Result<Option<EncodedPicture>, CodecError> {
        let interval = Duration::from_secs(1) / self.ladder.per_second().max(1);
        // A little early is in time: sources waver.
        if self.last.is_some_and(|last| picture.taken_at.saturating_duration_since(last) < interval * 3 / 4) && !self.wants_key {
            return Ok(None);
        }
        let (width, height) = picture.size();
        // Letters of a screen are kept at their size; its rate is what gives.
        let size = if self.content == Content::Screen { fit_screen(width, height) } else { self.ladder.size(width, height) };
        if self.encoder.as_ref().is_none_or(|encoder| encoder.size() != size) {
            let options = EncoderOptions { width: size.0, height: size.1, kbit_s: self.ladder.kbit_s(), content: self.content };
            self.encoder = Some(Encoder::new(options)?);
            self.wants_key = true;
        }
        let picture = if size == (width, height) { picture } else { self.scaler.scale(picture, size)? };
        let Some(encoder) = &mut self.encoder else { return Ok(None) };
        let since = picture.taken_at.saturating_duration_since(self.began);
        let ticks = since.as_micros() as u64 * TICKS / 1_000_000;
        let duration = (interval.as_micros() as u64 * TICKS / 1_000_000) as u32;
        self.last = Some(picture.taken_at);
        let Some(encoded) = encoder.encode(&picture.planes(), ticks as i64, duration, self.wants_key)? else { return Ok(None) };
        self.wants_key &= !encoded.is_key;
        Ok(Some(EncodedPicture { data: encoded.data, is_key: encoded.is_key, timestamp: ticks as u32, size }))
    }
}

/// Makes pictures smaller, into one that is kept.
#[derive(Default)]
struct Scaler {
    resizer: Resizer,
    scaled: Option<Picture>,
}

impl Scaler {
    fn scale(&mut self, picture: &Picture, size: (u32, u32)) -> Result<&Picture, CodecError> {
        let mut scaled =
            self.scaled.take().filter(|scaled| scaled.size() == size).unwrap_or_else(|| Picture::black(size.0, size.1, picture.taken_at));
        scaled.taken_at = picture.taken_at;
        let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear));
        let (from, (width, height)) = (picture.planes(), picture.size());
        let (y, u, v) = scaled.planes_mut();
        for (from, from_size, to, to_size) in [
            (from.y, (width, height), y, size),
            (from.u, (width / 2, height / 2), u, (size.0 / 2, size.1 / 2)),
            (from.v, (width / 2, height / 2), v, (size.0 / 2, size.1 / 2)),
        ] {
            let failed = |error: &dyn core::fmt::Display| CodecError::Scale(error.to_string());
            let from = TypedImageRef::<U8>::from_buffer(from_size.0, from_size.1, from).map_err(|error| failed(&error))?;
            let mut to = TypedImage::<U8>::from_buffer(to_size.0, to_size.1, to).map_err(|error| failed(&error))?;
            self.resizer.resize_typed(&from, &mut to, &options).map_err(|error| failed(&error))?;
        }
        Ok(self.scaled.insert(scaled))
    }
}

/// A screen of more than 1080 lines is made smaller by halves of its lines.
fn fit_screen(width: u32, height: u32) -> (u32, u32) {
    let parts = height.div_ceil(1440).max(width.div_ceil(2560)).max(1);
    ((width / parts) & !1, (height / parts) & !1)
}

#[cfg(test)]
mod tests {
    use bezel_vpx::Decoder;

    use super::*;
    use crate::clock;
    use crate::device::{Mark, SyntheticPictures, read_mark};

    fn at(milliseconds: u64, began: Instant, number: u32) -> Picture {
        let mut picture = SyntheticPictures::new(1280, 720, 30).draw(Mark { number, clock_ms: 5 });
        picture.taken_at = began + Duration::from_millis(milliseconds);
        picture
    }

    #[test]
    fn a_narrowing_path_makes_pictures_smaller_and_they_stay_readable() {
        let began = clock::now();
        let (mut encoder, mut decoder) = (PictureEncoder::new(Content::Camera, began), Decoder::new().unwrap());
        for (index, (estimate, size)) in [(3_000_000, (1280, 720)), (500_000, (640, 360)), (3_000_000, (1280, 720))].into_iter().enumerate()
        {
            encoder.set_estimate(estimate).unwrap();
            let encoded = encoder.encode(&at(index as u64 * 33, began, index as u32)).unwrap().unwrap();
            assert_eq!((encoded.size, encoded.is_key), (size, true), "another size begins with a key frame");
            let shown = decoder.decode(&encoded.data, |planes| Picture::copied(&planes, began)).unwrap().unwrap();
            assert_eq!(read_mark(&shown, 1280).map(|mark| mark.number), Some(index as u32));
        }
    }

    #[test]
    fn timestamps_follow_the_time_at_which_pictures_were_taken() {
        let began = clock::now();
        let mut encoder = PictureEncoder::new(Content::Camera, began);
        assert_eq!(encoder.encode(&at(0, began, 0)).unwrap().unwrap().timestamp, 0);
        assert!(encoder.encode(&at(10, began, 1)).unwrap().is_none(), "too soon after the last one");
        assert_eq!(encoder.encode(&at(100, began, 2)).unwrap().unwrap().timestamp, 9000);
    }
}
