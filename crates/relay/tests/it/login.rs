//! Log-ins carry rising numbers, and the relay shows the last one that it took.

use bezel_protocol::cbor;
use bezel_protocol::login::{SignedLogin, Subject};
use bezel_protocol::wire::{ErrorBody, Session, code, path};

use crate::support::{Shop, start};

/// Two copies of one home logged in side by side, and nobody noticed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_in_that_is_not_numbered_higher_is_refused_with_the_last_one() {
    let mut shop = Shop::open().await;
    let subject = Subject::Device(shop.ana.device);
    let fifth = shop.ana.answer_by(&shop.ana.challenge(subject).await, 5);
    let session: Session = shop.ana.post(path::LOGIN, &fifth).await.body();
    assert_eq!(session.last_login.map(|last| last.statement.number), Some(1), "gaps are allowed");
    // A relay that was restarted knows it still.
    shop.close().await;
    let relay = start(shop.folder.path()).await;
    shop.ana.base = format!("http://{}", relay.addr());
    for number in [5, 4, 1] {
        let again = shop.ana.answer_by(&shop.ana.challenge(subject).await, number);
        let answer = shop.ana.post(path::LOGIN, &again).await;
        assert_eq!((answer.refusal(), answer.current()), ((409, code::LOGIN_NUMBER.into()), Some(5)));
        let proof = cbor::decode::<ErrorBody>(&answer.bytes).unwrap().proof.unwrap();
        let last: SignedLogin = cbor::decode(&proof.0).unwrap();
        assert_eq!(last, SignedLogin { statement: fifth.statement, signature: fifth.signature.clone() });
    }
    for number in [0, u64::MAX] {
        let bad = shop.ana.answer_by(&shop.ana.challenge(subject).await, number);
        assert_eq!(shop.ana.post(path::LOGIN, &bad).await.status, 401, "a number that can't be kept");
    }
    let sixth = shop.ana.answer_by(&shop.ana.challenge(subject).await, 6);
    let session: Session = shop.ana.post(path::LOGIN, &sixth).await.body();
    assert_eq!(session.last_login.unwrap().statement, fifth.statement);
    relay.shutdown().await;
}

/// The number is signed: who only heard a log-in can't raise it and lock the device out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_that_was_changed_on_the_way_is_refused_and_tells_nothing() {
    let shop = Shop::open().await;
    let mut request = shop.ana.answer(&shop.ana.challenge(Subject::Device(shop.ana.device)).await);
    request.statement.number = 1_000_000;
    let answer = shop.ana.post(path::LOGIN, &request).await;
    assert_eq!(answer.refusal(), (401, code::UNAUTHENTICATED.into()));
    assert!(cbor::decode::<ErrorBody>(&answer.bytes).unwrap().proof.is_none(), "a stranger learns nothing of other log-ins");
    assert_eq!(shop.ana.post(path::LOGIN, &shop.ana.answer(&shop.ana.challenge(Subject::Device(shop.ana.device)).await)).await.status, 200);
}
