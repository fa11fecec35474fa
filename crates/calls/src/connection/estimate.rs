//! What the path carries, by Google Congestion Control, told to whoever sets the encoder's rate.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rtc::interceptor::{BandwidthEstimator, EstimatorStats, Gcc, PacketReport};

use super::way::Way;

/// Bits a second at the beginning: enough for a small picture until more is known.
const INITIAL: f64 = 1_000_000.0;
const LOWEST: f64 = 80_000.0;
const HIGHEST: f64 = 8_000_000.0;
/// Up to this share, packets that get lost on a line without a queue are the line's and not those of too high a rate: they are sent again.
const BORNE_LOSS: f64 = 0.2;
/// A queue in which every packet waits so long, in seconds, is drained,
const STANDING_S: f64 = 0.05;
/// until they wait no longer than this.
const DRAINED_S: f64 = 0.02;
/// While a queue is drained, this share of what the line carries is used;
const DRAINING: f64 = 0.65;
/// and afterwards this one, from where the estimate climbs.
const AFTERWARDS: f64 = 0.85;
/// So long the queue is still full, and what comes out is all that the line carries.
const FULL: Duration = Duration::from_millis(400);
/// A queue that stands so long though less goes in than comes out is not of our making.
const PATIENCE: Duration = Duration::from_millis(1500);

/// The estimate, as it is now.
#[derive(Clone, Debug)]
pub(super) struct Estimate(Arc<AtomicU64>);

