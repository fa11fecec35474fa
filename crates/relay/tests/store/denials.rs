//! What every engine must deny: whatever the code above it asks for, what is not the caller's does not exist.

use bezel_protocol::login::Subject;
use bezel_protocol::roster::Status;
use bezel_protocol::wire::{Bytes, NewKeyPackage, StoredVault, WrappedEpochKey};
use bezel_protocol::{Hash, Role, Suite, WorkspaceId};
use bezel_relay::store::{Caller, CheckedStatement, Committed, Membership, SessionRow, Store, StoreError};

use crate::conformance::{CONVERSATION, INVITE, WORKSPACE, begin, caller, device, header, judged, say, user};

fn vault(version: u64, vault: &[u8]) -> StoredVault {
    StoredVault { version, vault: Bytes(vault.to_vec()), device: device(1), signature: Bytes(vec![1]) }
}

fn statement(bytes: &[u8]) -> CheckedStatement {
    CheckedStatement { sequence: 0, bytes: bytes.to_vec(), kind: "genesis", subject: None, by: None, at_ms: 1 }
}

pub(crate) async fn a_conversation_exists_only_for_those_who_are_in_it(store: impl Store) {
    begin(&store).await;
    assert_eq!(say(&store, 1, 0, 1).await, Some(2));
    store
        .read(caller(2), |unit| {
            Box::pin(async move {
                assert!(unit.conversation(CONVERSATION).await?.is_none());
                assert!(unit.conversation_of_member(CONVERSATION).await?.is_none());
                assert!(unit.log_heads().await?.is_empty());
                assert_eq!(unit.membership(CONVERSATION).await?, Membership::default());
                assert!(unit.commits(CONVERSATION, (0, 9), 10, 100).await?.is_empty());
                assert_eq!(unit.begin_entry(CONVERSATION).await?, None);
                assert_eq!(unit.observer(CONVERSATION).await?, None);
                assert_eq!(unit.log_reach(CONVERSATION).await?, None);
                assert!(unit.group_state(CONVERSATION).await?.is_none());
                assert!(unit.messages(CONVERSATION, (0, 9), 9, 99).await?.is_empty());
                assert!(!unit.is_call_going_on(CONVERSATION).await?);
                assert_eq!(unit.spine(CONVERSATION, 1, 9, 9).await?.entries(), Some(Vec::new()));
                assert_eq!(unit.log_head(CONVERSATION).await?, None);
                assert_eq!(unit.hash_at(CONVERSATION, 1).await?, None);
                assert!(unit.receipts(CONVERSATION).await?.is_empty());
                Ok(())
            })
        })
        .await
        .unwrap();
    let other_device = Caller::Device { workspace: WORKSPACE, user: user(1), device: device(4) };
    assert!(store.read(other_device, |unit| Box::pin(unit.conversation(CONVERSATION))).await.unwrap().is_none());
    assert!(
        store.read(other_device, |unit| Box::pin(unit.conversation_of_member(CONVERSATION))).await.unwrap().is_some(),
        "it may come back"
    );
}

pub(crate) async fn a_stranger_changes_nothing_in_a_conversation(store: impl Store) {
    begin(&store).await;
    assert_eq!(say(&store, 2, 0, 1).await, None, "no place for a stranger's message");
    let seen = store.read(caller(1), |unit| Box::pin(unit.conversation(CONVERSATION))).await.unwrap().unwrap();
    store
        .write(caller(2), move |unit| {
            Box::pin(async move {
                let takes_over = judged(0, &[(2, Role::Owner)]);
                assert_eq!(unit.apply_commit(&seen, &takes_over, (2, 0)).await?, Committed::StaleEpoch);
                unit.put_receipt(&header(2, 0), b"receipt", 2).await
            })
        })
        .await
        .unwrap();
    let after = store.read(caller(1), |unit| Box::pin(unit.conversation(CONVERSATION))).await.unwrap();
    assert_eq!(after, Some(seen));
    assert!(store.read(caller(1), |unit| Box::pin(unit.receipts(CONVERSATION))).await.unwrap().is_empty());
}

