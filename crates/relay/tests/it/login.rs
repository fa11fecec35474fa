//! Log-ins carry rising numbers, and the relay shows the last one that it took.

use bezel_protocol::login::{SignedLogin, Subject};
use bezel_protocol::roster::Statement;
use bezel_protocol::wire::{ErrorBody, LoginRequest, Session, code, path};
use bezel_protocol::{DeviceId, Role, cbor};

use crate::support::{Person, Shop, start};

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

/// By the identity key alone one device is put in the place of another, and nothing else is read or said.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_identity_key_alone_only_replaces_a_device() {
    let mut shop = Shop::open().await;
    let mut ben = shop.join(1, "ben", Role::Member).await;
    ben.log_in_by_identity().await;
    for path in [path::HEADS, path::WELCOMES, path::KEY_PACKAGES] {
        assert_eq!(ben.get(path).await.status, 403, "{path}");
    }
    let mut roster = shop.roster.clone();
    let next = |ben: &Person, number: u8| {
        let mut next = ben.clone();
        next.take_device(DeviceId::from_bytes([number; 16]));
        Statement::DeviceAdd(next.certificate())
    };
    let of_another = Statement::DeviceRevoke(shop.ana.device);
    for statements in [vec![Statement::DeviceRevoke(ben.device)], vec![of_another, next(&ben, 1)], vec![next(&ben, 1), next(&ben, 2)]] {
        let answer = ben.say_in_roster(&mut roster.clone(), &statements).await;
        assert_ne!(answer.status, 200, "{statements:?}");
    }
    let old = ben.device;
    for number in 1..=9 {
        let is_first = number == 1;
        let mut statements = vec![next(&ben, number)];
        if is_first {
            statements.insert(0, Statement::DeviceRevoke(old));
        }
        let answer = ben.say_in_roster(&mut roster, &statements).await;
        let wanted = if number <= 8 { 200 } else { 429 };
        assert_eq!(answer.status, wanted, "the {number}th of a day");
    }
    let refused = ben.post(path::LOGIN, &ben.answer(&ben.challenge(Subject::Device(old)).await)).await;
    assert_eq!(refused.status, 401, "the old one is dead");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_identity_key_that_is_not_in_force_opens_nothing() {
    let mut shop = Shop::open().await;
    let ben = shop.join(1, "ben", Role::Member).await;
    let challenge = ben.challenge(Subject::User(ben.user)).await;
    let mut request = ben.answer_by_identity(&challenge);
    assert_eq!(
        shop.ana.post(path::LOGIN, &LoginRequest { signature: ben.answer(&challenge).signature, ..request.clone() }).await.status,
        401
    );
    request.statement.challenge.subject = Subject::User(shop.ana.user);
    assert_eq!(ben.post(path::LOGIN, &request).await.status, 401, "a challenge for somebody else");
    let suspended = Statement::Suspend(ben.user);
    assert_eq!(shop.ana.say_in_roster(&mut shop.roster.clone(), &[suspended]).await.status, 200);
    let challenge = ben.challenge(Subject::User(ben.user)).await;
    assert_eq!(ben.post(path::LOGIN, &ben.answer_by_identity(&challenge)).await.status, 401, "who is shut out stays out");
}
