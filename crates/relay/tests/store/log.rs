//! How a log begins, who sees how much of it, and with which roster its entries are stamped.

use bezel_protocol::log::{EntryKind, Place, SpineEntry};
use bezel_protocol::{ConversationId, Hash, Role};
use bezel_relay::store::{Caller, Committed, JudgedCommit, Store};

use crate::conformance::{CONVERSATION, begin, caller, commit, device, envelope, judged, new_envelopes, new_group, say, user};

const BOTH: &[(u8, Role)] = &[(1, Role::Owner), (2, Role::Member)];
const ALONE: &[(u8, Role)] = &[(1, Role::Owner)];

/// What a device sees of the log: the places of its spine and of its commits, its end and the epoch there, and whether of its beginning.
#[derive(Debug, PartialEq, Eq)]
struct Sees {
    spine: u64,
    commits: Vec<u64>,
    head: Option<(u64, u64)>,
    begins: bool,
}

async fn sees(store: &impl Store, by: Caller) -> Sees {
    store
        .read(by, |unit| {
            Box::pin(async move {
                let spine = unit.spine(CONVERSATION, 1, 99, 99).await?.entries().unwrap();
                assert_eq!(unit.log_reach(CONVERSATION).await?.unwrap_or(0), spine.len() as u64);
                let commits = unit.commits(CONVERSATION, (0, 99), 99, 99).await?;
                let head = unit.log_head(CONVERSATION).await?;
                let chained = spine.iter().fold(Place::START, |place, entry| place.next(entry));
                assert!(head.is_none_or(|(place, _)| place.sequence < chained.sequence || place == chained));
                Ok(Sees {
                    spine: spine.len() as u64,
                    commits: commits.iter().map(|commit| commit.sequence).collect(),
                    head: head.map(|(place, epoch)| (place.sequence, epoch)),
                    begins: unit.begin_entry(CONVERSATION).await?.is_some(),
                })
            })
        })
        .await
        .unwrap()
}

pub(crate) async fn entry_1_is_the_beginning(store: impl Store) {
    begin(&store).await;
    let new = new_group(ConversationId::from_bytes([10; 16]));
    let (id, bytes) = (new.conversation, new.begin.clone());
    let place = store.write(caller(2), move |unit| Box::pin(async move { unit.insert_conversation(&new, (7, 3)).await })).await.unwrap();
    let entry = SpineEntry { kind: EntryKind::Begin, stored_at_ms: 7, roster: 3, sha256: Hash::of(bytes.as_ref()) };
    assert_eq!(place, Place::START.next(&entry));
    store
        .read(caller(2), move |unit| {
            Box::pin(async move {
                assert_eq!(unit.spine(id, 1, 9, 9).await?.entries(), Some(vec![entry]));
                assert_eq!(unit.hash_at(id, 1).await?, Some(place.hash));
                assert_eq!(unit.begin_entry(id).await?, Some(bytes));
                let there = unit.conversation(id).await?.unwrap();
                assert_eq!((there.epoch, there.last, there.last_roster, there.role), (0, place, 3, Role::Owner));
                Ok(())
            })
        })
        .await
        .unwrap();
}

pub(crate) async fn a_removed_device_sees_the_log_up_to_its_removal_and_nothing_after(store: impl Store) {
    begin(&store).await;
    commit(&store, 0, BOTH).await;
    assert_eq!(say(&store, 1, 1, 1).await, Some(3));
    assert_eq!(commit(&store, 1, ALONE).await, 4);
    let at_removal = Sees { spine: 4, commits: vec![2, 4], head: Some((4, 2)), begins: true };
    assert_eq!(sees(&store, caller(2)).await, at_removal);
    assert_eq!(say(&store, 1, 2, 2).await, Some(5));
    commit(&store, 2, ALONE).await;
    assert_eq!(sees(&store, caller(2)).await, at_removal, "what comes later is not theirs to see");
    assert_eq!(sees(&store, caller(1)).await, Sees { spine: 6, commits: vec![2, 4, 6], head: Some((6, 3)), begins: true });
    store
        .read(caller(2), |unit| {
            Box::pin(async move {
                assert!(unit.conversation_of_member(CONVERSATION).await?.is_none());
                assert!(unit.group_state(CONVERSATION).await?.is_none());
                assert!(unit.observer(CONVERSATION).await?.is_none());
                assert!(unit.messages(CONVERSATION, (0, 9), 9, 99).await?.is_empty());
                assert!(unit.log_heads().await?.is_empty());
                assert_eq!(unit.hash_at(CONVERSATION, 1).await?, None);
                Ok(())
            })
        })
        .await
        .unwrap();
}

