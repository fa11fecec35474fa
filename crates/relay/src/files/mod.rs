//! Files: the rules about them, the log of who got them, and the sweep.

mod access;
mod ledger;
mod options;
mod sweep;
mod uploads;

pub(crate) use access::{Denial, judge};
pub(crate) use ledger::{Ledger, Tally};
pub use options::{BadByteSize, ByteSize, FileOptions};
pub use sweep::{SweepError, Swept, check_blobs};
pub(crate) use sweep::{collect_revoked, sweep};
pub(crate) use uploads::{Busy, Uploads};

/// An unfinished upload is given up so long after its last byte.
pub(crate) const UPLOAD_LIFETIME_MS: i64 = 7 * 86_400_000;
