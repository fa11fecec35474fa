//! What the path carries, by Google Congestion Control, told to whoever sets the encoder's rate.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use rtc::interceptor::{BandwidthEstimator, EstimatorStats, Gcc, PacketReport};

/// Bits a second at the beginning: enough for a small picture until more is known.
const INITIAL: f64 = 1_000_000.0;
const LOWEST: f64 = 80_000.0;
const HIGHEST: f64 = 8_000_000.0;

/// The estimate, as it is now.
#[derive(Clone, Debug)]
pub(super) struct Estimate(Arc<AtomicU64>);

impl Estimate {
    /// Bits a second.
    pub(super) fn bit_s(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Passes on to [`Gcc`], and tells the estimate after whatever may have changed it. The library's pacer is left out: it holds packets back at
/// exactly the estimate, sound behind pictures, for seconds.
pub(super) struct Estimator {
    gcc: Gcc,
    estimate: Estimate,
}

impl Estimator {
    pub(super) fn new() -> (Self, Estimate) {
        let estimate = Estimate(Arc::new(AtomicU64::new(INITIAL as u64)));
        (Self { gcc: Gcc::new(INITIAL, LOWEST, HIGHEST), estimate: estimate.clone() }, estimate)
    }

    fn tell(&self) {
        self.estimate.0.store(self.gcc.target_bitrate() as u64, Ordering::Relaxed);
    }
}

impl BandwidthEstimator for Estimator {
    fn on_reports(&mut self, now: Instant, reports: &[PacketReport]) {
        self.gcc.on_reports(now, reports);
        self.tell();
    }

    fn target_bitrate(&self) -> f64 {
        self.gcc.target_bitrate()
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.gcc.handle_timeout(now);
        self.tell();
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.gcc.poll_timeout()
    }

    fn stats(&self) -> EstimatorStats {
        self.gcc.stats()
    }
}
