//! Why the local database failed: the disk, the file, or something else. Each has a remedy of its own.

use std::io;

use sqlx::error::DatabaseError;
use sqlx::migrate::MigrateError;

use crate::error::{Error, disk_failed, disk_full};

/// Primary result codes of SQLite (<https://www.sqlite.org/rescode.html>).
const BUSY: i32 = 5;
const LOCKED: i32 = 6;
const NOMEM: i32 = 7;
const READONLY: i32 = 8;
const IOERR: i32 = 10;
const CORRUPT: i32 = 11;
const FULL: i32 = 13;
const CANTOPEN: i32 = 14;
const NOTADB: i32 = 26;

/// SQLITE_IOERR_SHMSIZE: there was no room for the index of the log.
const IOERR_SHMSIZE: i32 = 4874;

/// The primary result code: the low byte of the extended one.
fn primary(error: &dyn DatabaseError) -> Option<i32> {
    let code = error.code()?.parse::<i32>().ok()?;
    Some(if code == IOERR_SHMSIZE { FULL } else { code & 0xff })
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        if let sqlx::Error::Io(error) = error {
            return error.into();
        }
        match error.as_database_error().and_then(primary) {
            Some(FULL) => disk_full(),
            Some(READONLY) => disk_failed(&io::Error::from(io::ErrorKind::PermissionDenied)),
            Some(IOERR | CANTOPEN) => disk_failed(&error),
            Some(CORRUPT | NOTADB) => database_damaged("a page of it can't be read"),
            Some(NOMEM) => {
                Self::new("no_memory", "This computer has no memory left.", "Close other programs and try again; nothing is lost.")
            }
            Some(BUSY | LOCKED) => Self::new(
                "cache_busy",
                "The local database is in use by another program.",
                "Close what reads or copies Bezel's folder, then try again; nothing is lost.",
            ),
            _ => Self::new(
                "cache",
                format!("The local database failed: {error}."),
                "Start again; nothing that was sent is lost. If it stays so, please report it.",
            ),
        }
    }
}

/// The file is not whole any more. It is left as it is: a rescuer may still read more than Bezel can.
pub(super) fn database_damaged(how: &str) -> Error {
    Error::new(
        "database_damaged",
        format!("The local database is damaged: {how}."),
        "Close Bezel and put member.db back from a backup of its folder. What is there now was left as it is.",
    )
}

/// The slots gave a key, and no page of the database is in it.
pub(super) fn wrong_key() -> Error {
    Error::unverifiable(
        "wrong_key",
        "The local database does not open with the key of slots.cbor: the two files are not of one member, or member.db is damaged from its first page on.",
        "Put member.db and slots.cbor back from one and the same backup. Nothing was changed.",
    )
}

/// SQLCipher can't tell a wrong key from a first page that is damaged.
pub(super) fn is_unreadable(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(primary) == Some(NOTADB)
}

/// A schema that could not be made or brought up to date.
pub(super) fn migration(error: MigrateError) -> Error {
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
        error => Error::new(
            "cache_version",
            format!("The local database was written by another version of Bezel ({error})."),
            "Install the newest Bezel.",
        ),
    }
}
