//! What every engine must do, whatever it is made of.

use std::sync::Arc;

use bezel_protocol::audit::{TreeBuilder, subtrees};
use bezel_protocol::envelope::{EnvelopeHeader, RosterHead};
use bezel_protocol::log::{EntryKind, Place};
use bezel_protocol::roster::Status;
use bezel_protocol::wire::{Bytes, NewKeyPackage, StoredCommit, WelcomeUpload};
use bezel_protocol::{Algorithm, ConversationId, DeviceId, Hash, InviteId, MessageId, Role, Suite, UserId, WorkspaceId};
use bezel_relay::audit::link;
use bezel_relay::store::{
    Appended, Caller, Committed, JudgedCommit, KeyPackageStock, Membership, NewEnvelope, NewEnvelopes, NewGroup, Store, StoreError,
};

pub(crate) const WORKSPACE: WorkspaceId = WorkspaceId::from_bytes([1; 16]);
pub(crate) const CONVERSATION: ConversationId = ConversationId::from_bytes([9; 16]);

pub(crate) const fn user(number: u8) -> UserId {
    UserId::from_bytes([number; 16])
}

pub(crate) const fn device(number: u8) -> DeviceId {
    DeviceId::from_bytes([number; 16])
}

/// User and device of one number.
pub(crate) const fn caller(number: u8) -> Caller {
    Caller::Device { workspace: WORKSPACE, user: user(number), device: device(number) }
}

pub(crate) const INVITE: Caller = Caller::Invite { workspace: WORKSPACE, invite: InviteId::from_bytes([7; 16]) };

pub(crate) const fn message(number: u8) -> MessageId {
    MessageId::from_bytes([number; 16])
}

/// A workspace with callers 1 and 2, user 1 with device 4 as well, and a conversation of caller 1.
pub(crate) async fn begin(store: &impl Store) {
    store
        .write(Caller::Relay, |unit| {
            Box::pin(async move {
                unit.insert_workspace(WORKSPACE, 1).await?;
                for number in [1, 2] {
                    unit.put_user(WORKSPACE, user(number), Role::Member, Status::Active).await?;
                    unit.put_device(device(number), user(number), None).await?;
                }
                unit.put_device(device(4), user(1), None).await
            })
        })
        .await
        .unwrap();
    let new = new_group(CONVERSATION);
    store.write(caller(1), move |unit| Box::pin(async move { unit.insert_conversation(&new, (1, 0)).await })).await.unwrap();
}

/// A conversation that begins. What its bytes say is not the store's to judge.
pub(crate) fn new_group(conversation: ConversationId) -> NewGroup {
    let (begin, group_info) = (Bytes(b"begin".to_vec()), Bytes(b"group info 0".to_vec()));
    NewGroup { conversation, suite: Suite::P384Aes256, begin, group_info, observer: b"observer 0".to_vec() }
}

/// A commit after which exactly these are in; all but the first are welcomed.
pub(crate) fn judged(epoch: u64, members: &[(u8, Role)]) -> JudgedCommit {
    let welcomed = members.iter().skip(1).map(|(number, _)| WelcomeUpload { device: device(*number), welcome: Bytes(vec![2]) });
    JudgedCommit {
        entry: Bytes(vec![u8::try_from(epoch).unwrap()]),
        group_info: Bytes(format!("group info {}", epoch + 1).into_bytes()),
        observer: format!("observer {}", epoch + 1).into_bytes(),
        after: Membership {
            members: members.iter().map(|(number, role)| (user(*number), *role)).collect(),
            devices: members.iter().map(|(number, _)| (device(*number), user(*number))).collect(),
        },
        welcomes: welcomed.collect(),
    }
}

/// Caller 1 commits: after it, exactly these are in. Returns the place.
pub(crate) async fn commit(store: &impl Store, epoch: u64, members: &'static [(u8, Role)]) -> u64 {
    let commit = judged(epoch, members);
    let place = store
        .write(caller(1), move |unit| {
            Box::pin(async move {
                let conversation = unit.conversation(CONVERSATION).await?.unwrap();
                assert_eq!(conversation.epoch, epoch);
                let Committed::At(place) = unit.apply_commit(&conversation, &commit, (2, 0)).await? else { panic!("it follows") };
                Ok(place)
            })
        })
        .await
        .unwrap();
    place.sequence
}

