use std::f32::consts::TAU;

use super::*;

/// Even noise from -1 to 1, the same each time.
struct Noise(u32);

impl Noise {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as f32 / (1 << 23) as f32 - 1.0
    }
}

/// Harmonics of a voice whose pitch moves by 25 Hz either way, four syllables a second.
fn speech(sample: usize) -> f32 {
    let seconds = sample as f32 / 48_000.0;
    let pitch = 140.0 * TAU * seconds + 8.0 * (TAU * 3.1 * seconds).sin();
    let voice = (1..12).map(|harmonic| (pitch * harmonic as f32).sin() / harmonic as f32).sum::<f32>();
    0.15 * voice * (TAU * 2.0 * seconds).sin().powi(2)
}

fn power(samples: &[f32]) -> f32 {
    samples.iter().map(|sample| sample * sample).sum::<f32>() / samples.len() as f32
}

fn decibels(ratio: f32) -> f32 {
    10.0 * ratio.log10()
}

/// Runs blocks through, and tells by how many decibels what comes out after `from` seconds is softer than what went in.
fn reduction(switches: Switches, seconds: usize, from: usize, mut blocks: impl FnMut(usize) -> (Block, Block)) -> f32 {
    let processor = SoundProcessor::new(switches);
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for number in 0..seconds * 100 {
        let (played, mut heard) = blocks(number);
        processor.render(&played);
        if number >= from * 100 {
            before.extend(heard);
        }
        processor.capture(&mut heard);
        if number >= from * 100 {
            after.extend(heard);
        }
    }
    decibels(power(&before) / power(&after))
}

#[test]
fn an_echo_is_taken_out_within_two_seconds() {
    // The room: 60 ms later at half the loudness, and again 75 ms later, softer.
    let played = |sample: usize| speech(sample);
    let heard = |sample: usize| 0.5 * sample.checked_sub(2880).map_or(0.0, speech) + 0.2 * sample.checked_sub(3600).map_or(0.0, speech);
    let reduced = reduction(Switches { echo: true, ..Switches::NONE }, 5, 2, |number| {
        (std::array::from_fn(|at| played(number * BLOCK + at)), std::array::from_fn(|at| heard(number * BLOCK + at)))
    });
    assert!(reduced >= 20.0, "only {reduced} dB");
}

#[test]
fn steady_noise_is_reduced() {
    let mut noise = Noise(7);
    let reduced =
        reduction(Switches { noise: true, ..Switches::NONE }, 5, 3, |_| ([0.0; BLOCK], std::array::from_fn(|_| 0.05 * noise.next())));
    assert!(reduced >= 10.0, "only {reduced} dB");
}

#[test]
fn a_voice_is_kept() {
    let changed = reduction(Switches { gain: false, ..Switches::ALL }, 5, 2, |number| {
        ([0.0; BLOCK], std::array::from_fn(|at| speech(number * BLOCK + at)))
    });
    assert!(changed.abs() <= 3.0, "{changed} dB");
}

#[test]
fn a_soft_voice_is_raised_only_with_gain_on() {
    let soft = |number: usize| ([0.0; BLOCK], std::array::from_fn(|at| 0.1 * speech(number * BLOCK + at)));
    let raised = -reduction(Switches { gain: true, ..Switches::NONE }, 8, 6, soft);
    assert!(raised > 3.0, "{raised} dB");
    assert_eq!(reduction(Switches::NONE, 2, 1, soft), 0.0);
}

#[test]
fn parts_are_switched_while_it_runs() {
    let processor = SoundProcessor::new(Switches::NONE);
    let mut noise = Noise(3);
    let mut run = |seconds: usize| {
        let mut last = 0.0;
        for _ in 0..seconds * 100 {
            let mut block: Block = std::array::from_fn(|_| 0.05 * noise.next());
            let before = power(&block);
            processor.capture(&mut block);
            last = decibels(before / power(&block));
        }
        last
    };
    assert_eq!(run(1), 0.0);
    processor.switch(Switches { noise: true, ..Switches::NONE });
    let on = run(4);
    assert!(on >= 8.0, "{on} dB");
    processor.switch(Switches::NONE);
    assert_eq!(run(1), 0.0);
    assert_eq!(processor.switches(), Switches::NONE);
}
