//! Compares this computer's clock with the relay's, before keys are made that a wrong clock would spoil.

use crate::clock::{DAY_MS, Timestamp};
use crate::error::{Error, Result};

const SECOND_MS: i64 = 1000;
const MINUTE_MS: i64 = 60 * SECOND_MS;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// The relay takes nothing that is dated further ahead of its own clock.
const MAX_AHEAD_MS: i64 = 5 * MINUTE_MS;
/// Key packages and certificates of a device that is further behind end before anybody can use them.
const MAX_BEHIND_MS: i64 = 100 * DAY_MS;
/// 2026-01-01: Bezel is younger, so a clock before this is wrong.
const BEFORE_BEZEL_MS: i64 = 1_767_225_600_000;

/// Says which clock is wrong, where one can tell, and by how much the two differ.
///
/// # Errors
/// When they are too far apart to begin or to join a workspace.
pub(super) fn compare(own_ms: i64, relay_ms: i64) -> Result<()> {
    let ahead_ms = own_ms.saturating_sub(relay_ms);
    if (-MAX_BEHIND_MS..=MAX_AHEAD_MS).contains(&ahead_ms) {
        return Ok(());
    }
    let (apart, way) = (duration(ahead_ms.saturating_abs()), if ahead_ms > 0 { "ahead of" } else { "behind" });
    let (own, relay) = (Timestamp::from_ms(own_ms), Timestamp::from_ms(relay_ms));
    let (own, relay) = (own.as_str(), relay.as_str());
    Err(if own_ms < BEFORE_BEZEL_MS {
        Error::new(
            "clock_wrong",
            format!("This computer's clock is wrong: it shows {own}, {apart} {way} the relay's ({relay})."),
            "Set this computer's date and time, then try again.",
        )
    } else if relay_ms < BEFORE_BEZEL_MS {
        Error::new(
            "relay_clock_wrong",
            format!("The relay's clock is wrong: it shows {relay}; this computer's, {apart} {way} it, shows {own}."),
            "Ask whoever runs the relay to set its clock, then try again.",
        )
    } else {
        Error::new(
            "clocks_differ",
            format!("This computer's clock ({own}) is {apart} {way} the relay's ({relay})."),
            "Look which of the two is right. Set this computer's date and time, or ask whoever runs the relay to set its clock; then try again.",
        )
    })
}

/// The two largest units of a duration.
fn duration(ms: i64) -> String {
    let part = |ms: i64, unit: i64, name: &str| match ms / unit {
        0 => None,
        1 => Some(format!("1 {name}")),
        count => Some(format!("{count} {name}s")),
    };
    let parts = if ms >= DAY_MS {
        [part(ms, DAY_MS, "day"), part(ms % DAY_MS, HOUR_MS, "hour")]
    } else {
        [part(ms, HOUR_MS, "hour"), part(ms % HOUR_MS, MINUTE_MS, "minute")]
    };
    parts.into_iter().flatten().collect::<Vec<_>>().join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: i64 = 1_795_000_000_000;

    fn said(own_ms: i64, relay_ms: i64) -> Error {
        compare(own_ms, relay_ms).unwrap_err()
    }

    #[test]
    fn clocks_that_are_close_enough_to_work_are_not_spoken_of() {
        for ahead_ms in [0, MAX_AHEAD_MS, -26 * HOUR_MS, -92 * DAY_MS] {
            assert_eq!(compare(NOW_MS + ahead_ms, NOW_MS), Ok(()), "{ahead_ms}");
        }
    }

    /// A computer whose battery is dead was told to ask an owner, and one a week fast to ask for another invitation.
    #[test]
    fn a_clock_that_is_wrong_is_named_with_how_much_it_is_off() {
        let dead_battery = said(1_577_836_800_000, NOW_MS);
        assert_eq!(dead_battery.code, "clock_wrong");
        assert!(dead_battery.message.contains("2020-01-01"), "{dead_battery}");

        let fast = said(NOW_MS + 8 * DAY_MS + 3 * HOUR_MS, NOW_MS);
        assert_eq!(fast.code, "clocks_differ");
        assert!(fast.message.contains("is 8 days and 3 hours ahead of the relay's"), "{fast}");

        let relay_behind = said(NOW_MS, NOW_MS - 26 * HOUR_MS);
        assert!(relay_behind.message.contains("1 day and 2 hours ahead of the relay's"), "{relay_behind}");
        assert!(relay_behind.next_step.contains("ask whoever runs the relay to set its clock"), "{relay_behind}");

        assert_eq!(said(NOW_MS, 1_577_836_800_000).code, "relay_clock_wrong");
    }
}
