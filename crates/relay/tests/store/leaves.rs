//! A leave begins no epoch: what was judged before it knows nothing of it, and may not undo it.

use bezel_protocol::Role;
use bezel_protocol::wire::Bytes;
use bezel_relay::store::{Committed, Conversation, Store};

use crate::conformance::{CONVERSATION, begin, caller, commit, judged};

const BOTH: &[(u8, Role)] = &[(1, Role::Owner), (2, Role::Owner)];

async fn looked(store: &impl Store) -> Conversation {
    store.read(caller(1), |unit| Box::pin(unit.conversation(CONVERSATION))).await.unwrap().unwrap()
}

async fn leaves(store: &impl Store, by: u8, seen: Conversation) -> Committed {
    let entry = Bytes(vec![by]);
    let left =
        store.write(caller(by), move |unit| Box::pin(async move { unit.apply_leave(&seen, &entry, b"observer without", (3, 0)).await }));
    left.await.unwrap()
}

async fn commits(store: &impl Store, seen: Conversation) -> Committed {
    let change = judged(seen.epoch, BOTH);
    store.write(caller(1), move |unit| Box::pin(async move { unit.apply_commit(&seen, &change, (4, 0)).await })).await.unwrap()
}

async fn is_member(store: &impl Store, number: u8) -> bool {
    store.read(caller(number), |unit| Box::pin(unit.conversation_of_member(CONVERSATION))).await.unwrap().is_some()
}

/// A commit that was judged while somebody left brought them back on the relay alone, and the next of theirs stopped everybody else.
pub(crate) async fn a_commit_that_was_judged_before_somebody_left_brings_nobody_back(store: impl Store) {
    begin(&store).await;
    commit(&store, 0, BOTH).await;
    let before = looked(&store).await;
    assert!(matches!(leaves(&store, 2, before).await, Committed::At(_)));
    assert_eq!(commits(&store, before).await, Committed::Overtaken);
    assert!(!is_member(&store, 2).await, "who left is out");
    let after = looked(&store).await;
    assert_eq!((after.epoch, after.last.sequence), (before.epoch, before.last.sequence + 1), "the leave and nothing else");
    assert!(matches!(commits(&store, after).await, Committed::At(_)), "judged again it follows");
}

/// Two owners who leave at once: each was judged beside the other.
pub(crate) async fn of_two_leaves_that_were_judged_together_one_is_judged_again(store: impl Store) {
    begin(&store).await;
    commit(&store, 0, BOTH).await;
    let before = looked(&store).await;
    assert!(matches!(leaves(&store, 2, before).await, Committed::At(_)));
    assert_eq!(leaves(&store, 1, before).await, Committed::Overtaken);
    assert!(is_member(&store, 1).await);
}
