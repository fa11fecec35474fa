//! What a relay takes of files.

use std::fmt;
use std::str::FromStr;

use crate::blobs::BlobLocation;

/// Where blobs are kept, and how many bytes of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileOptions {
    /// Where.
    pub blobs: BlobLocation,
    /// The most bytes of one file.
    pub max_file_bytes: u64,
    /// The most bytes of all files of a workspace.
    pub max_workspace_bytes: u64,
}

impl FileOptions {
    /// The most bytes of one file, unless said otherwise.
    pub const MAX_FILE: ByteSize = ByteSize(100 << 30);
    /// The most bytes of all files of a workspace, unless said otherwise.
    pub const MAX_WORKSPACE: ByteSize = ByteSize(1 << 40);
}

impl Default for FileOptions {
    fn default() -> Self {
        Self { blobs: BlobLocation::default(), max_file_bytes: Self::MAX_FILE.0, max_workspace_bytes: Self::MAX_WORKSPACE.0 }
    }
}

/// A number of bytes as people write it: `1048576`, `512KiB`, `10GiB`, `1TiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(pub u64);

/// Not a number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a number of bytes is wanted, such as 512KiB, 10GiB or 1TiB")]
pub struct BadByteSize;

/// Names of sizes and how far they shift, the largest first.
const UNITS: [(&str, u32); 5] = [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10), ("B", 0)];

impl FromStr for ByteSize {
    type Err = BadByteSize;

    fn from_str(text: &str) -> Result<Self, BadByteSize> {
        let text = text.trim();
        let (number, shift) = UNITS.iter().find_map(|(unit, shift)| Some((text.strip_suffix(unit)?, *shift))).unwrap_or((text, 0));
        let number: u64 = number.trim_end().parse().map_err(|_| BadByteSize)?;
        // Kept within what SQL counts with.
        let bytes = number.checked_mul(1 << shift).filter(|bytes| i64::try_from(*bytes).is_ok());
        bytes.map(Self).ok_or(BadByteSize)
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, shift) = UNITS.into_iter().find(|(_, shift)| self.0 >> shift > 0).unwrap_or(("B", 0));
        if self.0.trailing_zeros() >= shift {
            write!(f, "{}{unit}", self.0 >> shift)
        } else {
            let tenths = (u128::from(self.0) * 10) >> shift;
            write!(f, "{}.{}{unit}", tenths / 10, tenths % 10)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sizes_are_read_and_written_as_people_do() {
        for (text, bytes) in [("0", 0), ("1048576", 1 << 20), ("512KiB", 512 << 10), ("10GiB", 10 << 30), (" 1 TiB ", 1 << 40), ("7B", 7)] {
            assert_eq!(text.parse(), Ok(ByteSize(bytes)), "{text}");
        }
        for bad in ["", "GiB", "-1", "10GB", "1.5GiB", "99999999999TiB", "10 gib"] {
            assert_eq!(bad.parse::<ByteSize>(), Err(BadByteSize), "{bad}");
        }
        for (bytes, text) in [(0, "0B"), (1023, "1023B"), (1536, "1.5KiB"), (100 << 30, "100GiB"), ((1 << 30) + 1, "1.0GiB")] {
            assert_eq!(ByteSize(bytes).to_string(), text);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_size_or_none(text in ".{0,20}") {
            let _ = text.parse::<ByteSize>();
        }

        #[test]
        fn whole_units_come_back(number in 0_u64..1024, unit in 0_usize..5) {
            let text = format!("{number}{}", UNITS[unit].0);
            let size: ByteSize = text.parse().unwrap();
            prop_assert_eq!(size.to_string().parse::<ByteSize>(), Ok(size));
        }
    }
}
