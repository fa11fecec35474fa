//! Appends that wait together are one job.

use async_trait::async_trait;
use tokio::sync::oneshot;

use super::{Frame, Job, Ran, again, begin};
use crate::store::sqlite::{Append, Connection, append};
use crate::store::{Appended, Caller, StoreError};

/// An append that waits.
pub(in crate::store) struct Waiting {
    pub(in crate::store) append: Append,
    pub(in crate::store) answer: Answer,
}

type Answer = oneshot::Sender<Result<Appended, StoreError>>;

/// Appends of one job.
#[derive(Default)]
struct Appends {
    appends: Vec<Append>,
    answers: Vec<Answer>,
}

/// The most bytes of envelopes in one job, but for those of a single append: they are copied for their statement.
const MAX_BYTES: usize = 1024 * 1024;

/// Makes jobs of appends.
pub(super) fn together(waiting: Vec<Waiting>) -> Vec<Box<dyn Job>> {
    let mut jobs: Vec<Appends> = Vec::new();
    let mut room = 0;
    for Waiting { append, answer } in waiting {
        let bytes: usize = append.new.envelopes.iter().map(|envelope| envelope.bytes().len()).sum();
        if jobs.is_empty() || bytes > room {
            jobs.push(Appends::default());
            room = MAX_BYTES;
        }
        room = room.saturating_sub(bytes);
        if let Some(job) = jobs.last_mut() {
            job.appends.push(append);
            job.answers.push(answer);
        }
    }
    jobs.into_iter().map(|job| Box::new(job) as Box<dyn Job>).collect()
}

#[async_trait]
impl Job for Appends {
    async fn run(self: Box<Self>, connection: &mut Connection, frame: Frame) -> Ran {
        let Self { appends, answers } = *self;
        let (outcomes, ended) = match run(connection, frame, &appends).await {
            Ok(outcomes) => (outcomes, None),
            Err(error) => (appends.iter().map(|_| Err(again(&error))).collect(), Some(error)),
        };
        let finish = Box::new(move |committed: Result<(), StoreError>| {
            for (answer, outcome) in answers.into_iter().zip(outcomes) {
                // Whoever asked may be gone.
                let _ = answer.send(match &committed {
                    Ok(()) => outcome,
                    Err(error) => Err(again(error)),
                });
            }
        });
        Ran { finish, ended }
    }

    fn refuse(self: Box<Self>, why: StoreError) {
        for answer in self.answers {
            let _ = answer.send(Err(again(&why)));
        }
    }
}

/// What becomes of each append.
///
/// # Errors
/// Why the transaction ended.
async fn run(connection: &mut Connection, frame: Frame, appends: &[Append]) -> Result<Vec<Result<Appended, StoreError>>, StoreError> {
    match attempt(connection, frame, appends).await? {
        Ok(outcomes) => Ok(outcomes),
        Err(error) if appends.len() == 1 => Ok(vec![Err(error)]),
        // What is damaged is one conversation's: the others go on.
        Err(_) => {
            let mut outcomes = Vec::with_capacity(appends.len());
            for append in appends {
                match attempt(connection, Frame::Next, std::slice::from_ref(append)).await? {
                    Ok(outcome) => outcomes.extend(outcome),
                    Err(error) => outcomes.push(Err(error)),
                }
            }
            Ok(outcomes)
        }
    }
}

/// Appends all, or nothing of it.
///
/// # Errors
/// Why the transaction ended.
async fn attempt(
    connection: &mut Connection,
    frame: Frame,
    appends: &[Append],
) -> Result<Result<Vec<Result<Appended, StoreError>>, StoreError>, StoreError> {
    begin(connection, frame, Caller::Relay).await?;
    match append(connection, appends).await {
        Ok(outcomes) => Ok(Ok(outcomes)),
        Err(error) => match sqlx::query("ROLLBACK TO unit").execute(connection).await {
            Ok(_) => Ok(Err(error)),
            // There is no such savepoint: SQLite has ended the transaction.
            Err(_) => Err(error),
        },
    }
}
