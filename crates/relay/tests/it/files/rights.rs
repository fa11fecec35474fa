//! Who gets a file, and who does not.

use bezel_crypto::group::Change;
use bezel_protocol::roster::Statement;
use bezel_protocol::wire::{FileAccess, FileLogAction, FilePurpose, code, path};
use bezel_protocol::{ConversationId, FileId, Role, cbor};
use bezel_relay::store::{AuditEntry, Caller, SqliteStore, Store as _};
use reqwest::Method;

use crate::support::{Person, Shop, ciphertext, new_file, now_ms, start_with};

const NOT_FOUND: (u16, &str) = (404, code::NOT_FOUND);
const FORBIDDEN: (u16, &str) = (403, code::FORBIDDEN);
const GONE: (u16, &str) = (410, code::GONE);

/// Ana, Ben and Cleo in a conversation, with a file of Ben's.
struct Scene {
    shop: Shop,
    ben: Person,
    cleo: Person,
    conversation: ConversationId,
    file: FileId,
}

impl Scene {
    async fn set(access: impl FnOnce(&Person, &Person) -> FileAccess) -> Self {
        let mut shop = Shop::open().await;
        let ben = shop.join(1, "ben", Role::Member).await;
        let cleo = shop.join(2, "cleo", Role::Member).await;
        let conversation = shop.ana.begin_with(&[(&ben, Role::Member), (&cleo, Role::Member)]).await;
        let access = access(&ben, &cleo);
        let file = ben.send_file(conversation, &ciphertext(2000), 1000, &access).await;
        Self { shop, ben, cleo, conversation, file }
    }

    async fn plain() -> Self {
        Self::set(|_, _| FileAccess::default()).await
    }
}

/// Nothing that can be asked of the file is answered.
async fn learns_nothing(person: &Person, file: FileId) {
    for purpose in [FilePurpose::Preview, FilePurpose::Download] {
        assert_refused(person, file, purpose, NOT_FOUND).await;
    }
    for of in [path::FILE_ACCESS, path::FILE_LOG] {
        assert_eq!(person.get(&path::of_file(of, file)).await.refusal(), (404, code::NOT_FOUND.to_owned()), "{of}");
    }
    assert_eq!(person.put_access(file, &FileAccess::default()).await.refusal(), (404, code::NOT_FOUND.to_owned()));
    assert_eq!(person.offset(file).await.status, 404);
    assert_eq!(person.append(file, 0, vec![1]).await.refusal(), (404, code::NOT_FOUND.to_owned()));
    assert_eq!(person.delete(file).await.refusal(), (404, code::NOT_FOUND.to_owned()));
}

async fn assert_refused(person: &Person, file: FileId, purpose: FilePurpose, expected: (u16, &str)) {
    let answer = person.content(file, purpose, None).await;
    assert_eq!(answer.refusal(), (expected.0, expected.1.to_owned()), "{purpose:?}");
}

