//! What a block of sound and a picture of a screen cost before they reach a codec.

use std::hint::black_box;
use std::time::Instant;

use bezel_calls::device::{BLOCK, Block, Layout, to_picture};
use bezel_calls::media::Processor as _;
use bezel_calls::sound::{SoundProcessor, Switches};
use criterion::{Criterion, criterion_group, criterion_main};

fn processing(criterion: &mut Criterion) {
    let processor = SoundProcessor::new(Switches::ALL);
    let played: Block = std::array::from_fn(|at| 0.3 * (at as f32 * 0.06).sin());
    criterion.bench_function("process a block both ways", |bencher| {
        bencher.iter(|| {
            let mut heard: Block = std::array::from_fn(|at| 0.1 * (at as f32 * 0.11).sin());
            processor.render(black_box(&played));
            processor.capture(&mut heard);
            heard[BLOCK - 1]
        });
    });
}

#[expect(clippy::disallowed_methods, reason = "a benchmark lives in real time")]
fn pictures(criterion: &mut Criterion) {
    let rgba: Vec<u8> = (0..1280 * 720 * 4).map(|at| (at % 251) as u8).collect();
    let now = Instant::now();
    criterion.bench_function("RGBA to I420 at 720p", |bencher| {
        bencher.iter(|| to_picture(black_box(&rgba), Layout::Rgba, (1280, 720), now));
    });
}

criterion_group!(benches, processing, pictures);
criterion_main!(benches);
