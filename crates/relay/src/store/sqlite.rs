//! SQLite: write-ahead log, `synchronous=FULL`, one writer with group commit, a pool of readers.

#[path = "queries/mod.rs"]
mod queries;

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection, SqlitePool};
use tokio::sync::{mpsc, oneshot};

use super::{Caller, Store, StoreError, Unit, Work};

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
    writer: mpsc::Sender<Job>,
}

/// What the writer is asked to do.
enum Job {
    /// A unit of work: it runs inside a savepoint and answers after the commit.
    Run(Box<dyn for<'c> FnOnce(&'c mut Connection) -> Running<'c> + Send>),
    /// End, and say when the file is in order.
    Close(oneshot::Sender<()>),
}

/// A unit of work while it runs.
type Running<'c> = core::pin::Pin<Box<dyn Future<Output = Finish> + Send + 'c>>;

/// What is left to do when the batch is on disk, or is not.
type Finish = Box<dyn FnOnce(Result<(), String>) + Send>;

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations/relay-sqlite");

/// The most units of work in one commit.
const MAX_BATCH: usize = 256;

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
        let readers = SqlitePoolOptions::new().max_connections(4).connect_with(options).await?;
        let (writer, jobs) = mpsc::channel(1024);
        tokio::spawn(write_loop(connection, jobs));
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

impl Store for SqliteStore {
    async fn read<T, F>(&self, caller: Caller, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'u> FnOnce(&'u mut Unit<'_>) -> Work<'u, T> + Send + 'static,
    {
        let mut transaction = self.readers.begin().await?;
        let answer = in_name_of(caller, &mut transaction, work).await;
        transaction.rollback().await?;
        answer
    }

    async fn write<T, F>(&self, caller: Caller, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'u> FnOnce(&'u mut Unit<'_>) -> Work<'u, T> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job = Job::Run(Box::new(move |connection| {
            Box::pin(async move {
                let done = in_savepoint(connection, caller, work).await;
                let finish: Finish = Box::new(move |committed| {
                    let done = match committed {
                        Ok(()) => done,
                        Err(why) => Err(StoreError::Database(sqlx::Error::Protocol(why))),
                    };
                    // Whoever asked may be gone.
                    let _ = answer.send(done);
                });
                finish
            })
        }));
        self.writer.send(job).await.map_err(|_| StoreError::Closed)?;
        answered.await.map_err(|_| StoreError::Closed)?
    }

    async fn close(&self) {
        self.readers.close().await;
        let (closed, wait) = oneshot::channel();
        if self.writer.send(Job::Close(closed)).await.is_ok() {
            let _ = wait.await;
        }
    }
}

async fn in_savepoint<T, F>(connection: &mut Connection, caller: Caller, work: F) -> Result<T, StoreError>
where
    F: for<'u> FnOnce(&'u mut Unit<'_>) -> Work<'u, T> + Send,
{
    let mut savepoint = connection.begin().await?;
    match in_name_of(caller, &mut savepoint, work).await {
        Ok(done) => {
            savepoint.commit().await?;
            Ok(done)
        }
        Err(error) => {
            savepoint.rollback().await?;
            Err(error)
        }
    }
}

async fn in_name_of<T, F>(caller: Caller, connection: &mut Connection, work: F) -> Result<T, StoreError>
where
    F: for<'u> FnOnce(&'u mut Unit<'_>) -> Work<'u, T> + Send,
{
    let mut unit = EngineUnit { connection, caller };
    unit.enter().await?;
    work(&mut unit).await
}

/// Takes what waits, runs it in one transaction, and answers all of it after the one commit.
async fn write_loop(mut connection: Connection, mut jobs: mpsc::Receiver<Job>) {
    let mut batch = Vec::with_capacity(MAX_BATCH);
    let mut closing = Vec::new();
    while closing.is_empty() && jobs.recv_many(&mut batch, MAX_BATCH).await > 0 {
        let mut finishes = Vec::with_capacity(batch.len());
        let committed = run_batch(&mut connection, &mut batch, &mut finishes, &mut closing).await.map_err(|error| error.to_string());
        if let Err(error) = &committed {
            tracing::error!(%error, "a commit failed");
        }
        for finish in finishes {
            finish(committed.clone());
        }
        // Where the transaction did not even begin: whoever waits is told by the end of the channel.
        batch.clear();
    }
    // The last connection takes the write-ahead log into the file.
    let _ = connection.close().await;
    for closed in closing {
        let _ = closed.send(());
    }
}

async fn run_batch(
    connection: &mut Connection,
    batch: &mut Vec<Job>,
    finishes: &mut Vec<Finish>,
    closing: &mut Vec<oneshot::Sender<()>>,
) -> Result<(), sqlx::Error> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    for job in batch.drain(..) {
        match job {
            Job::Run(run) => finishes.push(run(&mut transaction).await),
            Job::Close(closed) => closing.push(closed),
        }
    }
    transaction.commit().await
}
