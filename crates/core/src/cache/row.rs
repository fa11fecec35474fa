//! From columns to types.

use bezel_protocol::Hash;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::error::{Result, damaged};

/// Something with 16 bytes in a column.
pub(crate) fn id<T>(row: &SqliteRow, column: &str, from_slice: fn(&[u8]) -> Option<T>) -> Result<T> {
    from_slice(row.try_get::<&[u8], _>(column)?).ok_or_else(|| damaged("id"))
}

/// A SHA-256 digest in a column.
pub(crate) fn hash(row: &SqliteRow, column: &str) -> Result<Hash> {
    Hash::from_slice(row.try_get::<&[u8], _>(column)?).ok_or_else(|| damaged("hash"))
}

/// A number that is never negative.
pub(crate) fn unsigned(row: &SqliteRow, column: &str) -> Result<u64> {
    u64::try_from(row.try_get::<i64, _>(column)?).map_err(|_| damaged("number"))
}

/// A number as SQLite holds it; ours stay far below the limit.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
