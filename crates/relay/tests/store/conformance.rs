//! What every engine must do, whatever it is made of.

use std::sync::Arc;

use bezel_protocol::envelope::{EnvelopeHeader, RosterHead};
use bezel_protocol::roster::Status;
use bezel_protocol::wire::{Bytes, CommitUpload, MemberRole, NewConversation, WelcomeUpload};
use bezel_protocol::{Algorithm, ConversationId, DeviceId, Hash, InviteId, MessageId, Role, Suite, UserId, WorkspaceId};
use bezel_relay::audit::link;
use bezel_relay::store::{Caller, Membership, Store, StoreError};

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
    let new = NewConversation {
        conversation: CONVERSATION,
        suite: Suite::P384Aes256,
        group_info: Bytes(vec![0]),
        ratchet_tree: Bytes(vec![0]),
        members: vec![MemberRole { user: user(1), role: Role::Owner }],
        devices: vec![device(1)],
    };
    store.write(caller(1), move |unit| Box::pin(async move { unit.insert_conversation(&new, 1).await })).await.unwrap();
}

/// Caller 1 commits: after it, exactly these are in.
pub(crate) async fn commit(store: &impl Store, epoch: u64, members: &'static [(u8, Role)]) {
    let upload = CommitUpload {
        epoch,
        commit: Bytes(vec![1]),
        group_info: Bytes(vec![1]),
        ratchet_tree: Bytes(vec![1]),
        welcomes: members.iter().skip(1).map(|(number, _)| WelcomeUpload { device: device(*number), welcome: Bytes(vec![2]) }).collect(),
        members: members.iter().map(|(number, role)| MemberRole { user: user(*number), role: *role }).collect(),
        devices: members.iter().map(|(number, _)| device(*number)).collect(),
    };
    store
        .write(caller(1), move |unit| {
            Box::pin(async move {
                let conversation = unit.conversation(CONVERSATION).await?.unwrap();
                let before = unit.membership(CONVERSATION).await?;
                let devices: Vec<_> = members.iter().map(|(number, _)| (device(*number), user(*number))).collect();
                assert!(unit.apply_commit(&conversation, &upload, &before, &devices, 2).await?);
                Ok(())
            })
        })
        .await
        .unwrap();
}

/// Says something; the place that it got.
pub(crate) async fn say(store: &impl Store, by: u8, epoch: u64, number: u8) -> Option<u64> {
    let accepted = store
        .write(caller(by), move |unit| {
            Box::pin(async move { unit.insert_message(CONVERSATION, message(number), epoch, &[number], 5).await })
        })
        .await
        .unwrap();
    accepted.map(|accepted| accepted.sequence)
}

pub(crate) async fn what_is_written_is_read(store: impl Store) {
    begin(&store).await;
    commit(&store, 0, &[(1, Role::Owner), (2, Role::ReadOnly)]).await;
    let seen = store.read(caller(2), |unit| Box::pin(unit.conversation(CONVERSATION))).await.unwrap().unwrap();
    assert_eq!((seen.epoch, seen.last_sequence, seen.role, seen.suite), (1, 0, Role::ReadOnly, Suite::P384Aes256));
    let commits = store.read(caller(2), |unit| Box::pin(unit.commits(CONVERSATION, 0, 10, 100))).await.unwrap();
    assert_eq!((commits.len(), commits.first().map(|commit| commit.device)), (1, Some(device(1))));
    let group = store.read(caller(2), |unit| Box::pin(unit.group_state(CONVERSATION))).await.unwrap().unwrap();
    assert_eq!((group.epoch, group.ratchet_tree), (1, Bytes(vec![1])));
    assert_eq!(store.read(caller(2), |unit| Box::pin(unit.heads())).await.unwrap().len(), 1);
}

pub(crate) async fn a_refused_unit_of_work_leaves_nothing(store: impl Store) {
    begin(&store).await;
    let failed: Result<(), StoreError> = store
        .write(caller(1), |unit| {
            Box::pin(async move {
                unit.insert_message(CONVERSATION, message(1), 0, b"envelope", 1).await?;
                Err(StoreError::Damaged("test"))
            })
        })
        .await;
    assert!(failed.is_err());
    let seen = store.read(caller(1), |unit| Box::pin(unit.conversation(CONVERSATION))).await.unwrap().unwrap();
    assert_eq!(seen.last_sequence, 0);
    assert!(store.read(caller(1), |unit| Box::pin(unit.message(CONVERSATION, message(1)))).await.unwrap().is_none());
}

