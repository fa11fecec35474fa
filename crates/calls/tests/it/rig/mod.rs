//! Calls between two processes, each with a session of its own, on a line whose faults are chosen: for tests and for measurements.

#![allow(dead_code, unreachable_pub, reason = "each test and each benchmark uses a part of it")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "it serves tests")]
#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "processes tell each other on their standard output, in real time")]

pub mod end;
pub mod line;
pub mod pair;
pub mod watcher;

/// Milliseconds since the epoch: the clock that all processes of a machine share.
pub fn epoch_ms() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as u64
}

/// The middle one; of none, none.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
