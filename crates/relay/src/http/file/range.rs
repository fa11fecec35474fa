//! `Range` (RFC 9110 §14): one range of bytes.

use std::ops::Range;

/// The stretch of `size` bytes that a header asks for: `bytes=a-b`, `bytes=a-` or `bytes=-n`. `None` for anything else, and for one that
/// begins at the end or beyond it.
pub(super) fn parse(header: &str, size: u64) -> Option<Range<u64>> {
    let (first, last) = header.strip_prefix("bytes=")?.split_once('-')?;
    let range = match (first, last) {
        ("", suffix) => size.saturating_sub(number(suffix)?)..size,
        (first, "") => number(first)?..size,
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            if last < first {
                return None;
            }
            first..last.saturating_add(1).min(size)
        }
    };
    (range.start < range.end).then_some(range)
}

/// Digits alone: `parse` would take a sign.
fn number(text: &str) -> Option<u64> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_range_is_taken_and_cut_at_the_end() {
        for (header, expected) in [
            ("bytes=0-0", 0..1),
            ("bytes=0-9", 0..10),
            ("bytes=3-", 3..10),
            ("bytes=9-99", 9..10),
            ("bytes=9-18446744073709551615", 9..10),
            ("bytes=-4", 6..10),
            ("bytes=-99", 0..10),
        ] {
            assert_eq!(parse(header, 10), Some(expected), "{header}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for header in [
            "bytes=10-",
            "bytes=10-11",
            "bytes=5-4",
            "bytes=-0",
            "bytes=-",
            "bytes=0-1,3-4",
            "bytes=+1-2",
            "bytes=1-+2",
            "bytes= 1-2",
            "items=0-1",
            "bytes=18446744073709551616-",
            "bytes",
            "",
            "bytes=0x1-2",
        ] {
            assert_eq!(parse(header, 10), None, "{header}");
        }
        assert_eq!(parse("bytes=0-", 0), None, "an empty file has no range");
    }

    proptest! {
        #[test]
        fn any_header_gives_a_range_within_the_file_or_none(header in "(bytes=)?[0-9,\\- ]{0,44}|.{0,30}", size: u64) {
            if let Some(range) = parse(&header, size) {
                prop_assert!(range.start < range.end && range.end <= size);
            }
        }

        #[test]
        fn a_range_within_is_taken_as_it_is(first: u64, more in 0_u64..1000) {
            let last = first.saturating_add(more).min(u64::MAX - 1);
            let first = first.min(last);
            prop_assert_eq!(parse(&format!("bytes={first}-{last}"), u64::MAX), Some(first..last + 1));
        }
    }
}
