//! SQLite: write-ahead log, `synchronous=FULL`, one writer with group commit, a pool of readers.

#[path = "queries/mod.rs"]
mod queries;

use std::path::Path;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, Sqlite, SqliteConnection, SqlitePool};
use tokio::sync::{mpsc, oneshot};

use super::writer::{Order, UnitJob, Waiting, write_loop};
use super::{Appended, Caller, NewEnvelopes, Store, StoreError, Unit, Work};
pub(super) use queries::append::{Append, append};

/// The connection type of this engine; `queries` is written against this name.
pub(super) type Connection = SqliteConnection;
/// The row type of this engine.
pub(super) type Row = sqlx::sqlite::SqliteRow;

/// A unit of work: the only way to SQL, in a caller's name.
pub(super) struct EngineUnit<'c> {
    pub(super) connection: &'c mut Connection,
    pub(super) caller: Caller,
}

/// The engine.
#[derive(Clone)]
pub struct SqliteStore {
    readers: SqlitePool,
    writer: mpsc::Sender<Order>,
}

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations/relay-sqlite");

/// So many readers at once.
const READERS: u32 = 4;

impl SqliteStore {
    /// Opens, or makes, the database.
    ///
    /// # Errors
    /// When the file can't be opened or brought up to date.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(10))
            .disable_statement_logging();
        let mut connection = options.connect().await?;
        MIGRATIONS.run(&mut connection).await.map_err(|error| sqlx::Error::Migrate(Box::new(error)))?;
        let readers = SqlitePoolOptions::new().max_connections(READERS).test_before_acquire(false).connect_with(options.clone()).await?;
        let (writer, orders) = mpsc::channel(1024);
        tokio::spawn(write_loop(options, connection, orders));
        Ok(Self { readers, writer })
    }

    /// Looks through the whole file for damage.
    ///
    /// # Errors
    /// When there is any.
    pub async fn check(&self) -> Result<(), StoreError> {
        let found: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&self.readers).await?;
        if found == "ok" { Ok(()) } else { Err(StoreError::Damaged("file")) }
    }
}

impl SqliteStore {
    /// A connection on which nothing is under way. One that still believes in a transaction, which an error had ended, is closed.
    async fn reader(&self) -> Result<PoolConnection<Sqlite>, StoreError> {
        loop {
            let connection = self.readers.acquire().await?;
            if !connection.is_in_transaction() {
                return Ok(connection);
            }
            let _ = connection.close().await;
        }
    }
}

impl Store for SqliteStore {
    async fn read<T, F>(&self, caller: Caller, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'u> FnOnce(&'u mut Unit<'_>) -> Work<'u, T> + Send + 'static,
    {
        let mut connection = self.reader().await?;
        // Dropped half way, where whoever asked is gone, it is rolled back.
        let mut transaction = connection.begin_with("BEGIN").await?;
        let mut unit = EngineUnit { connection: &mut transaction, caller };
        let answer = match unit.enter().await {
            Ok(()) => work(&mut unit).await,
            Err(error) => Err(error),
        };
        if let Err(error) = transaction.rollback().await {
            tracing::warn!(%error, "a connection for reading is closed after an error");
            let _ = connection.close().await;
        }
        answer
    }

    async fn write<T, F>(&self, caller: Caller, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'u> FnOnce(&'u mut Unit<'_>) -> Work<'u, T> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job = UnitJob { caller, work, answer };
        self.writer.send(Order::Run(Box::new(job))).await.map_err(|_| StoreError::Closed)?;
        answered.await.map_err(|_| StoreError::Closed)?
    }

    async fn append(&self, caller: Caller, new: NewEnvelopes) -> Result<Appended, StoreError> {
        let Caller::Device { workspace, user, device } = caller else { return Err(StoreError::WrongCaller) };
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting { append: Append { workspace, user, device, new }, answer };
        self.writer.send(Order::Append(waiting)).await.map_err(|_| StoreError::Closed)?;
        answered.await.map_err(|_| StoreError::Closed)?
    }

    async fn close(&self) {
        self.readers.close().await;
        let (closed, wait) = oneshot::channel();
        if self.writer.send(Order::Close(closed)).await.is_ok() {
            let _ = wait.await;
        }
    }
}

/// Whether SQLite says that there is no room on the disk: SQLITE_FULL, or SQLITE_IOERR_SHMSIZE where the index of the write-ahead log can't grow.
pub(super) fn is_full(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(|error| error.code()).is_some_and(|code| matches!(&*code, "13" | "4874"))
}

#[cfg(test)]
#[path = "sqlite/tests.rs"]
mod tests;
