//! A moving pattern with a counter and a clock in it, and a tone: for tests, and for people without a camera.

use std::f32::consts::TAU;
use std::time::{Duration, Instant};

use super::{BLOCK, Block, DeviceError, Microphone, Pictures};
use crate::clock;
use crate::picture::Picture;

/// Pixels of a side of a bit's square: coarse enough to outlast any compression.
const SQUARE: usize = 16;
/// Bits in a row of squares.
const BITS: usize = 32;
/// Rows of squares: the counter, the clock, and a check of both.
const ROWS: usize = 3;
/// So much is added to the check, so that an even picture holds no mark.
const SALT: u32 = 0xbe2e_1000;

/// What a picture of the pattern says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// How many pictures came before.
    pub number: u32,
    /// When it was made: milliseconds since the epoch, the low 32 bits.
    pub clock_ms: u32,
}

impl Mark {
    /// How long ago it was made, by this machine's clock.
    #[must_use]
    pub fn age(&self) -> Duration {
        Duration::from_millis(u64::from(clock::epoch_ms().wrapping_sub(self.clock_ms)))
    }

    fn words(self) -> [u32; ROWS] {
        [self.number, self.clock_ms, self.number ^ self.clock_ms.rotate_left(7) ^ SALT]
    }
}

/// Reads the mark of a picture that was at least 512 pixels wide when it was made, and may be smaller by now.
#[must_use]
pub fn read_mark(picture: &Picture, made_width: u32) -> Option<Mark> {
    let planes = picture.planes();
    let scale = f64::from(planes.width) / f64::from(made_width.max(1));
    let mut words = [0u32; ROWS];
    for (row, word) in words.iter_mut().enumerate() {
        for bit in 0..BITS {
            let middle = |at: usize| ((at * SQUARE + SQUARE / 2) as f64 * scale) as usize;
            let luma = *planes.y.get(middle(row) * planes.y_stride + middle(bit))?;
            *word = *word << 1 | u32::from(luma > 125);
        }
    }
    let mark = Mark { number: words[0], clock_ms: words[1] };
    (mark.words() == words).then_some(mark)
}

/// The pattern repeats after so many pixels both ways.
const PERIOD: usize = 512;

/// The pattern.
pub struct SyntheticPictures {
    size: (u32, u32),
    /// One period of it; twice across, so that a row begins anywhere in it.
    pattern: Vec<u8>,
    interval: Duration,
    next_at: Instant,
    number: u32,
}

impl SyntheticPictures {
    /// Pictures of a size, so many a second.
    #[must_use]
    pub fn new(width: u32, height: u32, per_second: u32) -> Self {
        let pattern = (0..PERIOD).flat_map(|row| (0..2 * PERIOD).map(move |column| 40 + ((row ^ column) >> 2 & 127) as u8)).collect();
        Self { size: (width, height), pattern, interval: Duration::from_secs(1) / per_second.max(1), next_at: clock::now(), number: 0 }
    }

    /// The picture of a mark, without waiting.
    #[must_use]
    pub fn draw(&self, mark: Mark) -> Picture {
        let mut picture = Picture::black(self.size.0, self.size.1, clock::now());
        let (width, height) = (picture.size().0 as usize, picture.size().1 as usize);
        let step = mark.number as usize * 3;
        let (y, u, v) = picture.planes_mut();
        for (row, line) in y.chunks_exact_mut(width).enumerate() {
            let from = (row + step) % PERIOD * 2 * PERIOD + step / 2 % PERIOD;
            for part in line.chunks_mut(PERIOD) {
                if let Some(pattern) = self.pattern.get(from..from + part.len()) {
                    part.copy_from_slice(pattern);
                }
            }
        }
        for (row, line) in u.chunks_exact_mut(width / 2).enumerate() {
            line.fill(96 + ((row + step / 4) * 64 / height.max(1)) as u8 % 64);
        }
        let tints: Vec<u8> = (0..width / 2).map(|column| 110 + ((column + step / 4) * 40 / width.max(1)) as u8 % 40).collect();
        for line in v.chunks_exact_mut(width / 2) {
            line.copy_from_slice(&tints);
        }
        for (row, word) in mark.words().into_iter().enumerate() {
            for bit in 0..BITS {
                let luma = if word >> (BITS - 1 - bit) & 1 == 1 { 235 } else { 16 };
                for line in y.chunks_exact_mut(width).skip(row * SQUARE).take(SQUARE) {
                    if let Some(square) = line.get_mut(bit * SQUARE..(bit + 1) * SQUARE) {
                        square.fill(luma);
                    }
                }
            }
        }
        picture
    }
}

impl Pictures for SyntheticPictures {
    fn next(&mut self) -> Result<Picture, DeviceError> {
        let now = clock::now();
        match self.next_at.checked_duration_since(now) {
            Some(wait) => std::thread::sleep(wait),
            // Whoever took its time gets the next one at once, not all that were missed.
            None if now.duration_since(self.next_at) > self.interval => self.next_at = now,
            None => {}
        }
        self.next_at += self.interval;
        let picture = self.draw(Mark { number: self.number, clock_ms: clock::epoch_ms() });
        self.number = self.number.wrapping_add(1);
        Ok(picture)
    }
}

/// A tone that swells and fades each second, so that one hears that it lives.
pub struct SyntheticMicrophone {
    hertz: f32,
    samples: u64,
    began: Instant,
}

impl SyntheticMicrophone {
    /// A tone of `hertz`.
    #[must_use]
    pub fn new(hertz: f32) -> Self {
        Self { hertz, samples: 0, began: clock::now() }
    }
}

impl Microphone for SyntheticMicrophone {
    fn read(&mut self, block: &mut Block) -> Result<(), DeviceError> {
        for sample in block.iter_mut() {
            let seconds = (self.samples % 48_000) as f32 / 48_000.0;
            let swell = 0.15 + 0.1 * (TAU * seconds).sin();
            *sample = swell * (TAU * self.hertz * seconds).sin();
            self.samples += 1;
        }
        let ends_at = self.began + Duration::from_micros(self.samples * 1_000_000 / 48_000);
        match ends_at.checked_duration_since(clock::now()) {
            Some(wait) => std::thread::sleep(wait),
            None if ends_at.elapsed() > Duration::from_secs(1) => {
                self.began = clock::now().checked_sub(Duration::from_micros(self.samples * 1_000_000 / 48_000)).unwrap_or(self.began);
            }
            None => {}
        }
        debug_assert_eq!(block.len(), BLOCK);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use bezel_vpx::{Content, Decoder, Encoder, EncoderOptions};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn a_mark_outlasts_compression(number: u32, clock_ms: u32) {
            let mark = Mark { number, clock_ms };
            let drawn = SyntheticPictures::new(640, 360, 30).draw(mark);
            prop_assert_eq!(read_mark(&drawn, 640), Some(mark));
            let mut encoder = Encoder::new(EncoderOptions { width: 640, height: 360, kbit_s: 300, content: Content::Camera }).unwrap();
            let frame = encoder.encode(&drawn.planes(), 0, 3000, true).unwrap().unwrap();
            let shown = Decoder::new().unwrap().decode(&frame.data, |planes| Picture::copied(&planes, clock::now())).unwrap().unwrap();
            prop_assert_eq!(read_mark(&shown, 640), Some(mark));
        }
    }

    #[test]
    fn an_even_picture_holds_no_mark() {
        assert_eq!(read_mark(&Picture::black(640, 360, clock::now()), 640), None);
    }
}
