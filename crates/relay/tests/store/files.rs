//! What every engine must do with files, and what it must deny.

use bezel_protocol::roster::Status;
use bezel_protocol::wire::{FileAccess, FileLogAction};
use bezel_protocol::{DeviceId, FileId, Role, UserId, WorkspaceId};
use bezel_relay::store::{Caller, FilePart, FileState, Leftovers, NewFile, Store, StoreError, Usage};

use crate::conformance::{CONVERSATION, INVITE, WORKSPACE, begin, caller, commit, device, user};

const FILE: FileId = FileId::from_bytes([5; 16]);

fn new(file: FileId, access: FileAccess) -> NewFile {
    NewFile { file, conversation: CONVERSATION, size_bytes: 100, access, upload_expires_at_ms: 1000 }
}

fn part(first_byte: u64, bytes: u64) -> FilePart {
    FilePart { first_byte, bytes, object: format!("object {first_byte}") }
}

async fn insert(store: &impl Store, by: u8, file: FileId, access: FileAccess) -> bool {
    store.write(caller(by), move |unit| Box::pin(async move { unit.insert_file(&new(file, access), 1).await })).await.unwrap()
}

async fn append(store: &impl Store, by: Caller, file: FileId, first_byte: u64, bytes: u64) -> Option<u64> {
    store.write(by, move |unit| Box::pin(async move { unit.append_part(file, &part(first_byte, bytes), 2, 2000).await })).await.unwrap()
}

async fn log(store: &impl Store, by: u8, action: FileLogAction, bytes: u64, times: (i64, i64)) -> Option<i64> {
    store.write(caller(by), move |unit| Box::pin(unit.log_file(FILE, action, None, bytes, times))).await.unwrap()
}

/// Callers 1 and 2 in the conversation, with a ready file of caller 1 in two parts.
async fn begin_with_file(store: &impl Store) {
    begin(store).await;
    commit(store, 0, &[(1, Role::Owner), (2, Role::Member)]).await;
    assert!(insert(store, 1, FILE, FileAccess::default()).await);
    assert_eq!(append(store, caller(1), FILE, 0, 60).await, Some(60));
    assert_eq!(append(store, caller(1), FILE, 60, 40).await, Some(100));
}

pub(crate) async fn a_file_comes_in_by_parts_in_order_and_is_ready_at_its_end(store: impl Store) {
    begin(&store).await;
    commit(&store, 0, &[(1, Role::Owner), (2, Role::Member)]).await;
    let access = FileAccess { named: Some(vec![user(2)]), view_only: true, expires_at_ms: Some(900) };
    assert!(insert(&store, 1, FILE, access.clone()).await);
    for (first_byte, bytes) in [(1, 10), (0, 101)] {
        assert_eq!(append(&store, caller(1), FILE, first_byte, bytes).await, None, "no gap, and nothing beyond the end");
    }
    assert_eq!(append(&store, caller(1), FILE, 0, 60).await, Some(60));
    assert_eq!(append(&store, caller(1), FILE, 0, 60).await, None, "not twice");
    let usage = store.read(caller(2), |unit| Box::pin(unit.file_usage())).await.unwrap();
    assert_eq!(usage, Usage { workspace_bytes: 100, expected_bytes: 40 });
    assert!(store.read(caller(1), |unit| Box::pin(unit.file_parts(FILE, 0, 99))).await.unwrap().is_empty(), "not before it is whole");
    assert_eq!(append(&store, caller(1), FILE, 60, 40).await, Some(100));
    let file = store.read(caller(2), |unit| Box::pin(unit.file(FILE))).await.unwrap().unwrap();
    assert_eq!((file.state, file.received_bytes, file.parts, file.role), (FileState::Ready, 100, 2, Role::Member));
    assert_eq!((file.is_granted, file.view_only, file.expires_at_ms), (true, true, Some(900)));
    assert_eq!(store.read(caller(1), |unit| Box::pin(unit.file_access(FILE))).await.unwrap(), Some(access));
    for (first, last, expected) in [(0, 59, vec![0]), (59, 60, vec![0, 60]), (60, 60, vec![60]), (99, 99, vec![60]), (0, 99, vec![0, 60])] {
        let parts = store.read(caller(2), move |unit| Box::pin(unit.file_parts(FILE, first, last))).await.unwrap();
        assert_eq!(parts.iter().map(|part| part.first_byte).collect::<Vec<_>>(), expected, "{first}-{last}");
    }
}

pub(crate) async fn lines_about_a_file_that_follow_each_other_are_one(store: impl Store) {
    begin_with_file(&store).await;
    let first = log(&store, 2, FileLogAction::Preview, 10, (100, 50)).await;
    assert_eq!(log(&store, 2, FileLogAction::Preview, 5, (120, 100)).await, first);
    assert_ne!(log(&store, 2, FileLogAction::Preview, 7, (300, 121)).await, first, "that one ended");
    assert_ne!(log(&store, 2, FileLogAction::Download, 7, (301, 0)).await, first);
    store.write(Caller::Relay, move |unit| Box::pin(unit.add_to_file_log(first.unwrap(), 100, 110))).await.unwrap();
    let entries = store.read(caller(1), |unit| Box::pin(unit.file_log(FILE, 2))).await.unwrap();
    assert_eq!(entries.iter().map(|entry| (entry.at_ms, entry.bytes)).collect::<Vec<_>>(), [(301, 7), (300, 7)], "the newest first");
    let entries = store.read(caller(1), |unit| Box::pin(unit.file_log(FILE, 9))).await.unwrap();
    let oldest = entries.last().unwrap();
    assert_eq!((oldest.user, oldest.device, oldest.bytes, oldest.at_ms), (user(2), device(2), 115, 100));
}

