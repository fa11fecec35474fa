//! How a call was, in a few numbers for the history.

use bezel_calls::session::CallStats;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// How a call was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct Quality {
    /// Pictures a second that were received, on average.
    pub frames_per_second: f64,
    /// Round trip in milliseconds, on average.
    pub round_trip_ms: f64,
    /// The share of packets that got lost, on average, 0 to 1.
    pub loss: f64,
    /// Frames that did not open.
    #[ts(type = "number")]
    pub decrypt_errors: u64,
    /// Whether media went through a TURN server.
    pub is_relayed: bool,
}

/// Adds up what a call's statistics say while it runs.
#[derive(Debug, Default)]
pub(super) struct Meter {
    sum: Quality,
    samples: f64,
}

impl Meter {
    /// Takes the statistics of a moment.
    pub(super) fn add(&mut self, stats: &CallStats) {
        for peer in &stats.peers {
            self.samples += 1.0;
            self.sum.frames_per_second += peer.frames_per_second;
            self.sum.round_trip_ms += peer.link.round_trip_ms;
            self.sum.loss += peer.link.loss_out;
            self.sum.is_relayed |= peer.link.local == "relay" || peer.link.remote == "relay";
        }
        let errors = stats.peers.iter().map(|peer| peer.decrypt_errors).sum();
        self.sum.decrypt_errors = self.sum.decrypt_errors.max(errors);
    }

    /// How it was; none when nobody was there.
    pub(super) fn quality(&self) -> Option<Quality> {
        let mean = |sum: f64| sum / self.samples;
        (self.samples > 0.0).then(|| Quality {
            frames_per_second: mean(self.sum.frames_per_second),
            round_trip_ms: mean(self.sum.round_trip_ms),
            loss: mean(self.sum.loss),
            ..self.sum
        })
    }
}