/// Says something; the place that it got.
pub(crate) async fn say(store: &impl Store, by: u8, epoch: u64, number: u8) -> Option<u64> {
    append(store, by, vec![envelope(by, number, epoch, &[number])]).await.accepted.first().map(|accepted| accepted.place.sequence)
}

/// The envelope of a device; its number is its id, and its counter.
pub(crate) fn envelope(by: u8, number: u8, epoch: u64, bytes: &[u8]) -> (EnvelopeHeader, Vec<u8>) {
    (EnvelopeHeader { epoch, message: message(number), ..header(by, u64::from(number)) }, bytes.to_vec())
}

pub(crate) async fn append(store: &impl Store, by: u8, envelopes: Vec<(EnvelopeHeader, Vec<u8>)>) -> Appended {
    store.append(caller(by), new_envelopes(envelopes, (5, 0))).await.unwrap()
}

/// Envelopes for the conversation, with their stamp.
pub(crate) fn new_envelopes(envelopes: Vec<(EnvelopeHeader, Vec<u8>)>, stamp: (i64, u64)) -> NewEnvelopes {
    let envelopes = envelopes.into_iter().map(|(header, bytes)| NewEnvelope::new(header, bytes.into())).collect();
    NewEnvelopes { conversation: CONVERSATION, envelopes, stamp }
}

pub(crate) async fn what_is_written_is_read(store: impl Store) {
    begin(&store).await;
    commit(&store, 0, &[(1, Role::Owner), (2, Role::ReadOnly)]).await;
    let seen = store.read(caller(2), |unit| Box::pin(unit.conversation(CONVERSATION))).await.unwrap().unwrap();
    assert_eq!((seen.epoch, seen.last.sequence, seen.role, seen.suite), (1, 2, Role::ReadOnly, Suite::P384Aes256));
    let commits = store.read(caller(2), |unit| Box::pin(unit.commits(CONVERSATION, (0, 9), 10, 100))).await.unwrap();
    let expected = StoredCommit { epoch: 0, sequence: 2, entry: Bytes(vec![0]), stored_at_ms: 2 };
    assert_eq!(commits, [expected]);
    let group = store.read(caller(2), |unit| Box::pin(unit.group_state(CONVERSATION))).await.unwrap().unwrap();
    assert_eq!((group.epoch, group.suite, group.group_info), (1, Suite::P384Aes256, Bytes(b"group info 1".to_vec())));
    let observer = store.read(caller(2), |unit| Box::pin(unit.observer(CONVERSATION))).await.unwrap();
    assert_eq!(observer, Some(b"observer 1".to_vec()));
    assert_eq!(store.read(caller(2), |unit| Box::pin(unit.log_heads())).await.unwrap().len(), 1);
}

/// A unit of work that keeps a receipt, and may fail behind it.
async fn confirm(store: &impl Store, counter: u64, fails: bool) -> Result<(), StoreError> {
    store
        .write(caller(1), move |unit| {
            Box::pin(async move {
                unit.put_receipt(&header(1, counter), b"receipt", 2).await?;
                if fails { Err(StoreError::Damaged("test")) } else { Ok(()) }
            })
        })
        .await
}

async fn receipts(store: &impl Store) -> usize {
    store.read(caller(1), |unit| Box::pin(unit.receipts(CONVERSATION))).await.unwrap().len()
}

pub(crate) async fn a_refused_unit_of_work_leaves_nothing(store: impl Store) {
    begin(&store).await;
    confirm(&store, 1, true).await.unwrap_err();
    assert_eq!(receipts(&store).await, 0);
    confirm(&store, 1, false).await.unwrap();
    assert_eq!(receipts(&store).await, 1);
}

pub(crate) async fn a_failing_neighbour_in_a_batch_changes_nothing_for_others(store: impl Store) {
    begin(&store).await;
    let works = (0..60_u8).map(|number| {
        let store = &store;
        async move {
            match number % 3 {
                0 => confirm(store, u64::from(number), true).await.is_ok(),
                1 => confirm(store, u64::from(number), false).await.is_ok(),
                _ => say(store, 1, 0, number).await.is_some(),
            }
        }
    });
    // All wait before the writer takes the first.
    let kept = futures_util::future::join_all(works).await;
    assert_eq!(kept.iter().filter(|kept| **kept).count(), 40);
    let messages = store.read(caller(1), |unit| Box::pin(unit.messages(CONVERSATION, (1, 100), 100, 1000))).await.unwrap();
    let sequences: Vec<u64> = messages.iter().rev().map(|message| message.sequence).collect();
    assert_eq!(sequences, (2..=21).collect::<Vec<_>>(), "without a gap");
    assert_eq!(receipts(&store).await, 1);
}