pub(crate) async fn only_the_relay_itself_sees_sessions_statements_and_the_audit_log(store: impl Store) {
    begin(&store).await;
    let token = Hash::of(b"token");
    let session = SessionRow { workspace: WORKSPACE, subject: Subject::Device(device(1)), expires_at_ms: 100 };
    assert!(store.write(Caller::Relay, move |unit| Box::pin(unit.insert_session(token, session, 1))).await.unwrap());
    assert_eq!(store.read(Caller::Relay, move |unit| Box::pin(unit.session(token))).await.unwrap(), Some(session));
    for caller in [caller(1), INVITE] {
        let denied = store.read(caller, move |unit| Box::pin(unit.session(token))).await;
        assert!(matches!(denied, Err(StoreError::WrongCaller)));
        let denied = store.read(caller, |unit| Box::pin(unit.audit_entries(0, 10))).await;
        assert!(matches!(denied, Err(StoreError::WrongCaller)));
        let denied =
            store.write(caller, |unit| Box::pin(async move { unit.append_statement(WORKSPACE, &statement(b"forged")).await })).await;
        assert!(matches!(denied, Err(StoreError::WrongCaller)));
        let denied = store.write(caller, |unit| Box::pin(unit.put_user(WORKSPACE, user(2), Role::Owner, Status::Active))).await;
        assert!(matches!(denied, Err(StoreError::WrongCaller)));
        let denied = store.write(caller, move |unit| Box::pin(unit.insert_session(Hash::of(b"own"), session, 1))).await;
        assert!(matches!(denied, Err(StoreError::WrongCaller)));
    }
    store.write(Caller::Relay, move |unit| Box::pin(unit.delete_session(token))).await.unwrap();
    assert_eq!(store.read(Caller::Relay, move |unit| Box::pin(unit.session(token))).await.unwrap(), None);
}

pub(crate) async fn an_invite_reaches_nothing_of_a_device(store: impl Store) {
    begin(&store).await;
    for caller in [INVITE, Caller::Relay] {
        assert!(matches!(store.read(caller, |unit| Box::pin(unit.conversation(CONVERSATION))).await, Err(StoreError::WrongCaller)));
        assert!(matches!(store.read(caller, |unit| Box::pin(unit.welcomes(9, 9))).await, Err(StoreError::WrongCaller)));
        assert!(matches!(store.read(caller, |unit| Box::pin(unit.vault())).await, Err(StoreError::WrongCaller)));
        let denied = store.write(caller, |unit| Box::pin(unit.claim_key_package(device(1), Suite::P384Aes256, 0..=9))).await;
        assert!(matches!(denied, Err(StoreError::WrongCaller)));
    }
}

pub(crate) async fn who_is_shut_out_begins_no_unit_of_work(store: impl Store) {
    begin(&store).await;
    let stranger = Caller::Device { workspace: WORKSPACE, user: user(1), device: device(2) };
    let elsewhere = Caller::Device { workspace: WorkspaceId::from_bytes([8; 16]), user: user(1), device: device(1) };
    for caller in [caller(3), stranger, elsewhere] {
        assert!(matches!(store.read(caller, |unit| Box::pin(unit.log_heads())).await, Err(StoreError::ShutOut)), "{caller:?}");
    }
    store
        .write(Caller::Relay, |unit| {
            Box::pin(async move {
                unit.put_user(WORKSPACE, user(1), Role::Member, Status::Suspended).await?;
                unit.put_device(device(2), user(2), Some(5)).await
            })
        })
        .await
        .unwrap();
    for number in [1, 2] {
        let session = SessionRow { workspace: WORKSPACE, subject: Subject::Device(device(number)), expires_at_ms: 100 };
        let begun = store.write(Caller::Relay, move |unit| Box::pin(unit.insert_session(Hash::of(b"token"), session, 1)));
        assert!(!begun.await.unwrap(), "no session either");
        assert!(matches!(store.read(caller(number), |unit| Box::pin(unit.log_heads())).await, Err(StoreError::ShutOut)));
        assert!(matches!(
            store.write(caller(number), |unit| Box::pin(async move { unit.put_vault(&vault(1, b"vault")).await })).await,
            Err(StoreError::ShutOut)
        ));
    }
}

pub(crate) async fn an_id_belongs_to_one_workspace_for_ever(store: impl Store) {
    begin(&store).await;
    let other = WorkspaceId::from_bytes([8; 16]);
    store.write(Caller::Relay, move |unit| Box::pin(unit.insert_workspace(other, 1))).await.unwrap();
    let taken = store.write(Caller::Relay, move |unit| Box::pin(unit.put_user(other, user(1), Role::Owner, Status::Active))).await;
    assert!(matches!(taken, Err(StoreError::IdTaken)), "else another workspace's owner would reach this user's backup");
    store.write(Caller::Relay, move |unit| Box::pin(unit.put_user(other, user(5), Role::Owner, Status::Active))).await.unwrap();
    let taken = store.write(Caller::Relay, |unit| Box::pin(unit.put_device(device(1), user(5), None))).await;
    assert!(matches!(taken, Err(StoreError::IdTaken)), "else another workspace's device would be in this one's conversations");
}

