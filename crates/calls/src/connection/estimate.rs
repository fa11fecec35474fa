//! What the path carries, by Google Congestion Control, told to whoever sets the encoder's rate.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use rtc::interceptor::{BandwidthEstimator, EstimatorStats, Gcc, PacketReport};

/// Bits a second at the beginning: enough for a small picture until more is known.
const INITIAL: f64 = 1_000_000.0;
const LOWEST: f64 = 80_000.0;
const HIGHEST: f64 = 8_000_000.0;
/// Up to this share, packets that get lost on a line without a queue are the line's and not those of too high a rate: they are sent again.
const BORNE_LOSS: f64 = 0.2;
/// Loss is judged over about so many packets: in one report of a few, one that is lost is much.
const LOSS_WINDOW: f64 = 300.0;
/// Packets that wait so long on their way, in seconds, wait in a queue.
const QUEUED_S: f64 = 0.06;
/// The shortest way is forgotten by so much a report, in seconds: clocks drift and paths change.
const FORGET_S: f64 = 0.000_02;

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
    way: Way,
}

/// How packets fared lately.
#[derive(Default)]
struct Way {
    /// What departures are counted from.
    began: Option<Instant>,
    /// From departing to arriving, each by its own clock: the least.
    least_s: Option<f64>,
    /// How much longer it takes of late.
    queued_s: f64,
    loss: f64,
}

impl Way {
    /// Takes a report; answers whether its losses say something of the rate.
    fn is_congested(&mut self, reports: &[PacketReport]) -> bool {
        let lost = reports.iter().filter(|report| !report.arrived).count();
        let count = reports.len().max(1) as f64;
        self.loss += (lost as f64 / count - self.loss) * (count / LOSS_WINDOW).min(1.0);
        for report in reports {
            let Some(arrival) = report.arrival else { continue };
            let began = *self.began.get_or_insert(report.departure);
            let way = arrival.as_secs_f64() - report.departure.saturating_duration_since(began).as_secs_f64();
            let least = self.least_s.map_or(way, |least| (least + FORGET_S / count).min(way));
            self.least_s = Some(least);
            self.queued_s += (way - least - self.queued_s) * 0.1;
        }
        self.queued_s > QUEUED_S || self.loss > BORNE_LOSS
    }
}

impl Estimator {
    pub(super) fn new() -> (Self, Estimate) {
        let estimate = Estimate(Arc::new(AtomicU64::new(INITIAL as u64)));
        (Self { gcc: Gcc::new(INITIAL, LOWEST, HIGHEST), estimate: estimate.clone(), way: Way::default() }, estimate)
    }

    fn tell(&self) {
        self.estimate.0.store(self.gcc.target_bitrate() as u64, Ordering::Relaxed);
    }
}

impl BandwidthEstimator for Estimator {
    fn on_reports(&mut self, now: Instant, reports: &[PacketReport]) {
        if self.way.is_congested(reports) {
            self.gcc.on_reports(now, reports);
        } else {
            let arrived: Vec<PacketReport> = reports.iter().filter(|report| report.arrived).cloned().collect();
            self.gcc.on_reports(now, &arrived);
        }
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rtc::interceptor::BandwidthEstimator as _;

    use super::*;
    use crate::clock;

    /// Half a minute of reports, each of 20 packets of 100 ms; `arrives` says how long the packet of a number takes, in milliseconds.
    fn estimated(arrives: impl Fn(u64) -> Option<u64>) -> u64 {
        let (mut estimator, estimate) = Estimator::new();
        let began = clock::now();
        for batch in 0..300u64 {
            let reports: Vec<PacketReport> = (0..20)
                .map(|index| {
                    let (id, sent_ms) = (batch * 20 + index, batch * 100 + index * 5);
                    let arrival = arrives(id).map(|takes_ms| Duration::from_millis(sent_ms + takes_ms));
                    PacketReport {
                        ssrc: 1,
                        id,
                        rtp_sequence_number: id as u16,
                        is_twcc: true,
                        twcc_sequence_number: id as u16,
                        size: 1200,
                        arrived: arrival.is_some(),
                        departure: began + Duration::from_millis(sent_ms),
                        arrival,
                        ecn: Default::default(),
                    }
                })
                .collect();
            estimator.on_reports(began + Duration::from_millis(batch * 100 + 130), &reports);
        }
        estimate.bit_s()
    }

    /// Lost at random, but the same in every run: one of `of`.
    fn is_lost(id: u64, of: u64) -> bool {
        id.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(17).is_multiple_of(of)
    }

    #[test]
    fn a_line_that_loses_at_random_keeps_its_rate() {
        let whole = estimated(|_| Some(20));
        let lossy = estimated(|id| (!is_lost(id, 10)).then_some(20));
        assert!(lossy > whole / 2, "{lossy} of {whole}");
    }

    #[test]
    fn a_line_that_loses_a_third_or_lets_packets_wait_and_drops_some_is_given_less() {
        assert!(estimated(|id| (!is_lost(id, 3)).then_some(20)) < INITIAL as u64 / 2);
        // An empty queue at first, then a full one.
        let full = estimated(|id| (id < 100 || !is_lost(id, 7)).then(|| 20 + id.min(250)));
        assert!(full < INITIAL as u64 / 2, "{full}");
    }
}
