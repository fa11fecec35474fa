//! The thumbnail of a photograph of 24 megapixels: as it is made here, beside a full decode and a resize by `image` alone.
#![expect(clippy::expect_used, reason = "a benchmark that can't begin ends")]

use std::hint::black_box;
use std::io::Cursor;

use bezel_media::{Limits, THUMBNAIL_EDGE, describe};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{ImageFormat, Rgb, RgbImage};

const WIDTH: u32 = 6000;
const HEIGHT: u32 = 4000;

/// Slopes and noise, about as hard to code as a photograph.
fn photograph() -> Vec<u8> {
    let mut state = 1_u32;
    let picture = RgbImage::from_fn(WIDTH, HEIGHT, |x, y| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let noise = (state >> 28) as u8;
        Rgb([(x / 24) as u8 ^ noise, (y / 16) as u8 ^ noise, ((x + y) / 40) as u8 ^ noise])
    });
    let mut data = Vec::new();
    JpegEncoder::new_with_quality(&mut data, 85).encode_image(&picture).expect("a picture");
    data
}

fn thumbnail(criterion: &mut Criterion) {
    let photograph = photograph();
    let mut group = criterion.benchmark_group("thumbnail/24 Mpx JPEG");
    group.throughput(Throughput::Elements(u64::from(WIDTH * HEIGHT)));
    group.sample_size(10);
    group.bench_function("describe", |bencher| {
        bencher.iter(|| describe(Cursor::new(black_box(&photograph)), "image/jpeg", &Limits::default()).expect("a picture"));
    });
    group.bench_function("image", |bencher| {
        bencher.iter(|| {
            let whole = image::load_from_memory_with_format(black_box(&photograph), ImageFormat::Jpeg).expect("a picture");
            let small = whole.resize(THUMBNAIL_EDGE, THUMBNAIL_EDGE, FilterType::Triangle);
            let mut data = Vec::new();
            JpegEncoder::new_with_quality(&mut data, 82).encode_image(&small).expect("a picture");
            data
        });
    });
    group.finish();
}

criterion_group!(benches, thumbnail);
criterion_main!(benches);
