//! What it costs to seal a frame and to open it.

use std::hint::black_box;
use std::time::Instant;

use bezel_calls::frame::{FrameOpener, FrameSealer, Layout};
use bezel_crypto::call::{CallSecret, FrameKey, Track};
use bezel_crypto::{Secret, SystemRng};
use bezel_protocol::CallId;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};

/// A packet of sound, an ordinary picture of 720 lines, a key frame.
const SIZES: [(&str, usize); 3] = [("80 B", 80), ("6 kB", 6_000), ("40 kB", 40_000)];

#[expect(clippy::unwrap_used, reason = "these bytes are a key")]
fn key() -> FrameKey {
    let secret = CallSecret::new(CallId::from_bytes([9; 16]), 0, Secret::from_slice(&[7; 32]).unwrap());
    secret.frame_key(&[1; 16], Track::Camera).unwrap()
}

#[expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a benchmark ends at the first fault, and lives in real time")]
fn frames(criterion: &mut Criterion) {
    let key = key();
    for (name, size) in SIZES {
        let frame = vec![0x5a; size];
        let (mut sealer, mut sealed) = (FrameSealer::new(&key, Layout::Vp8, &mut SystemRng).unwrap(), Vec::new());
        criterion.bench_function(&format!("seal {name}"), |bencher| {
            bencher.iter(|| sealer.seal(black_box(&frame), &mut sealed).unwrap());
        });
        let (mut opened, now) = (Vec::new(), Instant::now());
        let mut opener = FrameOpener::new(&key, Layout::Vp8).unwrap();
        criterion.bench_function(&format!("open {name}"), |bencher| {
            // Each frame is another one: what came before is refused.
            let next = || {
                let mut sealed = Vec::new();
                sealer.seal(&frame, &mut sealed).unwrap();
                sealed
            };
            bencher.iter_batched(next, |sealed| opener.open(&sealed, now, &mut opened).unwrap(), BatchSize::SmallInput);
        });
    }
}

criterion_group!(benches, frames);
criterion_main!(benches);
