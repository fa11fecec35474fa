//! How many messages a second get on disk, one place after the other: the relay's writer (many units of work in one commit) and, as its
//! peer, one transaction an append on a connection of the same settings.

#![expect(clippy::expect_used, reason = "a benchmark that can not run should stop")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use bezel_protocol::roster::Status;
use bezel_protocol::wire::NewConversation;
use bezel_protocol::{ConversationId, DeviceId, MessageId, Role, Suite, UserId, WorkspaceId};
use bezel_relay::store::{Caller, SqliteStore, Store as _};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tokio::runtime::Runtime;

const ENVELOPE_BYTES: usize = 700;

const WORKSPACE: WorkspaceId = WorkspaceId::from_bytes([1; 16]);
const CONVERSATION: ConversationId = ConversationId::from_bytes([2; 16]);
const CALLER: Caller = Caller::Device { workspace: WORKSPACE, user: UserId::from_bytes([3; 16]), device: DeviceId::from_bytes([4; 16]) };

async fn open(folder: &std::path::Path) -> SqliteStore {
    let store = SqliteStore::open(&folder.join("relay.db")).await.expect("a database");
    store
        .write(Caller::Relay, |unit| {
            Box::pin(async move {
                unit.insert_workspace(WORKSPACE, 0).await?;
                unit.put_user(WORKSPACE, UserId::from_bytes([3; 16]), Role::Member, Status::Active).await?;
                unit.put_device(DeviceId::from_bytes([4; 16]), UserId::from_bytes([3; 16]), None).await
            })
        })
        .await
        .expect("a workspace");
    let new = NewConversation {
        conversation: CONVERSATION,
        suite: Suite::P384Aes256,
        group_info: vec![0; 500].into(),
        ratchet_tree: vec![0; 2000].into(),
        members: vec![bezel_protocol::wire::MemberRole { user: UserId::from_bytes([3; 16]), role: Role::Owner }],
        devices: vec![DeviceId::from_bytes([4; 16])],
    };
    store.write(CALLER, move |unit| Box::pin(async move { unit.insert_conversation(&new, 0).await })).await.expect("a conversation");
    store
}

fn random() -> [u8; 10] {
    let mut bytes = [0; 10];
    getrandom::fill(&mut bytes).expect("randomness");
    bytes
}

async fn append(store: &SqliteStore) {
    let (message, envelope) = (MessageId::new(0, random()), vec![7; ENVELOPE_BYTES]);
    store
        .write(CALLER, move |unit| Box::pin(async move { unit.insert_message(CONVERSATION, message, 0, &envelope, 0).await }))
        .await
        .expect("a working store")
        .expect("a place");
}

/// `appends` messages by `writers` at once.
async fn appends(store: Arc<SqliteStore>, writers: u64, appends: u64, one_at_a_time: Option<Arc<tokio::sync::Mutex<()>>>) -> Duration {
    #[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
    let start = Instant::now();
    let tasks: Vec<_> = (0..writers)
        .map(|writer| {
            let (store, turn) = (Arc::clone(&store), one_at_a_time.clone());
            tokio::spawn(async move {
                for _ in (writer..appends).step_by(usize::try_from(writers).unwrap_or(1)) {
                    // The peer: whoever waits for its own commit alone shares it with nobody.
                    let _turn = match &turn {
                        Some(turn) => Some(turn.lock().await),
                        None => None,
                    };
                    append(&store).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("a writer");
    }
    start.elapsed()
}

fn bench(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let store = Arc::new(runtime.block_on(open(folder.path())));
    let mut group = criterion.benchmark_group("append");
    group.throughput(Throughput::Elements(1)).sample_size(10).measurement_time(Duration::from_secs(3));
    for writers in [1, 32] {
        for (name, turn) in [("group commit", None), ("one transaction each", Some(Arc::default()))] {
            group.bench_function(format!("{name}/{writers} writers"), |bencher| {
                bencher.iter_custom(|count| runtime.block_on(appends(Arc::clone(&store), writers, count, turn.clone())));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
