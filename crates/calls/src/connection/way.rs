//! How packets fare on their way to the other side: whether they wait, how many get lost, how many bits come out.

use std::collections::VecDeque;
use std::time::Instant;

use rtc::interceptor::PacketReport;

/// So many packets in a row that did not arrive, before the first that did, are those of a report that itself got lost: of them nothing is known.
const UNREPORTED: usize = 4;
/// Loss is judged over about so many packets: in one report of a few, one that is lost is much.
const LOSS_WINDOW: f64 = 300.0;
/// The least wait is looked for over one to two times so many seconds: a key frame waits in its own queue, and not for that long.
const WAIT_WINDOW_S: f64 = 0.2;
/// What comes out is counted over so many seconds.
const RATE_WINDOW_S: f64 = 0.3;
/// The shortest way is forgotten by so much a report, in seconds: clocks drift.
const FORGET_S: f64 = 0.000_02;

/// What reports tell of the way.
#[derive(Debug, Default)]
pub(super) struct Way {
    /// What departures are counted from.
    began: Option<Instant>,
    /// From departing to arriving, each by its own clock: the least.
    least_s: Option<f64>,
    /// How much longer it took at least, in the window before and in this one; and when this one began.
    waits_s: [f64; 2],
    window_s: f64,
    loss: f64,
    /// What arrived lately: when, by the other side's clock, and bytes.
    arrived: VecDeque<(f64, usize)>,
}

impl Way {
    /// Takes a report.
    pub(super) fn take(&mut self, reports: &[PacketReport]) {
        let lost = reports.iter().filter(|report| !report.arrived).count();
        let unreported = reports.iter().take_while(|report| !report.arrived).count();
        let unreported = if unreported < UNREPORTED { 0 } else { unreported };
        let (lost, count) = (lost - unreported, (reports.len() - unreported).max(1) as f64);
        self.loss += (lost as f64 / count - self.loss) * (count / LOSS_WINDOW).min(1.0);
        for report in reports {
            let Some(arrival) = report.arrival else { continue };
            let (began, arrival_s) = (*self.began.get_or_insert(report.departure), arrival.as_secs_f64());
            let way_s = arrival_s - report.departure.saturating_duration_since(began).as_secs_f64();
            let least_s = self.least_s.map_or(way_s, |least| (least + FORGET_S / count).min(way_s));
            self.least_s = Some(least_s);
            self.waited(arrival_s, way_s - least_s);
            self.arrived.push_back((arrival_s, report.size));
        }
        let newest_s = self.arrived.back().map_or(0.0, |(at, _)| *at);
        while self.arrived.pop_front_if(|(at, _)| *at < newest_s - RATE_WINDOW_S).is_some() {}
    }

    fn waited(&mut self, at_s: f64, wait_s: f64) {
        let [_, least_s] = &mut self.waits_s;
        if at_s < self.window_s + WAIT_WINDOW_S {
            *least_s = least_s.min(wait_s);
        } else {
            self.waits_s = [*least_s, wait_s];
            self.window_s = at_s;
        }
    }

    /// How long a packet waits even in the best moment, in seconds: the queue that stands (as RFC 8289 §4 tells a good queue from a bad one).
    pub(super) const fn standing_s(&self) -> f64 {
        let [before, now] = self.waits_s;
        before.min(now)
    }

    /// The share that got lost lately, 0 to 1.
    pub(super) const fn loss(&self) -> f64 {
        self.loss
    }

    /// Bits a second that come out at the other side: while a queue stands, all that the line carries.
    pub(super) fn carried(&self) -> Option<f64> {
        let ((from_s, first), (to_s, _)) = (self.arrived.front()?, self.arrived.back()?);
        let bytes: usize = self.arrived.iter().map(|(_, size)| size).sum();
        (to_s - from_s > RATE_WINDOW_S / 2.0).then(|| (bytes - first) as f64 * 8.0 / (to_s - from_s))
    }

    /// A wait that nothing of ours shortens is part of the way: the line became longer, or others fill its queue.
    pub(super) fn accept_wait(&mut self) {
        let standing_s = self.standing_s();
        self.least_s = self.least_s.map(|least| least + standing_s);
        self.waits_s = [0.0; 2];
    }
}