impl Estimate {
    /// Bits a second.
    pub(super) fn bit_s(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Passes on to [`Gcc`], and tells the estimate after whatever may have changed it. GCC reacts to a queue that grows, and takes one that is
/// always full for a quiet line; such a queue is drained first. The library's pacer is left out: it holds packets back at exactly the estimate,
/// sound behind pictures, for seconds.
pub(super) struct Estimator {
    gcc: Gcc,
    estimate: Estimate,
    way: Way,
    draining: Option<Draining>,
}

/// A queue is being drained.
#[derive(Clone, Copy)]
struct Draining {
    since: Instant,
    /// Bits a second that came out when it began: perhaps from before the line narrowed.
    before: f64,
    /// What the line carries, bits a second.
    carried: f64,
}

impl Estimator {
    pub(super) fn new() -> (Self, Estimate) {
        let estimate = Estimate(Arc::new(AtomicU64::new(INITIAL as u64)));
        (Self { gcc: gcc(INITIAL), estimate: estimate.clone(), way: Way::default(), draining: None }, estimate)
    }

    /// Begins or ends to drain.
    fn drain(&mut self, now: Instant) {
        let standing_s = self.way.standing_s();
        let Some(draining) = &mut self.draining else {
            let carried = self.way.carried().filter(|_| standing_s > STANDING_S);
            self.draining = carried.map(|carried| Draining { since: now, before: carried, carried });
            return;
        };
        let lasts = now.saturating_duration_since(draining.since);
        if standing_s < DRAINED_S {
            self.gcc = gcc(draining.carried * AFTERWARDS);
            self.draining = None;
        } else if lasts > PATIENCE {
            self.gcc = gcc(draining.before * AFTERWARDS);
            self.way.accept_wait();
            self.draining = None;
        } else if let Some(carried) = self.way.carried().filter(|_| lasts < FULL) {
            draining.carried = carried;
        }
    }

    fn target(&self) -> f64 {
        let target = self.gcc.target_bitrate();
        self.draining.map_or(target, |draining| target.min((draining.carried * DRAINING).max(LOWEST)))
    }

    fn tell(&self) {
        self.estimate.0.store(self.target() as u64, Ordering::Relaxed);
    }
}

fn gcc(initial: f64) -> Gcc {
    Gcc::new(initial, LOWEST, HIGHEST)
}

impl BandwidthEstimator for Estimator {
    fn on_reports(&mut self, now: Instant, reports: &[PacketReport]) {
        self.way.take(reports);
        if self.way.standing_s() > STANDING_S || self.way.loss() > BORNE_LOSS {
            self.gcc.on_reports(now, reports);
        } else {
            let arrived: Vec<PacketReport> = reports.iter().filter(|report| report.arrived).cloned().collect();
            self.gcc.on_reports(now, &arrived);
        }
        self.drain(now);
        self.tell();
    }

    fn target_bitrate(&self) -> f64 {
        self.target()
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
    use rtc::interceptor::BandwidthEstimator as _;

    use super::*;
    use crate::clock;

    /// Half a minute of reports, each of 20 packets of 100 ms; `arrives` says how long the packet of a number takes, in milliseconds.
    fn estimated(arrives: impl Fn(u64) -> Option<u64>) -> u64 {
        reported(arrives, |_| true)
    }

    /// The same where not every report comes: those that do count the packets of those before them as lost.
    fn reported(arrives: impl Fn(u64) -> Option<u64>, comes: impl Fn(u64) -> bool) -> u64 {
        let (mut estimator, estimate) = Estimator::new();
        let (began, mut reports) = (clock::now(), Vec::new());
        for batch in 0..300u64 {
            reports.extend((0..20).map(|index| {
                let (id, sent_ms) = (batch * 20 + index, batch * 100 + index * 5);
                let arrival_ms = arrives(id).filter(|_| comes(batch)).map(|takes_ms| (sent_ms + takes_ms) as f64);
                report(id, 1200, began + Duration::from_millis(sent_ms), arrival_ms)
            }));
            if comes(batch) {
                estimator.on_reports(began + Duration::from_millis(batch * 100 + 130), &reports);
                reports.clear();
            }
        }
        estimate.bit_s()
    }

    fn report(id: u64, size: usize, departure: Instant, arrival_ms: Option<f64>) -> PacketReport {
        PacketReport {
            ssrc: 1,
            id,
            rtp_sequence_number: id as u16,
            is_twcc: true,
            twcc_sequence_number: id as u16,
            size,
            arrived: arrival_ms.is_some(),
            departure,
            arrival: arrival_ms.map(|ms| Duration::from_secs_f64(ms / 1000.0)),
            ecn: Default::default(),
        }
    }

    /// A sender that obeys, on a line whose queue holds 250 ms: per tenth of a second, what was told and how long the last packet waited, in
    /// bits a second and milliseconds. `line` says how many bits a second it carries and how long it is in milliseconds, after so many tenths.
    fn obeyed(tenths: u32, line: impl Fn(u32) -> (f64, f64)) -> Vec<(f64, f64)> {
        let (mut estimator, estimate) = Estimator::new();
        let began = clock::now();
        let (mut id, mut free_at_ms, mut told) = (0, 0.0_f64, Vec::new());
        for tenth in 0..tenths {
            let (carries, length_ms) = line(tenth);
            let rate = estimate.bit_s() as f64;
            let packets = (rate / 10.0 / 9600.0).ceil().max(1.0);
            let mut waited_ms = 0.0;
            let reports: Vec<PacketReport> = (0..packets as u32)
                .map(|index| {
                    let sent_ms = f64::from(tenth) * 100.0 + f64::from(index) * 100.0 / packets;
                    let size = rate / 80.0 / packets;
                    waited_ms = (free_at_ms - sent_ms).max(0.0);
                    id += 1;
                    let arrival_ms = (waited_ms < 250.0).then(|| {
                        free_at_ms = free_at_ms.max(sent_ms) + size * 8000.0 / carries;
                        free_at_ms + length_ms
                    });
                    report(id, size as usize, began + Duration::from_secs_f64(sent_ms / 1000.0), arrival_ms)
                })
                .collect();
            estimator.on_reports(began + Duration::from_millis(u64::from(tenth) * 100 + 160), &reports);
            told.push((estimate.bit_s() as f64, waited_ms));
        }
        told
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
    fn a_report_that_gets_lost_is_no_loss_of_packets() {
        let whole = estimated(|_| Some(20));
        let lossy = reported(|id| (!is_lost(id, 10)).then_some(20), |batch| !is_lost(batch, 5));
        assert!(lossy > whole / 2, "{lossy} of {whole}");
    }

    #[test]
    fn a_line_that_loses_a_third_is_given_less() {
        assert!(estimated(|id| (!is_lost(id, 3)).then_some(20)) < INITIAL as u64 / 2);
    }

    #[test]
    fn a_line_that_narrows_is_followed_within_a_second_and_its_queue_does_not_stand() {
        let told = obeyed(300, |tenth| (if tenth < 100 { 3_000_000.0 } else { 500_000.0 }, 30.0));
        let (rates, waits): (Vec<f64>, Vec<f64>) = told.into_iter().unzip();
        assert!(rates[110] < 500_000.0, "{:?}", &rates[98..112]);
        let (mean_wait, mean_rate) = (waits[130..].iter().sum::<f64>() / 170.0, rates[130..].iter().sum::<f64>() / 170.0);
        assert!(mean_wait < 60.0, "{mean_wait} ms");
        assert!((350_000.0..520_000.0).contains(&mean_rate), "{mean_rate}");
    }

    #[test]
    fn a_line_that_becomes_longer_keeps_its_rate() {
        let told = obeyed(400, |tenth| (2_000_000.0, if tenth < 100 { 30.0 } else { 130.0 }));
        let mean = told[250..].iter().map(|(rate, _)| rate).sum::<f64>() / 150.0;
        assert!(mean > 1_000_000.0, "{mean}");
    }
}
