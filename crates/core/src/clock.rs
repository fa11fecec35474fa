//! Time as an argument.

use serde::Serialize;
use ts_rs::TS;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Milliseconds since the epoch.
    fn now_ms(&self) -> i64;
}

/// The machine's own clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_ms(&self) -> i64 {
        jiff::Timestamp::now().as_millisecond()
    }
}

/// A time as people and scripts read it: RFC 3339, UTC, milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, TS)]
pub struct Timestamp(String);

impl Timestamp {
    /// From milliseconds since the epoch.
    #[must_use]
    pub fn from_ms(ms: i64) -> Self {
        let time = jiff::Timestamp::from_millisecond(ms).unwrap_or_default();
        Self(format!("{time:.3}"))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

pub(crate) const DAY_MS: i64 = 24 * 60 * 60 * 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_as_rfc_3339_with_milliseconds() {
        assert_eq!(Timestamp::from_ms(1_790_000_000_120).as_str(), "2026-09-21T14:13:20.120Z");
    }
}
