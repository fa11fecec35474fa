//! Sequence numbers and timestamps that do not wrap.

/// Counts on where a 16-bit sequence number (RFC 3550 §5.1) or a 32-bit timestamp begins anew.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unwrapped {
    pub(super) last: Option<i64>,
}

impl Unwrapped {
    /// The number that goes on from the last one.
    pub fn sequence(&mut self, value: u16) -> i64 {
        self.next(i64::from(value), 1 << 16)
    }

    /// The timestamp that goes on from the last one.
    pub fn timestamp(&mut self, value: u32) -> i64 {
        self.next(i64::from(value), 1 << 32)
    }

    fn next(&mut self, value: i64, modulus: i64) -> i64 {
        let Some(last) = self.last else {
            self.last = Some(value);
            return value;
        };
        let step = (value - last).rem_euclid(modulus);
        // The nearer way, forwards or backwards.
        let step = if step >= modulus / 2 { step - modulus } else { step };
        let unwrapped = last + step;
        self.last = Some(last.max(unwrapped));
        unwrapped
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_go_on_where_they_wrap_and_where_packets_come_late(start: u16, steps in proptest::collection::vec(-50i64..100, 1..300)) {
            let mut unwrapped = Unwrapped::default();
            let first = unwrapped.sequence(start);
            let (mut highest, mut at) = (first, first);
            for step in steps {
                at = highest + step;
                highest = highest.max(at);
                prop_assert_eq!(unwrapped.sequence(at.rem_euclid(1 << 16) as u16), at);
            }
            let _ = at;
        }
    }

    #[test]
    fn a_timestamp_wraps_too() {
        let mut unwrapped = Unwrapped::default();
        assert_eq!(unwrapped.timestamp(u32::MAX), i64::from(u32::MAX));
        assert_eq!(unwrapped.timestamp(2999), i64::from(u32::MAX) + 3000);
    }
}
