//! The member's encrypted database: one file a table or two. Everything that changes takes an open transaction.

pub(crate) mod alarms;
pub(crate) mod calls;
pub(crate) mod conversations;
pub(crate) mod epochs;
pub(crate) mod files;
pub(crate) mod gaps;
pub(crate) mod groups;
pub(crate) mod keys;
pub(crate) mod messages;
pub(crate) mod outbox;
pub(crate) mod profile;
pub(crate) mod roster;
mod row;
pub(crate) mod transfers;

use std::path::Path;
use std::time::Duration;

use bezel_crypto::Secret;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Sqlite, SqliteConnection, SqlitePool};

use crate::error::{Error, Result};

pub(crate) use row::{hash, id, unsigned};

/// An open transaction.
pub(crate) type Tx<'a> = sqlx::Transaction<'a, Sqlite>;
/// Any open connection, in a transaction or not.
pub(crate) type Connection = SqliteConnection;

/// The database, opened with its key.
#[derive(Debug)]
pub(crate) struct Cache {
    pool: SqlitePool,
}

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations/client");

/// How long a connection may take to close.
const CLOSING_PATIENCE: Duration = Duration::from_secs(5);

/// SQLITE_NOTADB: what SQLCipher answers to a wrong key.
const NOT_A_DATABASE: &str = "26";

impl Cache {
    /// Opens, or with `create` makes, the database.
    pub(crate) async fn open(path: &Path, key: &Secret<32>, create: bool) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(create)
            .pragma("key", sqlcipher_key(key))
            .pragma("cipher_log", "off")
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(10))
            // The key is in the first statement.
            .disable_statement_logging();
        let pool = SqlitePoolOptions::new().max_connections(4).connect_with(options).await.map_err(wrong_key)?;
        MIGRATIONS.run(&pool).await.map_err(|error| {
            Error::new(
                "cache_version",
                format!("The local database can't be brought up to date ({error})."),
                "Install the newest Bezel; it was written by a newer version.",
            )
        })?;
        Ok(Self { pool })
    }

    /// Begins a transaction; dropped, it changes nothing.
    pub(crate) async fn begin(&self) -> Result<Tx<'static>> {
        Ok(self.pool.begin_with("BEGIN IMMEDIATE").await?)
    }

    /// A connection to read by.
    pub(crate) async fn read(&self) -> Result<sqlx::pool::PoolConnection<Sqlite>> {
        Ok(self.pool.acquire().await?)
    }

    /// Writes everything down and closes.
    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }
}

impl Drop for Cache {
    /// Waits until every connection is closed: SQLCipher takes itself apart when the process ends, and a connection that is still
    /// closing on another thread would then free the same memory twice.
    fn drop(&mut self) {
        if self.pool.is_closed() {
            return;
        }
        let pool = self.pool.clone();
        let closing = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
            if let Ok(runtime) = runtime {
                // Whoever still holds a connection does not hold up the end for ever.
                let _ = runtime.block_on(async { tokio::time::timeout(CLOSING_PATIENCE, pool.close()).await });
            }
        });
        let _ = closing.join();
    }
}

/// A raw key in SQLCipher's notation.
fn sqlcipher_key(key: &Secret<32>) -> String {
    let hex: String = key.expose().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("\"x'{hex}'\"")
}

fn wrong_key(error: sqlx::Error) -> Error {
    let is_wrong_key = error.as_database_error().and_then(|error| error.code()).is_some_and(|code| code == NOT_A_DATABASE);
    if is_wrong_key {
        Error::unverifiable(
            "wrong_key",
            "The local database does not open with this key.",
            "Unlock with another way: the passphrase or the recovery words. Nothing was changed.",
        )
    } else {
        error.into()
    }
}
