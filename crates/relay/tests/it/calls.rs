//! Who is in a call, and when, as the relay knows it.

use bezel_crypto::group::Change;
use bezel_protocol::wire::{CallJoined, CallRecord, NewCall, Participant, code, path};
use bezel_protocol::{CallId, ConversationId, Role};
use reqwest::Method;

use crate::support::{Person, Shop, now_ms, random};

fn call_id() -> CallId {
    CallId::from_bytes(random())
}

async fn begin(person: &Person, conversation: ConversationId) -> CallId {
    let call = call_id();
    let answer = person.post(path::CALLS, &NewCall { call, conversation }).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body::<CallJoined>().lasts_ms, 90_000);
    call
}

async fn ask(person: &Person, method: Method, call: CallId) -> (u16, Option<String>) {
    let answer = person.send_bytes(method, &path::of_call(path::CALL, call), Vec::new()).await;
    (answer.status, (answer.status != 200).then(|| answer.refusal().1))
}

async fn record(person: &Person, call: CallId) -> CallRecord {
    person.get(&path::of_call(path::CALL, call)).await.body()
}

fn refused(status: u16, code: &str) -> (u16, Option<String>) {
    (status, Some(code.to_owned()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_is_kept_with_who_was_in_it_and_ends_with_the_last_one() {
    let mut shop = Shop::open().await;
    let ben = shop.join(1, "ben", Role::Member).await;
    let conversation = shop.ana.begin_with(&[(&ben, Role::Member)]).await;
    let call = begin(&shop.ana, conversation).await;
    assert_eq!(ask(&ben, Method::PUT, call).await, (200, None));
    assert_eq!(ask(&ben, Method::PUT, call).await, (200, None), "still there");
    assert_eq!(ask(&shop.ana, Method::DELETE, call).await, (200, None));
    let while_ben_is_there = record(&shop.ana, call).await;
    assert_eq!((while_ben_is_there.conversation, while_ben_is_there.ended_at_ms), (conversation, None));
    let who: Vec<Participant> = while_ben_is_there.participants.iter().map(|participant| participant.who).collect();
    let of = |person: &Person| Participant::Member { user: person.user, device: person.device };
    assert_eq!(who, [of(&shop.ana), of(&ben)]);
    assert!(while_ben_is_there.participants[0].left_at_ms.is_some() && while_ben_is_there.participants[1].left_at_ms.is_none());
    // Who left may come back as long as somebody is there.
    assert_eq!(ask(&shop.ana, Method::PUT, call).await, (200, None));
    for person in [&shop.ana, &ben] {
        assert_eq!(ask(person, Method::DELETE, call).await, (200, None));
    }
    let over = record(&ben, call).await;
    assert!(over.ended_at_ms.is_some_and(|end| end >= over.started_at_ms) && over.participants.len() == 3);
    assert_eq!(ask(&ben, Method::PUT, call).await, refused(410, code::GONE), "an ended call is over for good");
    assert_eq!(ask(&ben, Method::DELETE, call).await, (200, None), "leaving again changes nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_that_goes_without_a_word_has_left() {
    let mut shop = Shop::open().await;
    let ben = shop.join(1, "ben", Role::Member).await;
    let conversation = shop.ana.begin_with(&[(&ben, Role::Member)]).await;
    let call = begin(&shop.ana, conversation).await;
    assert_eq!(ask(&ben, Method::PUT, call).await, (200, None));
    let relay = shop.relay.as_ref().unwrap();
    assert_eq!(relay.end_silent_calls(now_ms() + 80_000).await.unwrap(), 0);
    assert_eq!(relay.end_silent_calls(now_ms() + 91_000).await.unwrap(), 2);
    assert!(record(&ben, call).await.ended_at_ms.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_a_removed_member_and_a_guessed_id_learn_nothing() {
    let mut shop = Shop::open().await;
    let ben = shop.join(1, "ben", Role::Member).await;
    let cleo = shop.join(2, "cleo", Role::Member).await;
    let conversation = shop.ana.begin_with(&[(&ben, Role::Member)]).await;
    let call = begin(&shop.ana, conversation).await;
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        assert_eq!(ask(&cleo, method.clone(), call).await, refused(404, code::NOT_FOUND), "{method} by a stranger");
        assert_eq!(ask(&ben, method.clone(), call_id()).await, refused(404, code::NOT_FOUND), "{method} of a guessed id");
    }
    let foreign = NewCall { call: call_id(), conversation };
    assert_eq!(cleo.post(path::CALLS, &foreign).await.refusal(), (404, code::NOT_FOUND.into()));
    assert_eq!(ask(&ben, Method::PUT, call).await, (200, None));
    assert_eq!(shop.ana.commit(conversation, Change::default().remove_user(ben.user)).await.status, 200);
    assert_eq!(ask(&ben, Method::GET, call).await, refused(404, code::NOT_FOUND), "removed");
    assert_eq!(ask(&ben, Method::PUT, call).await, refused(404, code::NOT_FOUND), "removed");
    assert_eq!(ask(&ben, Method::DELETE, call).await, (200, None), "who was in it may still leave");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_may_only_read_neither_begins_a_call_nor_comes_into_one() {
    let mut shop = Shop::open().await;
    let ben = shop.join(1, "ben", Role::Member).await;
    let conversation = shop.ana.begin_with(&[(&ben, Role::ReadOnly)]).await;
    let new = NewCall { call: call_id(), conversation };
    assert_eq!(ben.post(path::CALLS, &new).await.refusal(), (403, code::FORBIDDEN.into()));
    let call = begin(&shop.ana, conversation).await;
    assert_eq!(ben.post(path::CALLS, &NewCall { call, conversation }).await.refusal(), (403, code::FORBIDDEN.into()));
    assert_eq!(ask(&ben, Method::PUT, call).await, refused(403, code::FORBIDDEN));
    assert_eq!(record(&ben, call).await.participants.len(), 1, "but may look who is in it");
}

/// Each device says every half minute that it is in a call: who began it must not drown in that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn that_a_call_began_is_in_the_audit_log_once() {
    let mut shop = Shop::open().await;
    let ben = shop.join(1, "ben", Role::Member).await;
    let conversation = shop.ana.begin_with(&[(&ben, Role::Member)]).await;
    let call = begin(&shop.ana, conversation).await;
    for person in [&ben, &shop.ana, &ben] {
        assert_eq!(person.post(path::CALLS, &NewCall { call, conversation }).await.status, 200);
    }
    shop.close().await;
    let data = shop.folder.path().to_str().unwrap();
    let export = std::process::Command::new(env!("CARGO_BIN_EXE_bezel-relay")).args(["audit", "export", "--data", data]).output().unwrap();
    let export = String::from_utf8(export.stdout).unwrap();
    let begun: Vec<&str> = export.lines().filter(|line| line.contains("\"call_begin\"")).collect();
    assert!(begun.len() == 1 && begun[0].contains(&shop.ana.device.to_string()), "{begun:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_of_a_call_belongs_to_one_conversation() {
    let mut shop = Shop::open().await;
    let ben = shop.join(1, "ben", Role::Member).await;
    let first = shop.ana.begin_with(&[(&ben, Role::Member)]).await;
    let second = ben.begin().await;
    let call = begin(&shop.ana, first).await;
    let again = NewCall { call, conversation: first };
    assert_eq!(ben.post(path::CALLS, &again).await.status, 200, "the same call again is joined");
    let elsewhere = NewCall { call, conversation: second };
    assert_eq!(ben.post(path::CALLS, &elsewhere).await.status, 404);
}
