//! How fast a transfer goes, and how long it will take.

use std::collections::VecDeque;

/// The rate is that of the last five seconds.
const WINDOW_MS: i64 = 5_000;

/// What is done, and when.
#[derive(Debug, Default)]
pub(super) struct Meter {
    samples: VecDeque<(i64, u64)>,
}

impl Meter {
    /// So much is done now.
    pub(super) fn record(&mut self, now_ms: i64, done: u64) {
        self.samples.push_back((now_ms, done));
        while self.samples.len() > 2 && self.samples.front().is_some_and(|(at_ms, _)| now_ms - at_ms > WINDOW_MS) {
            self.samples.pop_front();
        }
    }

    /// Bytes that are done.
    pub(super) fn done(&self) -> Option<u64> {
        self.samples.back().map(|(_, done)| *done)
    }

    /// Bytes a second.
    pub(super) fn rate(&self) -> u64 {
        let (Some((from_ms, from)), Some((to_ms, to))) = (self.samples.front(), self.samples.back()) else { return 0 };
        let Ok(elapsed_ms @ 1..) = u64::try_from(to_ms - from_ms) else { return 0 };
        to.saturating_sub(*from).saturating_mul(1000) / elapsed_ms
    }

    /// Seconds until `total` is done at this rate.
    pub(super) fn seconds_left(&self, total: u64) -> Option<u64> {
        let (rate, done) = (self.rate(), self.done()?);
        (rate > 0).then(|| total.saturating_sub(done).div_ceil(rate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_last_seconds() {
        let mut meter = Meter::default();
        for second in 0..10 {
            meter.record(second * 1000, u64::try_from(second).unwrap() * 100);
        }
        meter.record(10_000, 5_900);
        assert_eq!(meter.rate(), (5_900 - 500) / 5, "what was slow long ago is forgotten");
        assert_eq!(meter.seconds_left(5_900 + 1080 * 3), Some(3));
    }

    #[test]
    fn before_the_second_sample_nothing_is_promised() {
        let mut meter = Meter::default();
        assert_eq!(meter.seconds_left(10), None);
        meter.record(7, 1);
        assert_eq!((meter.rate(), meter.seconds_left(10)), (0, None));
        meter.record(7, 2);
        assert_eq!(meter.rate(), 0, "two samples in the same millisecond are no rate");
    }
}
