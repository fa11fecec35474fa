//! The one place that asks the time: devices and connections live in it. Everything that decides is handed it.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Now.
#[expect(clippy::disallowed_methods, reason = "a device and a connection live in real time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Milliseconds since the epoch, the low 32 bits.
#[expect(clippy::disallowed_methods, reason = "the clock in a synthetic picture is that of the machine")]
pub(crate) fn epoch_ms() -> u32 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u32
}
