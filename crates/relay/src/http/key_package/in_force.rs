//! Which key packages can be used: neither nearly over, nor made by a clock that ran ahead and not begun yet.

use core::ops::RangeInclusive;

use bezel_protocol::wire::KEY_PACKAGE_LIFETIME_MS;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// So much longer than now a key package must last: whoever adds the device may be offline for a while, and clocks differ.
const MARGIN_MS: i64 = DAY_MS;
/// The clock of a device may be ahead of the relay's by so much.
const SLACK_MS: i64 = 7 * DAY_MS;

/// When a key package ends that can be used at `now_ms`.
pub(super) const fn in_force(now_ms: i64) -> RangeInclusive<i64> {
    now_ms.saturating_add(MARGIN_MS)..=now_ms.saturating_add(KEY_PACKAGE_LIFETIME_MS + SLACK_MS)
}
