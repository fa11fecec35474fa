use async_trait::async_trait;
use bezel_protocol::WorkspaceId;

use super::super::writer::{Frame, Job, Ran};
use super::*;
use crate::store::CheckedStatement;

/// Has SQLite believe that the disk has this many pages.
struct Shrink(u32);

#[async_trait]
impl Job for Shrink {
    async fn run(self: Box<Self>, connection: &mut Connection, frame: Frame) -> Ran {
        let pragma = format!("PRAGMA max_page_count = {}", self.0);
        sqlx::raw_sql(sqlx::AssertSqlSafe(pragma)).execute(&mut *connection).await.unwrap();
        let (answer, _) = oneshot::channel();
        Box::new(UnitJob { caller: Caller::Relay, work: nothing, answer }).run(connection, frame).await
    }

    fn refuse(self: Box<Self>, _: StoreError) {}
}

fn nothing<'u>(_: &'u mut Unit<'_>) -> Work<'u, ()> {
    Box::pin(async { Ok(()) })
}

async fn fill(store: &SqliteStore, statement: u64) -> Result<(), StoreError> {
    let workspace = WorkspaceId::from_bytes([1; 16]);
    let statement = CheckedStatement { sequence: statement, bytes: vec![7; 40_000], kind: "test", subject: None, by: None, at_ms: 0 };
    store.write(Caller::Relay, move |unit| Box::pin(async move { unit.append_statement(workspace, &statement).await })).await
}

/// One commit on a full disk left the writer's connection in a transaction that SQLite had ended: from then on every write and every log-in
/// failed, until the relay was started anew.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_said_and_forgotten_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("relay.db")).await.unwrap();
    store.write(Caller::Relay, |unit| Box::pin(unit.insert_workspace(WorkspaceId::from_bytes([1; 16]), 0))).await.unwrap();
    let mut acknowledged = 0;
    for round in 0..3 {
        assert!(store.writer.send(Order::Run(Box::new(Shrink(1)))).await.is_ok());
        let outcomes = futures_util::future::join_all((0..8).map(|number| fill(&store, round * 100 + number))).await;
        assert!(outcomes.iter().any(|outcome| matches!(outcome, Err(StoreError::NoRoom))), "a full disk is told by its name: {outcomes:?}");
        assert!(!outcomes.iter().any(|outcome| matches!(outcome, Err(StoreError::Closed))), "the relay is not shutting down: {outcomes:?}");
        // The new connection knows nothing of the small disk: there is room again, for those of the eight too that came after the change.
        acknowledged += outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        for number in 10..20 {
            fill(&store, round * 100 + number).await.unwrap();
            acknowledged += 1;
        }
    }
    let kept =
        store.read(Caller::Relay, |unit| Box::pin(unit.statements(WorkspaceId::from_bytes([1; 16]), None, usize::MAX))).await.unwrap();
    assert_eq!(kept.len(), acknowledged, "all that was acknowledged, and nothing else");
    store.close().await;
}

/// A connection for reading that was left in a transaction would hand out old news for as long as it lives.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_left_in_a_transaction_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("relay.db")).await.unwrap();
    let mut all = Vec::new();
    for _ in 0..READERS {
        all.push(store.readers.acquire().await.unwrap());
    }
    for connection in &mut all {
        let transaction = connection.begin_with("BEGIN").await.unwrap();
        // As an error within SQLite leaves it: no transaction there, one in the books.
        std::mem::forget(transaction);
        sqlx::raw_sql("ROLLBACK").execute(&mut **connection).await.unwrap();
    }
    drop(all);
    store.write(Caller::Relay, |unit| Box::pin(unit.insert_workspace(WorkspaceId::from_bytes([1; 16]), 0))).await.unwrap();
    for _ in 0..2 * READERS {
        let seen = store.read(Caller::Relay, |unit| Box::pin(unit.workspaces())).await.unwrap();
        assert_eq!(seen.len(), 1);
    }
    store.close().await;
}
