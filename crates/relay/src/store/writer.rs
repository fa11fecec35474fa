//! The one writer: the units of work that wait run in one transaction and are answered after its one commit.
//!
//! Each unit has a savepoint, so that an error takes back that unit alone. Some errors (a full disk, a failing one, want of memory) make
//! SQLite roll back the whole transaction by itself. Then every unit of the batch is told so, and a new connection takes the place of the
//! one on which it happened: what such a connection believes of its transactions can't be trusted.

mod appends;

use std::time::Duration;

use async_trait::async_trait;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::sync::{mpsc, oneshot};

use super::sqlite::{Connection, EngineUnit};
use super::{Caller, StoreError, Unit, Work};
pub(super) use appends::Waiting;

/// What the writer is asked to do.
pub(super) enum Order {
    /// A unit of work.
    Run(Box<dyn Job>),
    /// An append.
    Append(Waiting),
    /// End, and say when the file is in order.
    Close(oneshot::Sender<()>),
}

/// A unit of work that waits.
#[async_trait]
pub(super) trait Job: Send {
    /// Runs it behind `frame`.
    async fn run(self: Box<Self>, connection: &mut Connection, frame: Frame) -> Ran;

    /// Answers that nothing came of it.
    fn refuse(self: Box<Self>, why: StoreError);
}

/// What stands before a unit of work: the beginning of the transaction, or the end of the unit before.
#[derive(Clone, Copy)]
pub(super) enum Frame {
    First,
    Next,
}

/// A unit of work that ran.
pub(super) struct Ran {
    /// Answers it when the batch is on disk, or is not.
    finish: Finish,
    /// Why the transaction ended with it, if it did.
    ended: Option<StoreError>,
}

type Finish = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// The most units of work in one commit.
const MAX_BATCH: usize = 256;
/// After the database could not be opened, jobs that wait are refused; the next attempt comes no earlier.
const REOPEN: Duration = Duration::from_millis(100);

/// A closure's unit of work.
pub(super) struct UnitJob<T, F> {
    pub(super) caller: Caller,
    pub(super) work: F,
    pub(super) answer: oneshot::Sender<Result<T, StoreError>>,
}

#[async_trait]
impl<T, F> Job for UnitJob<T, F>
where
    T: Send + 'static,
    F: for<'u> FnOnce(&'u mut Unit<'_>) -> Work<'u, T> + Send + 'static,
{
    async fn run(self: Box<Self>, connection: &mut Connection, frame: Frame) -> Ran {
        let Self { caller, work, answer } = *self;
        let (done, ended) = match begin(connection, frame, caller).await {
            Err(error) => (Err(again(&error)), Some(error)),
            Ok(false) => (Err(StoreError::ShutOut), None),
            Ok(true) => match work(&mut EngineUnit { connection, caller }).await {
                Ok(done) => (Ok(done), None),
                Err(error) => match sqlx::query("ROLLBACK TO unit").execute(&mut *connection).await {
                    Ok(_) => (Err(error), None),
                    // There is no such savepoint: SQLite has ended the transaction.
                    Err(_) => (Err(again(&error)), Some(error)),
                },
            },
        };
        let finish: Finish = Box::new(move |committed| {
            // Whoever asked may be gone.
            let _ = answer.send(committed.and(done));
        });
        Ran { finish, ended }
    }

    fn refuse(self: Box<Self>, why: StoreError) {
        let _ = self.answer.send(Err(why));
    }
}