pub(crate) async fn parts_of_a_revoked_file_are_listed_until_they_are_deleted(store: impl Store) {
    begin_with_file(&store).await;
    let delete = |first_byte| store.write(Caller::Relay, move |unit| Box::pin(unit.delete_part(FILE, first_byte)));
    delete(0).await.unwrap();
    assert_eq!(store.read(caller(1), |unit| Box::pin(unit.file_parts(FILE, 0, 99))).await.unwrap().len(), 2, "only of a revoked file");
    assert!(store.write(caller(1), |unit| Box::pin(unit.revoke_file(FILE))).await.unwrap());
    assert!(!store.write(caller(1), |unit| Box::pin(unit.revoke_file(FILE))).await.unwrap(), "once");
    assert!(store.read(caller(1), |unit| Box::pin(unit.file_parts(FILE, 0, 99))).await.unwrap().is_empty());
    let left = async || store.read(Caller::Relay, |unit| Box::pin(unit.revoked_parts(9))).await.unwrap().len();
    assert_eq!(left().await, 2);
    delete(60).await.unwrap();
    assert_eq!(left().await, 1);
    delete(0).await.unwrap();
    assert_eq!(left().await, 0);
    let usage = store.read(caller(1), |unit| Box::pin(unit.file_usage())).await.unwrap();
    assert_eq!(usage, Usage { workspace_bytes: 0, expected_bytes: 0 });
}

pub(crate) async fn what_is_over_is_ended(store: impl Store) {
    begin_with_file(&store).await;
    let (unfinished, ends) = (FileId::from_bytes([6; 16]), FileAccess { expires_at_ms: Some(500), ..FileAccess::default() });
    assert!(insert(&store, 2, unfinished, FileAccess::default()).await);
    assert!(store.write(caller(1), move |unit| Box::pin(async move { unit.set_file_access(FILE, &ends).await })).await.unwrap());
    let end = |now_ms| store.write(Caller::Relay, move |unit| Box::pin(unit.end_files(now_ms)));
    assert_eq!(end(499).await.unwrap(), Leftovers::default());
    assert_eq!(end(500).await.unwrap(), Leftovers { objects: Vec::new(), files: vec![FILE] });
    assert!(store.read(caller(1), move |unit| Box::pin(unit.is_file(unfinished))).await.unwrap());
    assert_eq!(end(1000).await.unwrap(), Leftovers::default(), "an empty upload leaves no object");
    assert!(!store.read(caller(1), move |unit| Box::pin(unit.is_file(unfinished))).await.unwrap());
    let names = vec!["object 0".to_owned(), "object 7".to_owned()];
    let unknown = store.read(Caller::Relay, move |unit| Box::pin(async move { unit.unknown_objects(&names).await })).await.unwrap();
    assert_eq!(unknown, ["object 7"]);
    let after = store.read(Caller::Relay, |unit| Box::pin(unit.all_parts(Some((FILE, 0)), 9))).await.unwrap();
    assert_eq!(after, [(FILE, part(60, 40))]);
}

/// Everything that can be asked of a file, and done to it, by somebody for whom it does not exist.
async fn is_nothing_for(store: &impl Store, stranger: Caller) {
    store
        .write(stranger, |unit| {
            Box::pin(async move {
                assert_eq!(unit.file(FILE).await?, None);
                assert!(unit.file_parts(FILE, 0, 99).await?.is_empty());
                assert_eq!(unit.file_access(FILE).await?, None);
                assert!(!unit.set_file_access(FILE, &FileAccess::default()).await?);
                assert!(unit.file_log(FILE, 9).await?.is_empty());
                assert!(!unit.revoke_file(FILE).await?);
                assert_eq!(unit.delete_upload(FILE).await?, None);
                assert_eq!(unit.append_part(FILE, &part(0, 1), 2, 2000).await?, None);
                assert!(!unit.insert_file(&new(FileId::from_bytes([7; 16]), FileAccess::default()), 1).await?);
                Ok(())
            })
        })
        .await
        .unwrap();
}