pub(crate) async fn a_device_that_comes_back_sees_all(store: impl Store) {
    begin(&store).await;
    commit(&store, 0, BOTH).await;
    commit(&store, 1, ALONE).await;
    commit(&store, 2, ALONE).await;
    commit(&store, 3, BOTH).await;
    let all = Sees { spine: 5, commits: vec![2, 3, 4, 5], head: Some((5, 4)), begins: true };
    assert_eq!(sees(&store, caller(2)).await, all);
    commit(&store, 4, ALONE).await;
    commit(&store, 5, ALONE).await;
    let to_the_second_removal = Sees { spine: 6, commits: vec![2, 3, 4, 5, 6], head: Some((6, 5)), begins: true };
    assert_eq!(sees(&store, caller(2)).await, to_the_second_removal);
}

/// Device 4 is user 1's as well: it may come in, or back, by itself, so it sees the whole log.
pub(crate) async fn a_device_whose_user_stays_sees_the_log_to_its_end(store: impl Store) {
    begin(&store).await;
    let second = Caller::Device { workspace: crate::conformance::WORKSPACE, user: user(1), device: device(4) };
    assert_eq!(
        sees(&store, second).await,
        Sees { spine: 1, commits: vec![], head: Some((1, 0)), begins: true },
        "never in, and its user is"
    );
    let mut with_both = judged(0, ALONE);
    with_both.after.devices.push((device(4), user(1)));
    apply(&store, with_both, (2, 0)).await;
    commit(&store, 1, ALONE).await;
    commit(&store, 2, ALONE).await;
    assert_eq!(sees(&store, second).await, Sees { spine: 4, commits: vec![2, 3, 4], head: Some((4, 3)), begins: true });
}

/// Caller 1 commits.
async fn apply(store: &impl Store, commit: JudgedCommit, stamp: (i64, u64)) -> Committed {
    store
        .write(caller(1), move |unit| {
            Box::pin(async move {
                let conversation = unit.conversation(CONVERSATION).await?.unwrap();
                unit.apply_commit(&conversation, &commit, stamp).await
            })
        })
        .await
        .unwrap()
}

/// A stamp never falls: by it all readers judge who was shut out.
pub(crate) async fn a_commit_is_not_stamped_with_an_older_roster_than_the_entry_before_it(store: impl Store) {
    begin(&store).await;
    let said = store.append(caller(1), new_envelopes(vec![envelope(1, 1, 0, b"envelope")], (5, 3)));
    assert_eq!(said.await.unwrap().accepted[0].roster, 3);
    let before = sees(&store, caller(1)).await;
    assert_eq!(apply(&store, judged(0, BOTH), (6, 2)).await, Committed::StaleRoster(3));
    assert_eq!(sees(&store, caller(1)).await, before);
    assert_eq!(sees(&store, caller(2)).await, Sees { spine: 0, commits: vec![], head: None, begins: false }, "nobody came in");
    assert!(matches!(apply(&store, judged(0, BOTH), (6, 3)).await, Committed::At(Place { sequence: 3, .. })));
    assert!(matches!(apply(&store, judged(1, BOTH), (6, 4)).await, Committed::At(_)));
    let stamps = store.read(caller(1), |unit| Box::pin(unit.spine(CONVERSATION, 1, 9, 9))).await.unwrap().entries().unwrap();
    assert_eq!(stamps.iter().map(|entry| entry.roster).collect::<Vec<_>>(), [0, 3, 3, 4]);
}

pub(crate) async fn commits_are_counted_by_device_and_from_a_time_on(store: impl Store) {
    begin(&store).await;
    for (epoch, at_ms) in [(0, 10), (1, 20), (2, 30)] {
        assert!(matches!(apply(&store, judged(epoch, BOTH), (at_ms, 0)).await, Committed::At(_)));
    }
    for (from_ms, expected) in [(0, 3), (20, 2), (30, 1), (31, 0)] {
        let counted = store.read(caller(1), move |unit| Box::pin(unit.count_commits(CONVERSATION, from_ms))).await.unwrap();
        assert_eq!(counted, expected, "from {from_ms} on");
    }
    assert_eq!(
        store.read(caller(2), |unit| Box::pin(unit.count_commits(CONVERSATION, 0))).await.unwrap(),
        0,
        "another's are not one's own"
    );
    assert_eq!(store.read(caller(1), |unit| Box::pin(unit.count_commits(ConversationId::from_bytes([1; 16]), 0))).await.unwrap(), 0);
}
