//! What every engine must do, whatever it is made of.

use std::sync::Arc;

use bezel_protocol::login::Subject;
use bezel_protocol::wire::{Bytes, CommitUpload, MemberRole, NewConversation, WelcomeUpload, WrappedEpochKey};
use bezel_protocol::{ConversationId, DeviceId, Hash, InviteId, MessageId, Role, Suite, UserId, WorkspaceId};
use bezel_relay::audit::link;
use bezel_relay::store::{Caller, SessionRow, Store, StoreError};

const WORKSPACE: WorkspaceId = WorkspaceId::from_bytes([1; 16]);
const CONVERSATION: ConversationId = ConversationId::from_bytes([9; 16]);

const fn user(number: u8) -> UserId {
    UserId::from_bytes([number; 16])
}

const fn device(number: u8) -> DeviceId {
    DeviceId::from_bytes([number; 16])
}

/// User and device of one number.
const fn caller(number: u8) -> Caller {
    Caller::Device { workspace: WORKSPACE, user: user(number), device: device(number) }
}

const INVITE: Caller = Caller::Invite { workspace: WORKSPACE, invite: InviteId::from_bytes([7; 16]) };

const fn message(number: u8) -> MessageId {
    MessageId::from_bytes([number; 16])
}

/// A workspace, and a conversation of caller 1.
async fn begin(store: &impl Store) {
    store.write(Caller::Relay, |unit| Box::pin(unit.insert_workspace(WORKSPACE, 1))).await.unwrap();
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
async fn commit(store: &impl Store, epoch: u64, members: &'static [(u8, Role)]) {
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
                unit.apply_commit(&conversation, &upload, &before, &devices, 2).await
            })
        })
        .await
        .unwrap();
}

pub(crate) async fn what_is_written_is_read(store: impl Store) {
    begin(&store).await;
    commit(&store, 0, &[(1, Role::Owner), (2, Role::ReadOnly)]).await;
    let seen = store.read(caller(2), |unit| Box::pin(unit.conversation(CONVERSATION))).await.unwrap().unwrap();
    assert_eq!((seen.epoch, seen.last_sequence, seen.role, seen.suite), (1, 0, Role::ReadOnly, Suite::P384Aes256));
    let commits = store.read(caller(2), |unit| Box::pin(unit.commits(CONVERSATION, 0, 10))).await.unwrap();
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

pub(crate) async fn a_conversation_exists_only_for_those_who_are_in_it(store: impl Store) {
    begin(&store).await;
    for stranger in [caller(2), Caller::Device { workspace: WORKSPACE, user: user(2), device: device(3) }] {
        assert!(store.read(stranger, |unit| Box::pin(unit.conversation(CONVERSATION))).await.unwrap().is_none());
        assert!(store.read(stranger, |unit| Box::pin(unit.conversation_of_member(CONVERSATION))).await.unwrap().is_none());
        assert!(store.read(stranger, |unit| Box::pin(unit.heads())).await.unwrap().is_empty());
    }
    let other_device = Caller::Device { workspace: WORKSPACE, user: user(1), device: device(4) };
    assert!(store.read(other_device, |unit| Box::pin(unit.conversation(CONVERSATION))).await.unwrap().is_none());
    assert!(
        store.read(other_device, |unit| Box::pin(unit.conversation_of_member(CONVERSATION))).await.unwrap().is_some(),
        "it may come back"
    );
}

pub(crate) async fn places_are_gapless_and_kept_by_message_id(store: impl Store) {
    begin(&store).await;
    for number in 1..=3 {
        let accepted = store
            .write(caller(1), move |unit| {
                Box::pin(async move { unit.insert_message(CONVERSATION, message(number), 0, &[number], 5).await })
            })
            .await
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

pub(crate) async fn only_the_relay_itself_sees_sessions_statements_and_the_audit_log(store: impl Store) {
    begin(&store).await;
    let token = Hash::of(b"token");
    let session = SessionRow { workspace: WORKSPACE, subject: Subject::Device(device(1)), expires_at_ms: 100 };
    store.write(Caller::Relay, move |unit| Box::pin(unit.insert_session(token, session, 1))).await.unwrap();
    assert_eq!(store.read(Caller::Relay, move |unit| Box::pin(unit.session(token))).await.unwrap(), Some(session));
    for caller in [caller(1), INVITE] {
        let denied = store.read(caller, move |unit| Box::pin(unit.session(token))).await;
        assert!(matches!(denied, Err(StoreError::WrongCaller)));
        let denied = store.read(caller, |unit| Box::pin(unit.audit_entries(0, 10))).await;
        assert!(matches!(denied, Err(StoreError::WrongCaller)));
        let denied = store.write(caller, |unit| Box::pin(unit.append_statement(WORKSPACE, 0, b"forged"))).await;
        assert!(matches!(denied, Err(StoreError::WrongCaller)));
        let denied = store.write(caller, move |unit| Box::pin(unit.insert_session(Hash::of(b"own"), session, 1))).await;
        assert!(matches!(denied, Err(StoreError::WrongCaller)));
    }
    store.write(Caller::Relay, |unit| Box::pin(unit.delete_sessions_of(device(1)))).await.unwrap();
    assert_eq!(store.read(Caller::Relay, move |unit| Box::pin(unit.session(token))).await.unwrap(), None);
}

pub(crate) async fn an_invite_reaches_nothing_of_a_device(store: impl Store) {
    begin(&store).await;
    for caller in [INVITE, Caller::Relay] {
        assert!(matches!(store.read(caller, |unit| Box::pin(unit.conversation(CONVERSATION))).await, Err(StoreError::WrongCaller)));
        assert!(matches!(store.read(caller, |unit| Box::pin(unit.welcomes())).await, Err(StoreError::WrongCaller)));
        assert!(matches!(store.read(caller, |unit| Box::pin(unit.vault())).await, Err(StoreError::WrongCaller)));
        let denied = store.write(caller, |unit| Box::pin(unit.claim_key_package(device(1), Suite::P384Aes256))).await;
        assert!(matches!(denied, Err(StoreError::WrongCaller)));
    }
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

pub(crate) async fn backups_belong_to_their_user(store: impl Store) {
    begin(&store).await;
    let put = |number: u8, wrapped: u8| {
        let keys = [WrappedEpochKey { conversation: CONVERSATION, epoch: 0, wrapped: Bytes(vec![wrapped]) }];
        store.write(caller(number), move |unit| {
            Box::pin(async move {
                unit.put_epoch_keys(&keys).await?;
                unit.put_vault(&[wrapped]).await
            })
        })
    };
    put(1, 1).await.unwrap();
    put(2, 2).await.unwrap();
    put(1, 3).await.unwrap();
    let keys = store.read(caller(1), |unit| Box::pin(unit.epoch_keys())).await.unwrap();
    assert_eq!(keys.iter().map(|key| key.wrapped.0.clone()).collect::<Vec<_>>(), [vec![1]], "the first stays");
    assert_eq!(store.read(caller(1), |unit| Box::pin(unit.vault())).await.unwrap(), Some(vec![3]), "the newest vault stays");
    assert_eq!(store.read(caller(2), |unit| Box::pin(unit.vault())).await.unwrap(), Some(vec![2]));
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
