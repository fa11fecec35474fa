//! Pictures through the encoder and the decoder.

use bezel_vpx::{Content, Decoder, Encoder, EncoderOptions, Planes, VpxError, size_of_key_frame};
use proptest::prelude::*;

const OPTIONS: EncoderOptions = EncoderOptions { width: 320, height: 180, kbit_s: 500, content: Content::Camera };

/// A gradient that moves with `step`.
struct Picture {
    y: Vec<u8>,
    chroma: Vec<u8>,
}

impl Picture {
    fn new(step: usize) -> Self {
        let y = (0..180).flat_map(|row| (0..320).map(move |column| ((row + column + step * 4) % 256) as u8)).collect();
        Self { y, chroma: vec![128; 160 * 90] }
    }

    fn planes(&self) -> Planes<'_> {
        Planes { width: 320, height: 180, y: &self.y, u: &self.chroma, v: &self.chroma, y_stride: 320, uv_stride: 160 }
    }
}

/// Mean squared error of luma.
fn error(picture: &Picture, shown: &Planes<'_>) -> f64 {
    let rows = picture.y.chunks(320).zip(shown.y.chunks(shown.y_stride));
    let sum: f64 = rows.flat_map(|(a, b)| a.iter().zip(b).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).collect::<Vec<_>>()).sum();
    sum / picture.y.len() as f64
}

#[test]
fn pictures_come_out_as_they_went_in_and_a_key_frame_comes_when_asked_for() {
    let (mut encoder, mut decoder) = (Encoder::new(OPTIONS).unwrap(), Decoder::new().unwrap());
    for step in 0..20usize {
        let picture = Picture::new(step);
        let frame = encoder.encode(&picture.planes(), step as i64 * 3000, 3000, step == 10).unwrap().unwrap();
        assert_eq!(frame.is_key, step == 0 || step == 10, "frame {step}");
        if frame.is_key {
            assert_eq!(size_of_key_frame(&frame.data), Some((320, 180)));
        }
        let off = decoder.decode(&frame.data, |shown| (shown.width, shown.height, error(&picture, &shown))).unwrap().unwrap();
        assert_eq!((off.0, off.1), (320, 180));
        assert!(off.2 < 60.0, "frame {step} is off by {}", off.2);
    }
}

#[test]
fn a_lower_rate_makes_smaller_frames() {
    let bytes = |kbit_s: u32| {
        let mut encoder = Encoder::new(EncoderOptions { kbit_s: 2000, ..OPTIONS }).unwrap();
        encoder.set_kbit_s(kbit_s).unwrap();
        (0..60usize)
            .filter_map(|step| {
                let mut picture = Picture::new(step * 7);
                picture.y.iter_mut().enumerate().for_each(|(index, pixel)| *pixel ^= (index * 31 + step * 17) as u8 & 31);
                encoder.encode(&picture.planes(), step as i64 * 3000, 3000, false).unwrap()
            })
            .map(|frame| frame.data.len())
            .sum::<usize>()
    };
    assert!(bytes(150) * 2 < bytes(2000));
}

#[test]
fn sizes_and_planes_that_do_not_fit_are_refused() {
    assert_eq!(Encoder::new(EncoderOptions { width: 0, ..OPTIONS }).err(), Some(VpxError::Size(0, 180)));
    assert_eq!(Encoder::new(EncoderOptions { width: 321, ..OPTIONS }).err(), Some(VpxError::Size(321, 180)));
    assert!(Encoder::new(EncoderOptions { width: 16384, height: 16384, ..OPTIONS }).is_err());
    let mut encoder = Encoder::new(OPTIONS).unwrap();
    let picture = Picture::new(0);
    let short = Planes { y: &picture.y[..1000], ..picture.planes() };
    assert_eq!(encoder.encode(&short, 0, 3000, true).err(), Some(VpxError::Planes));
    let narrow = Planes { width: 160, ..picture.planes() };
    assert!(encoder.encode(&narrow, 0, 3000, true).is_err());
}

#[test]
fn a_key_frame_that_says_it_is_enormous_is_refused_before_anything_is_allocated() {
    let bomb = [0x10, 0, 0, 0x9d, 0x01, 0x2a, 0xff, 0x3f, 0xff, 0x3f, 0, 0, 0, 0, 0, 0];
    assert_eq!(Decoder::new().unwrap().decode(&bomb, |_| ()), Err(VpxError::Size(16383, 16383)));
}

proptest! {
    #[test]
    fn any_bytes_and_any_changed_frame_are_decoded_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400), at in 0usize..4000, to: u8) {
        let (mut encoder, mut decoder) = (Encoder::new(OPTIONS).unwrap(), Decoder::new().unwrap());
        let _ = decoder.decode(&bytes, |_| ());
        for step in 0..3usize {
            let mut frame = encoder.encode(&Picture::new(step).planes(), step as i64 * 3000, 3000, false).unwrap().unwrap().data;
            let at = at % frame.len();
            frame[at] = to;
            let _ = decoder.decode(&frame, |planes| planes.check().unwrap());
        }
    }
}
