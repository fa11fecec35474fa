//! Time as the library counts it.

use core::time::Duration;

use mls_rs::time::MlsTime;

/// Milliseconds since the epoch as a time of the library; what lies before the epoch is the epoch.
#[must_use]
pub fn mls_time(at_ms: i64) -> MlsTime {
    MlsTime::from_duration_since_epoch(Duration::from_millis(u64::try_from(at_ms).unwrap_or(0)))
}