pub(crate) async fn of_two_commits_for_one_epoch_one_finds_it(store: impl Store) {
    begin(&store).await;
    let seen = store.read(caller(1), |unit| Box::pin(unit.conversation(CONVERSATION))).await.unwrap().unwrap();
    commit(&store, 0, &[(1, Role::Owner), (2, Role::Member)]).await;
    let late = judged(0, &[(1, Role::Owner)]);
    let applied = store.write(caller(1), move |unit| Box::pin(async move { unit.apply_commit(&seen, &late, (2, 0)).await }));
    assert_eq!(applied.await.unwrap(), Committed::StaleEpoch);
    assert_eq!(store.read(caller(2), |unit| Box::pin(unit.log_heads())).await.unwrap().len(), 1, "the loser changed nothing");
    assert_eq!(say(&store, 1, 0, 1).await, None, "a message of the ended epoch has no place");
}

pub(crate) async fn who_comes_later_sees_messages_from_there_on(store: impl Store) {
    begin(&store).await;
    assert_eq!(say(&store, 1, 0, 1).await, Some(2));
    assert_eq!(commit(&store, 0, &[(1, Role::Owner), (2, Role::Member)]).await, 3, "the commit has a place too");
    assert_eq!(say(&store, 1, 1, 2).await, Some(4));
    let seen = store.read(caller(2), |unit| Box::pin(unit.messages(CONVERSATION, (0, u64::MAX), 9, 99))).await.unwrap();
    assert_eq!(seen.iter().map(|message| message.sequence).collect::<Vec<_>>(), [4]);
    let spine = store.read(caller(2), |unit| Box::pin(unit.spine(CONVERSATION, 1, 9, 9))).await.unwrap().entries().unwrap();
    let kinds: Vec<EntryKind> = spine.iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds, [EntryKind::Begin, EntryKind::Envelope, EntryKind::Commit, EntryKind::Envelope], "hashes of before are no secret");
    let end = spine.iter().fold(Place::START, |place, entry| place.next(entry));
    assert_eq!(store.read(caller(2), |unit| Box::pin(unit.log_head(CONVERSATION))).await.unwrap(), Some((end, 1)));
}

pub(crate) async fn pages_of_commits_are_bounded_in_bytes(store: impl Store) {
    begin(&store).await;
    for epoch in 0..3 {
        commit(&store, epoch, &[(1, Role::Owner)]).await;
    }
    for (max_bytes, expected) in [(0, 1), (2, 2), (3, 3)] {
        let page = store.read(caller(1), move |unit| Box::pin(unit.commits(CONVERSATION, (0, 9), 10, max_bytes))).await.unwrap();
        assert_eq!(page.len(), expected, "at least one, and no more than {max_bytes} bytes");
    }
}

pub(crate) async fn pages_of_welcomes_are_bounded_in_bytes(store: impl Store) {
    begin(&store).await;
    commit(&store, 0, &[(1, Role::Owner), (2, Role::Member)]).await;
    let other = new_group(ConversationId::from_bytes([10; 16]));
    let id = other.conversation;
    store
        .write(caller(1), move |unit| {
            Box::pin(async move {
                unit.insert_conversation(&other, (1, 0)).await?;
                let seen = unit.conversation(id).await?.unwrap();
                unit.apply_commit(&seen, &judged(0, &[(1, Role::Owner), (2, Role::Member)]), (2, 0)).await
            })
        })
        .await
        .unwrap();
    for (limit, max_bytes, expected) in [(9, 0, 1), (9, 1, 1), (9, 2, 2), (1, 2, 1)] {
        let page = store.read(caller(2), move |unit| Box::pin(unit.welcomes(limit, max_bytes))).await.unwrap();
        assert_eq!(page.len(), expected, "at least one, and no more than {max_bytes} bytes");
    }
}

pub(crate) const fn header(number: u8, counter: u64) -> EnvelopeHeader {
    EnvelopeHeader {
        algorithm: Algorithm::Aes256Gcm,
        conversation: CONVERSATION,
        epoch: 0,
        device: device(number),
        message: message(number),
        counter,
        sent_at_ms: 0,
        previous: Hash::ZERO,
        seen: Place::START,
        roster: RosterHead { sequence: 0, hash: Hash::ZERO },
        epoch_authenticator: Hash::ZERO,
    }
}