fn refusals(log: &[(FileLogAction, u64, Option<String>)]) -> Vec<&str> {
    log.iter().filter(|(action, ..)| *action == FileLogAction::Refusal).filter_map(|(_, _, reason)| reason.as_deref()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guessed_id_and_another_workspaces_file_answer_alike() {
    let folder = tempfile::tempdir().unwrap();
    let relay = start_with(folder.path(), 2).await;
    let base = format!("http://{}", relay.addr());
    let shop = Shop::found(base.clone(), None, folder).await;
    let conversation = shop.ana.begin().await;
    let file = shop.ana.send_file(conversation, &ciphertext(100), 100, &FileAccess::default()).await;
    let elsewhere = Shop::found(base, Some(relay), tempfile::tempdir().unwrap()).await;
    learns_nothing(&elsewhere.ana, new_file()).await;
    learns_nothing(&elsewhere.ana, file).await;
    assert_eq!(shop.ana.file_log(file).await.len(), 1, "another workspace's people are not named in this one's log");
    let (there, here) = (elsewhere.ana.begin().await, FileAccess::default());
    let answer = elsewhere.ana.begin_upload(there, file, 100, &here).await;
    assert_eq!(answer.refusal(), (409, code::CONFLICT.into()), "an id is taken for ever");
    assert_eq!(elsewhere.ana.begin_upload(conversation, new_file(), 100, &here).await.refusal(), (404, code::NOT_FOUND.into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_non_member_learns_nothing_and_is_noticed() {
    let mut scene = Scene::plain().await;
    let dan = scene.shop.join(3, "dan", Role::Member).await;
    learns_nothing(&dan, scene.file).await;
    for _ in 0..30 {
        assert_refused(&dan, scene.file, FilePurpose::Download, NOT_FOUND).await;
    }
    assert_eq!(refusals(&scene.ben.file_log(scene.file).await), [code::NOT_FOUND], "one line, however often");
    assert_eq!(dan.begin_upload(scene.conversation, new_file(), 10, &FileAccess::default()).await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removed_member_loses_access_at_once() {
    let scene = Scene::plain().await;
    assert_eq!(scene.cleo.save(scene.file).await.status, 200);
    let (ana, ben) = (&scene.shop.ana, &scene.ben);
    let unfinished = new_file();
    assert_eq!(scene.cleo.begin_upload(scene.conversation, unfinished, 10, &FileAccess::default()).await.status, 201);
    assert_eq!(ana.commit(scene.conversation, Change::default().remove_user(scene.cleo.user)).await.status, 200);
    learns_nothing(&scene.cleo, scene.file).await;
    learns_nothing(&scene.cleo, unfinished).await;
    assert_eq!(refusals(&ben.file_log(scene.file).await), [code::NOT_FOUND]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_suspended_user_is_out_with_the_session() {
    let mut scene = Scene::plain().await;
    let suspended = Statement::Suspend(scene.cleo.user);
    scene.shop.declare(suspended).await;
    assert_refused(&scene.cleo, scene.file, FilePurpose::Preview, (401, code::UNAUTHENTICATED)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_named_subset_gets_the_file_and_the_others_do_not() {
    let scene = Scene::set(|_, cleo| FileAccess { named: Some(vec![cleo.user]), ..FileAccess::default() }).await;
    let Scene { shop, ben, cleo, file, .. } = &scene;
    assert_eq!(cleo.save(*file).await.status, 200);
    assert_eq!(ben.save(*file).await.status, 200, "the owner always does");
    assert_refused(&shop.ana, *file, FilePurpose::Preview, NOT_FOUND).await;
    assert_eq!(refusals(&ben.file_log(*file).await), [code::NOT_FOUND]);
    assert_eq!(shop.ana.file_log(*file).await.len(), 5, "an owner of the conversation reads the log of what is not for them");
    assert_eq!(ben.put_access(*file, &FileAccess::default()).await.status, 200);
    assert_eq!(shop.ana.save(*file).await.status, 200, "widened");
    let nobody = FileAccess { named: Some(Vec::new()), ..FileAccess::default() };
    assert_eq!(ben.put_access(*file, &nobody).await.status, 200);
    assert_refused(cleo, *file, FilePurpose::Download, NOT_FOUND).await;
    assert_eq!(ben.get(&path::of_file(path::FILE_ACCESS, *file)).await.body::<FileAccess>(), nobody);
    let grants = ben.file_log(*file).await.iter().filter(|(action, ..)| *action == FileLogAction::Grant).count();
    assert_eq!(grants, 3, "at the beginning and twice later");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_to_be_viewed_only_is_not_handed_out_to_be_saved() {
    let scene = Scene::set(|_, _| FileAccess { view_only: true, ..FileAccess::default() }).await;
    assert_eq!(scene.cleo.content(scene.file, FilePurpose::Preview, None).await.status, 200);
    assert_refused(&scene.cleo, scene.file, FilePurpose::Download, FORBIDDEN).await;
    assert_refused(&scene.shop.ana, scene.file, FilePurpose::Download, FORBIDDEN).await;
    assert_eq!(scene.ben.save(scene.file).await.status, 200);
    assert_eq!(refusals(&scene.ben.file_log(scene.file).await), [code::FORBIDDEN, code::FORBIDDEN], "one line a person");
}

/// Lets a file end as soon as this machine manages: where it is busy, the moment may be over before the relay hears of it.
async fn ends_soon(owner: &Person, file: FileId) -> i64 {
    for ahead_ms in [300, 1000, 3000, 9000] {
        let end_ms = now_ms() + ahead_ms;
        let soon = FileAccess { expires_at_ms: Some(end_ms), ..FileAccess::default() };
        let answer = owner.put_access(file, &soon).await;
        if answer.status == 200 {
            return end_ms;
        }
        assert!(now_ms() >= end_ms, "a moment to come is taken: {:?}", answer.refusal());
    }
    panic!("the machine is too busy");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_file_is_gone_for_everybody() {
    let scene = Scene::plain().await;
    let end_ms = ends_soon(&scene.ben, scene.file).await;
    while now_ms() <= end_ms {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    for person in [&scene.cleo, &scene.ben, &scene.shop.ana] {
        assert_refused(person, scene.file, FilePurpose::Preview, GONE).await;
    }
    assert_eq!(scene.ben.put_access(scene.file, &FileAccess::default()).await.refusal(), (410, code::GONE.into()), "over is over");
    let past = FileAccess { expires_at_ms: Some(now_ms() - 1), ..FileAccess::default() };
    assert_eq!(scene.ben.begin_upload(scene.conversation, new_file(), 10, &past).await.refusal(), (422, code::REFUSED.into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_revoked_by_its_owner_or_by_who_governs_the_conversation() {
    let scene = Scene::plain().await;
    assert_eq!(scene.cleo.delete(scene.file).await.refusal(), (403, code::FORBIDDEN.into()));
    assert_eq!(scene.shop.ana.delete(scene.file).await.status, 204);
    assert_refused(&scene.ben, scene.file, FilePurpose::Preview, GONE).await;
    let own = scene.ben.send_file(scene.conversation, &ciphertext(10), 10, &FileAccess::default()).await;
    assert_eq!(scene.ben.ask(Method::DELETE, &path::of_file(path::FILE, own), &[], Vec::new()).await.status, 204, "without a word of tus");
    assert_refused(&scene.ben, own, FilePurpose::Preview, GONE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn access_and_log_are_not_for_every_member() {
    let scene = Scene::plain().await;
    for of in [path::FILE_ACCESS, path::FILE_LOG] {
        assert_eq!(scene.cleo.get(&path::of_file(of, scene.file)).await.refusal(), (403, code::FORBIDDEN.into()), "{of}");
    }
    assert_eq!(scene.cleo.put_access(scene.file, &FileAccess::default()).await.refusal(), (403, code::FORBIDDEN.into()));
    assert_eq!(
        scene.shop.ana.put_access(scene.file, &FileAccess::default()).await.refusal(),
        (403, code::FORBIDDEN.into()),
        "not even the owner of the conversation"
    );
    assert_eq!(scene.shop.ana.get(&path::of_file(path::FILE_LOG, scene.file)).await.status, 200);
    let crowd = FileAccess { named: Some(vec![scene.ben.user; 1001]), ..FileAccess::default() };
    assert_eq!(scene.ben.put_access(scene.file, &crowd).await.refusal(), (400, code::MALFORMED.into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_only_read_sends_no_file() {
    let mut shop = Shop::open().await;
    let ben = shop.join(1, "ben", Role::Member).await;
    let conversation = shop.ana.begin_with(&[(&ben, Role::ReadOnly)]).await;
    let answer = ben.begin_upload(conversation, new_file(), 10, &FileAccess::default()).await;
    assert_eq!(answer.refusal(), (403, code::FORBIDDEN.into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_is_for_the_device_that_began_it() {
    let scene = Scene::plain().await;
    let file = new_file();
    assert_eq!(scene.ben.begin_upload(scene.conversation, file, 10, &FileAccess::default()).await.status, 201);
    assert_eq!(scene.cleo.offset(file).await.status, 404);
    assert_eq!(scene.cleo.append(file, 0, vec![0; 10]).await.refusal(), (404, code::NOT_FOUND.into()));
    assert_refused(&scene.cleo, file, FilePurpose::Preview, NOT_FOUND).await;
    let stolen = scene.cleo.begin_upload(scene.conversation, file, 10, &FileAccess::default()).await;
    assert_eq!(stolen.refusal(), (409, code::CONFLICT.into()));
    assert_refused(&scene.ben, file, FilePurpose::Preview, NOT_FOUND).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_done_to_files_is_in_the_audit_chain() {
    let mut scene = Scene::plain().await;
    assert_eq!(scene.ben.put_access(scene.file, &FileAccess { view_only: true, ..FileAccess::default() }).await.status, 200);
    assert_eq!(scene.ben.delete(scene.file).await.status, 204);
    scene.shop.close().await;
    let store = SqliteStore::open(&scene.shop.folder.path().join("relay.db")).await.unwrap();
    let entries = store.read(Caller::Relay, |unit| Box::pin(unit.audit_entries(0, 100))).await.unwrap();
    let entries = entries.iter().map(|entry| cbor::decode::<AuditEntry>(&entry.entry).unwrap());
    let of_file: Vec<_> =
        entries.filter(|entry| entry.subject.as_ref().is_some_and(|subject| subject.starts_with(&scene.file.to_string()))).collect();
    let actions: Vec<_> = of_file.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, ["file_upload_begin", "file_upload", "file_grant", "file_revoke"]);
    assert!(of_file.iter().all(|entry| entry.user == Some(scene.ben.user)));
    store.close().await;
}