pub(crate) async fn a_failing_neighbour_in_a_batch_changes_nothing_for_others(store: impl Store) {
    begin(&store).await;
    let store = Arc::new(store);
    let works: Vec<_> = (0..60_u8)
        .map(|number| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                store
                    .write(caller(1), move |unit| {
                        Box::pin(async move {
                            unit.insert_message(CONVERSATION, message(number), 0, b"envelope", 1).await?;
                            if number % 3 == 0 { Err(StoreError::Damaged("test")) } else { Ok(()) }
                        })
                    })
                    .await
                    .is_ok()
            })
        })
        .collect();
    let mut kept = 0;
    for work in works {
        kept += u64::from(work.await.unwrap());
    }
    assert_eq!(kept, 40);
    let messages = store.read(caller(1), |unit| Box::pin(unit.messages(CONVERSATION, 1, 100, 100))).await.unwrap();
    let sequences: Vec<u64> = messages.iter().rev().map(|message| message.sequence).collect();
    assert_eq!(sequences, (1..=40).collect::<Vec<_>>(), "what was taken back leaves no gap");
}

pub(crate) async fn of_two_commits_for_one_epoch_one_finds_it(store: impl Store) {
    begin(&store).await;
    let seen = store.read(caller(1), |unit| Box::pin(unit.conversation(CONVERSATION))).await.unwrap().unwrap();
    commit(&store, 0, &[(1, Role::Owner), (2, Role::Member)]).await;
    let late = CommitUpload {
        epoch: 0,
        commit: Bytes(vec![6]),
        group_info: Bytes(vec![6]),
        ratchet_tree: Bytes(vec![6]),
        welcomes: Vec::new(),
        members: vec![MemberRole { user: user(1), role: Role::Owner }],
        devices: vec![device(1)],
    };
    let applied = store.write(caller(1), move |unit| {
        Box::pin(async move { unit.apply_commit(&seen, &late, &Membership::default(), &[(device(1), user(1))], 2).await })
    });
    assert!(!applied.await.unwrap());
    assert_eq!(store.read(caller(2), |unit| Box::pin(unit.heads())).await.unwrap().len(), 1, "the loser changed nothing");
    assert_eq!(say(&store, 1, 0, 1).await, None, "a message of the ended epoch has no place");
}

pub(crate) async fn who_comes_later_sees_messages_from_there_on(store: impl Store) {
    begin(&store).await;
    assert_eq!(say(&store, 1, 0, 1).await, Some(1));
    commit(&store, 0, &[(1, Role::Owner), (2, Role::Member)]).await;
    assert_eq!(say(&store, 1, 1, 2).await, Some(2));
    let seen = store.read(caller(2), |unit| Box::pin(unit.messages(CONVERSATION, 0, u64::MAX, 9))).await.unwrap();
    assert_eq!(seen.iter().map(|message| message.sequence).collect::<Vec<_>>(), [2]);
}

pub(crate) async fn pages_of_commits_are_bounded_in_bytes(store: impl Store) {
    begin(&store).await;
    for epoch in 0..3 {
        commit(&store, epoch, &[(1, Role::Owner)]).await;
    }
    for (max_bytes, expected) in [(0, 1), (2, 2), (3, 3)] {
        let page = store.read(caller(1), move |unit| Box::pin(unit.commits(CONVERSATION, 0, 10, max_bytes))).await.unwrap();
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

pub(crate) async fn places_are_gapless_and_kept_by_message_id(store: impl Store) {
    begin(&store).await;
    for number in 1..=3 {
        let accepted = store
            .write(caller(1), move |unit| {
                Box::pin(async move { unit.insert_message(CONVERSATION, message(number), 0, &[number], 5).await })
            })
            .await
            .unwrap()
            .unwrap();
        assert_eq!((accepted.sequence, accepted.sha256), (u64::from(number), Hash::of(&[number])));
    }
    let (sender, accepted) = store.read(caller(1), |unit| Box::pin(unit.message(CONVERSATION, message(2)))).await.unwrap().unwrap();
    assert_eq!((sender, accepted.sequence, accepted.stored_at_ms), (device(1), 2, 5));
    let twice =
        store.write(caller(1), |unit| Box::pin(async move { unit.insert_message(CONVERSATION, message(2), 0, b"other", 6).await })).await;
    assert!(twice.is_err(), "one place a message, even if the caller did not look");
    let page = store.read(caller(1), |unit| Box::pin(unit.messages(CONVERSATION, 1, 9, 2))).await.unwrap();
    assert_eq!(page.iter().map(|message| message.sequence).collect::<Vec<_>>(), [3, 2]);
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
    let left: Vec<Vec<u8>> = (0..8).map(|number| vec![number]).collect();
    store.write(caller(1), move |unit| Box::pin(async move { unit.put_key_packages(Suite::P384Aes256, &left, None).await })).await.unwrap();
    let store = Arc::new(store);
    let claims: Vec<_> = (0..12)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.write(caller(2), |unit| Box::pin(unit.claim_key_package(device(1), Suite::P384Aes256))).await })
        })
        .collect();
    let mut claimed = Vec::new();
    for claim in claims {
        claimed.extend(claim.await.unwrap().unwrap());
    }
    claimed.sort_unstable();
    assert_eq!(claimed, (0..8).map(|number| vec![number]).collect::<Vec<_>>());
    assert_eq!(store.read(caller(1), |unit| Box::pin(unit.count_key_packages(Suite::P384Aes256))).await.unwrap(), (0, 0));
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
}
