//! The member's encrypted database: one file a table or two. Everything that changes takes an open transaction.

pub(crate) mod alarms;
pub(crate) mod audit;
pub(crate) mod calls;
pub(crate) mod confirmations;
pub(crate) mod conversations;
pub(crate) mod copied;
mod damage;
pub(crate) mod entries;
pub(crate) mod epochs;
mod fault;
pub(crate) mod files;
pub(crate) mod gaps;
pub(crate) mod groups;
pub(crate) mod healing;
pub(crate) mod held;
pub(crate) mod keys;
pub(crate) mod leaves;
pub(crate) mod log;
pub(crate) mod logins;
pub(crate) mod lost_branches;
pub(crate) mod lost_commits;
pub(crate) mod messages;
pub(crate) mod outbox;
pub(crate) mod own_vault;
pub(crate) mod pending;
pub(crate) mod profile;
mod rekey;
pub(crate) mod roster;
mod row;
pub(crate) mod spine;
pub(crate) mod transfers;
pub(crate) mod withdrawals;

use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bezel_crypto::Secret;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, Sqlite, SqliteConnection, SqlitePool};
use tokio::sync::OnceCell;

use crate::change::{Changes, Quiet};
use crate::error::Result;
use crate::search;

pub(crate) use rekey::rekey;
#[cfg(test)]
pub(crate) use rekey::rekey_by;
pub(crate) use row::{hash, id, unsigned};

/// Any open connection, in a transaction or not.
pub(crate) type Connection = SqliteConnection;

/// The database, opened with its key. It closes with this.
#[derive(Debug)]
pub(crate) struct Cache {
    handle: Handle,
}

/// The database, for what outlives a borrow of the cache.
#[derive(Debug, Clone)]
pub(crate) struct Handle {
    pool: SqlitePool,
    changes: Arc<Changes>,
}

/// An open transaction. Dropped, it changes nothing. What changed is told when it has ended.
#[derive(Debug)]
pub(crate) struct Tx {
    inner: sqlx::Transaction<'static, Sqlite>,
    // Fields are dropped in their order: the transaction ends first.
    quiet: Quiet,
}

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations/client");

/// How long a connection may take to close.
const CLOSING_PATIENCE: Duration = Duration::from_secs(5);
const MAX_CONNECTIONS: u32 = 4;

impl Cache {
    /// Opens, or with `create` makes, the database.
    ///
    /// # Errors
    /// When the disk refuses, the key does not fit, the file is damaged, or another version wrote it.
    pub(crate) async fn open(path: &Path, key: &Secret<32>, create: bool) -> Result<Self> {
        silence().await?;
        if !create {
            damage::not_empty(path)?;
        }
        let pool = SqlitePoolOptions::new().max_connections(MAX_CONNECTIONS).after_release(is_reusable);
        match pool.connect_with(options(path, key, create)).await {
            Ok(pool) => Self::with(pool).await,
            Err(error) if fault::is_unreadable(&error) => Err(damage::explain(path, key).await),
            Err(error) => Err(error.into()),
        }
    }

    async fn with(pool: SqlitePool) -> Result<Self> {
        if let Err(error) = MIGRATIONS.run(&pool).await {
            pool.close().await;
            return Err(fault::migration(error));
        }
        if search::prepare(&mut *pool.acquire().await?).await? {
            let pool = pool.clone();
            tokio::spawn(async move {
                // Where it stops, the next start goes on.
                if let Err(error) = search::refill(&pool).await {
                    tracing::warn!(code = error.code, "the search index is not whole yet");
                }
            });
        }
        Ok(Self { handle: Handle { pool, changes: Changes::new() } })
    }

    /// The database, for what must write before something is signed.
    pub(crate) fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Writes everything down and closes.
    pub(crate) async fn close(&self) {
        self.handle.pool.close().await;
    }
}

impl Deref for Cache {
    type Target = Handle;

    fn deref(&self) -> &Handle {
        &self.handle
    }
}

impl Handle {
    /// Begins a transaction; dropped, it changes nothing.
    pub(crate) async fn begin(&self) -> Result<Tx> {
        let inner = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        Ok(Tx { inner, quiet: self.changes.quiet() })
    }

    /// A connection to read by.
    pub(crate) async fn read(&self) -> Result<PoolConnection<Sqlite>> {
        Ok(self.pool.acquire().await?)
    }

    /// Who hears what changes.
    pub(crate) fn changes(&self) -> &Changes {
        &self.changes
    }
}

impl Tx {
    /// Writes everything down, then lets what changed be told.
    pub(crate) async fn commit(self) -> Result<()> {
        let Self { inner, quiet } = self;
        inner.commit().await?;
        drop(quiet);
        Ok(())
    }
}

impl Deref for Tx {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.inner
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.inner
    }
}

/// Whether a connection goes back to the pool. SQLite ends a transaction by itself when the disk is full or fails; the connection would
/// go on counting it, and refuse to begin another as long as it lives.
fn is_reusable(
    connection: &mut SqliteConnection,
    _: sqlx::pool::PoolConnectionMetadata,
) -> futures_util::future::BoxFuture<'_, core::result::Result<bool, sqlx::Error>> {
    Box::pin(async move {
        // A rollback that was begun by dropping the transaction is over when the ping answers.
        connection.ping().await?;
        Ok(!connection.is_in_transaction())
    })
}

/// SQLCipher writes its log to the standard error from the start; faults are told by their codes alone.
async fn silence() -> Result<()> {
    static SILENT: OnceCell<()> = OnceCell::const_new();
    SILENT
        .get_or_try_init(async || {
            let mut connection = SqliteConnectOptions::new().in_memory(true).connect().await?;
            sqlx::query("PRAGMA cipher_log_level = NONE").execute(&mut connection).await?;
            Ok(connection.close().await?)
        })
        .await
        .copied()
}

/// The database at a path, by its key.
fn encrypted(path: &Path, key: &Secret<32>) -> SqliteConnectOptions {
    // The key is in the first statement: none is logged.
    SqliteConnectOptions::new().filename(path).pragma("key", sqlcipher_key(key)).disable_statement_logging()
}

impl Drop for Cache {
    /// Waits until every connection is closed: SQLCipher takes itself apart when the process ends, and a connection that is still
    /// closing on another thread would then free the same memory twice. On a runtime of one thread, which this holds up, no connection that was
    /// just used comes back: there it waits in vain, and whoever has such a one closes first.
    fn drop(&mut self) {
        if self.handle.pool.is_closed() {
            return;
        }
        let pool = self.handle.pool.clone();
        let closing = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
            if let Ok(runtime) = runtime {
                // A connection that is still in use does not hold up the end.
                let _ = runtime.block_on(async { tokio::time::timeout(CLOSING_PATIENCE, pool.close()).await });
            }
        });
        let _ = closing.join();
    }
}

pub(crate) fn options(path: &Path, key: &Secret<32>, create: bool) -> SqliteConnectOptions {
    encrypted(path, key)
        .create_if_missing(create)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(10))
}

/// A raw key in SQLCipher's notation.
fn sqlcipher_key(key: &Secret<32>) -> String {
    let hex: String = key.expose().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("\"x'{hex}'\"")
}

#[cfg(test)]
mod tests;