pub(crate) async fn a_file_exists_only_for_members_of_its_conversation(store: impl Store) {
    begin(&store).await;
    assert!(insert(&store, 1, FILE, FileAccess { named: Some(vec![user(2)]), ..FileAccess::default() }).await);
    is_nothing_for(&store, caller(2)).await;
    assert_eq!(append(&store, caller(1), FILE, 0, 100).await, Some(100));
    is_nothing_for(&store, caller(2)).await;
    let other = WorkspaceId::from_bytes([8; 16]);
    store
        .write(Caller::Relay, move |unit| {
            Box::pin(async move {
                unit.insert_workspace(other, 1).await?;
                unit.put_user(other, user(5), Role::Owner, Status::Active).await?;
                unit.put_device(device(5), user(5), None).await
            })
        })
        .await
        .unwrap();
    let elsewhere = Caller::Device { workspace: other, user: user(5), device: device(5) };
    is_nothing_for(&store, elsewhere).await;
    let logged = store.write(elsewhere, |unit| Box::pin(unit.log_file(FILE, FileLogAction::Refusal, None, 0, (1, 1)))).await.unwrap();
    assert_eq!(logged, None, "nor can another workspace write into its log");
    assert!(log(&store, 2, FileLogAction::Refusal, 0, (1, 1)).await.is_some(), "but a colleague's attempt is noticed");
    let usage = store.read(elsewhere, |unit| Box::pin(unit.file_usage())).await.unwrap();
    assert_eq!(usage.workspace_bytes, 0, "another workspace's files are not counted");
}

pub(crate) async fn a_removed_members_own_file_is_nothing_to_them(store: impl Store) {
    begin(&store).await;
    commit(&store, 0, &[(1, Role::Owner), (2, Role::Member)]).await;
    assert!(insert(&store, 2, FILE, FileAccess::default()).await);
    commit(&store, 1, &[(1, Role::Owner)]).await;
    is_nothing_for(&store, caller(2)).await;
    assert!(
        store.write(caller(1), |unit| Box::pin(unit.delete_upload(FILE))).await.unwrap().is_some(),
        "the conversation's owner clears up"
    );
}

pub(crate) async fn a_member_governs_only_what_is_theirs(store: impl Store) {
    begin_with_file(&store).await;
    let other_device = Caller::Device { workspace: WORKSPACE, user: user(1), device: device(4) };
    let unfinished = FileId::from_bytes([6; 16]);
    assert!(insert(&store, 1, unfinished, FileAccess::default()).await);
    for by in [caller(2), other_device] {
        assert_eq!(append(&store, by, unfinished, 0, 10).await, None, "only the device that began it goes on");
    }
    store
        .write(caller(2), move |unit| {
            Box::pin(async move {
                assert!(unit.file(FILE).await?.is_some_and(|file| file.is_granted));
                assert_eq!(unit.file_access(FILE).await?, None);
                assert!(!unit.set_file_access(FILE, &FileAccess::default()).await?);
                assert!(unit.file_log(FILE, 9).await?.is_empty());
                assert!(!unit.revoke_file(FILE).await?);
                assert_eq!(unit.delete_upload(unfinished).await?, None);
                Ok(())
            })
        })
        .await
        .unwrap();
    let named = FileAccess { named: Some(Vec::<UserId>::new()), ..FileAccess::default() };
    assert!(store.write(caller(1), move |unit| Box::pin(async move { unit.set_file_access(FILE, &named).await })).await.unwrap());
    assert!(!store.read(caller(2), |unit| Box::pin(unit.file(FILE))).await.unwrap().unwrap().is_granted);
    commit(&store, 1, &[(1, Role::Owner), (2, Role::ReadOnly)]).await;
    assert!(!insert(&store, 2, FileId::from_bytes([7; 16]), FileAccess::default()).await, "who may only read sends none");
}

pub(crate) async fn only_the_relay_itself_tends_files(store: impl Store) {
    begin_with_file(&store).await;
    macro_rules! denied {
        ($caller:expr, $work:expr) => {
            assert!(matches!(store.write($caller, $work).await, Err(StoreError::WrongCaller)))
        };
    }
    for caller in [caller(1), INVITE] {
        denied!(caller, |unit| Box::pin(unit.end_files(i64::MAX)));
        denied!(caller, |unit| Box::pin(unit.revoked_parts(9)));
        denied!(caller, |unit| Box::pin(unit.delete_part(FILE, 0)));
        denied!(caller, |unit| Box::pin(unit.all_parts(None, 9)));
        denied!(caller, |unit| Box::pin(unit.add_to_file_log(1, 1, 1)));
        denied!(caller, |unit| Box::pin(async move { unit.unknown_objects(&[]).await }));
    }
    for caller in [INVITE, Caller::Relay] {
        denied!(caller, |unit| Box::pin(unit.file(FILE)));
        denied!(caller, |unit| Box::pin(unit.is_file(FILE)));
        denied!(caller, |unit| Box::pin(unit.file_usage()));
        denied!(caller, |unit| Box::pin(unit.file_parts(FILE, 0, 9)));
        denied!(caller, |unit| Box::pin(unit.revoke_file(FILE)));
        denied!(caller, |unit| Box::pin(unit.file_log(FILE, 9)));
    }
    let shut_out = Caller::Device { workspace: WORKSPACE, user: user(1), device: DeviceId::from_bytes([2; 16]) };
    assert!(matches!(store.read(shut_out, |unit| Box::pin(unit.file(FILE))).await, Err(StoreError::ShutOut)));
}