pub(crate) async fn only_the_newest_receipt_of_a_device_stays(store: impl Store) {
    begin(&store).await;
    commit(&store, 0, &[(1, Role::Owner), (2, Role::ReadOnly)]).await;
    for (counter, receipt) in [(4, b"old"), (5, b"new"), (4, b"old")] {
        store.write(caller(2), move |unit| Box::pin(async move { unit.put_receipt(&header(2, counter), receipt, 2).await })).await.unwrap();
    }
    let receipts = store.read(caller(1), |unit| Box::pin(unit.receipts(CONVERSATION))).await.unwrap();
    assert_eq!(receipts.iter().map(|receipt| receipt.envelope.0.as_slice()).collect::<Vec<_>>(), [b"new"]);
}

pub(crate) async fn a_commit_replaces_members_and_takes_welcomes_of_those_removed(store: impl Store) {
    begin(&store).await;
    commit(&store, 0, &[(1, Role::Owner), (2, Role::Member)]).await;
    assert_eq!(store.read(caller(2), |unit| Box::pin(unit.count_welcomes())).await.unwrap(), 1);
    commit(&store, 1, &[(1, Role::Owner)]).await;
    assert_eq!(store.read(caller(2), |unit| Box::pin(unit.count_welcomes())).await.unwrap(), 0);
    let after = store.read(caller(1), |unit| Box::pin(unit.membership(CONVERSATION))).await.unwrap();
    assert_eq!((after.members, after.devices), (vec![(user(1), Role::Owner)], vec![(device(1), user(1))]));
    assert!(store.read(caller(2), |unit| Box::pin(unit.conversation(CONVERSATION))).await.unwrap().is_none());
}

pub(crate) async fn a_key_package_goes_to_one_claimer_only(store: impl Store) {
    begin(&store).await;
    let left: Vec<NewKeyPackage> = (0..8).map(|number| NewKeyPackage { key_package: Bytes(vec![number]), not_after_ms: 10 }).collect();
    store.write(caller(1), move |unit| Box::pin(async move { unit.put_key_packages(Suite::P384Aes256, &left, None).await })).await.unwrap();
    let store = Arc::new(store);
    let claims: Vec<_> = (0..12)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                store.write(caller(2), |unit| Box::pin(unit.claim_key_package(device(1), Suite::P384Aes256, 5..=10))).await
            })
        })
        .collect();
    let mut claimed = Vec::new();
    for claim in claims {
        claimed.extend(claim.await.unwrap().unwrap());
    }
    claimed.sort_unstable();
    assert_eq!(claimed, (0..8).map(|number| vec![number]).collect::<Vec<_>>());
    assert_eq!(
        store.read(caller(1), |unit| Box::pin(unit.count_key_packages(Suite::P384Aes256, 5..=10))).await.unwrap(),
        KeyPackageStock::default()
    );
}

pub(crate) async fn the_audit_log_is_a_chain_that_can_not_be_changed(store: impl Store) {
    begin(&store).await;
    for number in 0..3 {
        store.write(caller(1), move |unit| Box::pin(unit.audit("test", Some(number.to_string()), number))).await.unwrap();
    }
    let entries = store.read(Caller::Relay, |unit| Box::pin(unit.audit_entries(0, 10))).await.unwrap();
    let mut head = Hash::ZERO;
    for (expected, entry) in (1..).zip(&entries) {
        head = link(head, &entry.entry);
        assert_eq!((entry.sequence, entry.hash), (expected, head));
    }
    assert_eq!(store.read(Caller::Relay, |unit| Box::pin(unit.audit_head())).await.unwrap(), Some((3, head)));
    let mut built = TreeBuilder::default();
    entries.iter().for_each(|entry| built.push(entry.hash));
    let root = store.read(Caller::Relay, |unit| Box::pin(async move { unit.audit_root(&subtrees(0, 3)).await })).await.unwrap();
    assert_eq!(root, built.head().root, "the tree that is kept is the tree over the entries");
    let missing = store.read(Caller::Relay, |unit| Box::pin(async move { unit.audit_root(&subtrees(0, 4)).await })).await;
    assert!(matches!(missing, Err(StoreError::Damaged(_))));
}