pub(crate) async fn another_workspaces_key_packages_and_roster_are_not_there(store: impl Store) {
    begin(&store).await;
    let other = WorkspaceId::from_bytes([8; 16]);
    store
        .write(Caller::Relay, move |unit| {
            Box::pin(async move {
                unit.append_statement(WORKSPACE, &statement(b"genesis")).await?;
                unit.insert_workspace(other, 1).await?;
                unit.put_user(other, user(5), Role::Owner, Status::Active).await?;
                unit.put_device(device(5), user(5), None).await
            })
        })
        .await
        .unwrap();
    let left = vec![NewKeyPackage { key_package: Bytes(b"one".to_vec()), not_after_ms: 5 }];
    store.write(caller(1), move |unit| Box::pin(async move { unit.put_key_packages(Suite::P384Aes256, &left, None).await })).await.unwrap();
    let theirs = Caller::Device { workspace: other, user: user(5), device: device(5) };
    let claimed = store.write(theirs, |unit| Box::pin(unit.claim_key_package(device(1), Suite::P384Aes256, 0..=9))).await.unwrap();
    assert_eq!(claimed, None);
    assert!(store.read(theirs, |unit| Box::pin(unit.statements(WORKSPACE, None, usize::MAX))).await.unwrap().is_empty());
    assert!(!store.read(theirs, |unit| Box::pin(unit.stands(device(1)))).await.unwrap());
    assert_eq!(store.read(INVITE, |unit| Box::pin(unit.statements(WORKSPACE, None, usize::MAX))).await.unwrap(), [b"genesis"]);
}

pub(crate) async fn backups_belong_to_their_user(store: impl Store) {
    begin(&store).await;
    let put = |number: u8, wrapped: u8| {
        let keys = [WrappedEpochKey { conversation: CONVERSATION, epoch: 0, wrapped: Bytes(vec![wrapped]) }];
        store.write(caller(number), move |unit| {
            Box::pin(async move {
                unit.put_epoch_keys(&keys).await?;
                unit.put_vault(&vault(u64::from(wrapped), &[wrapped])).await
            })
        })
    };
    put(1, 1).await.unwrap();
    put(2, 2).await.unwrap();
    put(1, 3).await.unwrap();
    let keys = store.read(caller(1), |unit| Box::pin(unit.epoch_keys())).await.unwrap();
    assert_eq!(keys.iter().map(|key| key.wrapped.0.clone()).collect::<Vec<_>>(), [vec![1]], "the first stays");
    assert_eq!(store.read(caller(1), |unit| Box::pin(unit.vault())).await.unwrap(), Some(vault(3, &[3])), "the newest vault counts");
    assert_eq!(store.read(caller(2), |unit| Box::pin(unit.vault())).await.unwrap(), Some(vault(2, &[2])));
}

pub(crate) async fn healing_is_the_relays_own(store: impl Store) {
    begin(&store).await;
    store
        .write(caller(1), |unit| {
            Box::pin(async move {
                assert!(matches!(unit.mark_as_copy().await, Err(StoreError::WrongCaller)));
                assert!(matches!(unit.begin_healing().await, Err(StoreError::WrongCaller)));
                assert!(matches!(unit.compared([1; 16]).await, Err(StoreError::WrongCaller)));
                assert!(matches!(unit.note_compared([1; 16], (device(1), user(1)), true, 1).await, Err(StoreError::WrongCaller)));
                assert!(matches!(unit.end_healing([1; 16], 1, None).await, Err(StoreError::WrongCaller)));
                assert!(matches!(unit.healing_log(CONVERSATION, WORKSPACE).await, Err(StoreError::WrongCaller)));
                assert!(matches!(unit.healing_members(CONVERSATION).await, Err(StoreError::WrongCaller)));
                assert!(matches!(unit.healing_group(CONVERSATION).await, Err(StoreError::WrongCaller)));
                assert!(matches!(unit.chain_at(CONVERSATION, 1).await, Err(StoreError::WrongCaller)));
                assert!(matches!(unit.put_group_info(CONVERSATION, 0, b"info").await, Err(StoreError::WrongCaller)));
                Ok(())
            })
        })
        .await
        .unwrap();
}
