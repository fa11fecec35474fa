//! How many messages a second get on disk, one place after the other: the relay's writer (many units of work in one commit), by requests of
//! one and of 64 envelopes, and, as its peer, one transaction an append on a connection of the same settings. And how many a whole relay
//! takes over HTTP, of clients in the same process.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a benchmark that can not run should stop")]

#[expect(dead_code, unused_imports, reason = "the tests need more of it")]
#[path = "../tests/it/support/mod.rs"]
mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bezel_protocol::envelope::{EnvelopeHeader, RosterHead};
use bezel_protocol::log::Place;
use bezel_protocol::roster::Status;
use bezel_protocol::{Algorithm, ConversationId, DeviceId, Hash, MessageId, Role, Suite, UserId, WorkspaceId};
use bezel_relay::store::{AppendEnd, Caller, NewEnvelope, NewEnvelopes, NewGroup, SqliteStore, Store as _};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use futures_util::{StreamExt as _, stream};
use tokio::runtime::Runtime;

use support::Shop;

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
    let new = NewGroup {
        conversation: CONVERSATION,
        suite: Suite::P384Aes256,
        begin: vec![0; 3000].into(),
        group_info: vec![0; 500].into(),
        observer: vec![0; 2000],
    };
    store.write(CALLER, move |unit| Box::pin(async move { unit.insert_conversation(&new, (0, 0)).await })).await.expect("a conversation");
    store
}

fn random() -> [u8; 10] {
    let mut bytes = [0; 10];
    getrandom::fill(&mut bytes).expect("randomness");
    bytes
}

fn header() -> EnvelopeHeader {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    EnvelopeHeader {
        algorithm: Algorithm::Aes256Gcm,
        conversation: CONVERSATION,
        epoch: 0,
        device: DeviceId::from_bytes([4; 16]),
        message: MessageId::new(0, random()),
        counter: COUNTER.fetch_add(1, Ordering::Relaxed),
        sent_at_ms: 0,
        previous: Hash::ZERO,
        seen: Place::START,
        roster: RosterHead { sequence: 0, hash: Hash::ZERO },
        epoch_authenticator: Hash::ZERO,
    }
}

async fn append(store: &SqliteStore, count: usize) {
    let envelopes = (0..count).map(|_| NewEnvelope::new(header(), vec![7; ENVELOPE_BYTES].into())).collect();
    let new = NewEnvelopes { conversation: CONVERSATION, envelopes, stamp: (0, 0) };
    let appended = store.append(CALLER, new).await.expect("a working store");
    assert!(appended.accepted.len() == count && matches!(appended.end, AppendEnd::Whole(..)));
}

/// `appends` requests of `count` messages by `writers` at once.
async fn appends(
    store: Arc<SqliteStore>,
    (writers, count): (u64, usize),
    appends: u64,
    one_at_a_time: Option<Arc<tokio::sync::Mutex<()>>>,
) -> Duration {
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
                    append(&store, count).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("a writer");
    }
    start.elapsed()
}

/// The same by clients of a relay; what they send was sealed before.
async fn over_http(shop: &Shop, conversation: ConversationId, requests: u64) -> Duration {
    let message = |_| shop.ana.envelope(&shop.ana.header(conversation, 0));
    let messages: Vec<_> = (0..requests).map(message).collect();
    #[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
    let start = Instant::now();
    let sent = stream::iter(messages).for_each_concurrent(32, async |message| {
        assert_eq!(shop.ana.send(conversation, &message).await.status, 200);
    });
    sent.await;
    start.elapsed()
}

fn bench(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let store = Arc::new(runtime.block_on(open(folder.path())));
    let mut group = criterion.benchmark_group("append");
    group.sample_size(10).measurement_time(Duration::from_secs(3));
    for (writers, count) in [(1, 1), (8, 1), (32, 1), (1, 64)] {
        group.throughput(Throughput::Elements(count as u64));
        for (name, turn) in [("group commit", None), ("one transaction each", Some(Arc::default()))] {
            group.bench_function(format!("{name}/{writers} writers, {count} a request"), |bencher| {
                bencher.iter_custom(|requests| runtime.block_on(appends(Arc::clone(&store), (writers, count), requests, turn.clone())));
            });
        }
    }
    group.throughput(Throughput::Elements(1));
    let shop = runtime.block_on(Shop::open());
    let conversation = runtime.block_on(shop.ana.begin());
    group.bench_function("over HTTP/32 clients, 1 a request", |bencher| {
        bencher.iter_custom(|requests| runtime.block_on(over_http(&shop, conversation, requests)));
    });
    group.finish();
    // It closes its relay on this runtime.
    let _entered = runtime.enter();
    drop(shop);
}

criterion_group!(benches, bench);
criterion_main!(benches);