/// Begins a unit of work in one round to the database. Returns whether the caller may have it: a device only while it stands.
async fn begin(connection: &mut Connection, frame: Frame, caller: Caller) -> Result<bool, StoreError> {
    let Caller::Device { workspace, user, device } = caller else {
        let begin = match frame {
            Frame::First => "BEGIN IMMEDIATE; SAVEPOINT unit",
            Frame::Next => "RELEASE unit; SAVEPOINT unit",
        };
        sqlx::query(begin).execute(connection).await?;
        return Ok(true);
    };
    let begin = match frame {
        Frame::First => {
            "BEGIN IMMEDIATE; SAVEPOINT unit;
             SELECT 1 AS stands FROM standing_devices WHERE device_id = $1 AND user_id = $2 AND workspace_id = $3"
        }
        Frame::Next => {
            "RELEASE unit; SAVEPOINT unit;
             SELECT 1 AS stands FROM standing_devices WHERE device_id = $1 AND user_id = $2 AND workspace_id = $3"
        }
    };
    let stands = sqlx::query(begin)
        .bind(device.as_bytes().as_slice())
        .bind(user.as_bytes().as_slice())
        .bind(workspace.as_bytes().as_slice())
        .fetch_all(connection)
        .await?;
    Ok(!stands.is_empty())
}

/// The same error for another who waits.
fn again(error: &StoreError) -> StoreError {
    match error {
        StoreError::NoRoom => StoreError::NoRoom,
        other => StoreError::Failed(other.to_string()),
    }
}

/// Takes what waits, runs it in one transaction, and answers all of it after the one commit.
pub(super) async fn write_loop(options: SqliteConnectOptions, connection: Connection, mut orders: mpsc::Receiver<Order>) {
    let mut connection = Some(connection);
    let mut batch = Vec::with_capacity(MAX_BATCH);
    let mut closing = Vec::new();
    while closing.is_empty() && orders.recv_many(&mut batch, MAX_BATCH).await > 0 {
        // Those whom the last commit answered, and who have more, share the next one with the first of them.
        tokio::task::yield_now().await;
        while batch.len() < MAX_BATCH
            && let Ok(order) = orders.try_recv()
        {
            batch.push(order);
        }
        let (mut jobs, mut appends) = (Vec::new(), Vec::new());
        for order in batch.drain(..) {
            match order {
                Order::Run(job) => jobs.push(job),
                Order::Append(append) => appends.push(append),
                Order::Close(closed) => closing.push(closed),
            }
        }
        jobs.extend(appends::together(appends));
        let opened = match connection.take() {
            Some(opened) => Ok(opened),
            None => options.connect().await.map_err(StoreError::from),
        };
        match opened {
            Ok(opened) => connection = run_batch(opened, jobs).await,
            Err(error) => {
                tracing::error!(%error, "the database can't be opened anew");
                jobs.into_iter().for_each(|job| job.refuse(again(&error)));
                tokio::time::sleep(REOPEN).await;
            }
        }
    }
    // The last connection takes the write-ahead log into the file.
    if let Some(connection) = connection {
        let _ = connection.close().await;
    }
    for closed in closing {
        let _ = closed.send(());
    }
}

/// Runs a batch. Returns the connection, if it can be used on.
async fn run_batch(mut connection: Connection, jobs: Vec<Box<dyn Job>>) -> Option<Connection> {
    let mut finishes = Vec::with_capacity(jobs.len());
    let mut frame = Frame::First;
    let mut ended = None;
    let mut jobs = jobs.into_iter();
    for job in jobs.by_ref() {
        let ran = job.run(&mut connection, frame).await;
        frame = Frame::Next;
        finishes.push(ran.finish);
        if ran.ended.is_some() {
            ended = ran.ended;
            break;
        }
    }
    if ended.is_none() && !finishes.is_empty() {
        ended = sqlx::query("COMMIT").execute(&mut connection).await.err().map(StoreError::from);
    }
    let Some(error) = ended else {
        finishes.into_iter().for_each(|finish| finish(Ok(())));
        return Some(connection);
    };
    tracing::error!(%error, "a commit failed; nothing of it was kept");
    // Closed before anybody is answered: who tries again finds the new one.
    let _ = connection.close().await;
    finishes.into_iter().for_each(|finish| finish(Err(again(&error))));
    jobs.for_each(|job| job.refuse(again(&error)));
    None
}
