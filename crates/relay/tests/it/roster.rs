//! The roster over time: what the relay lets grow, by its own clock, and what it opens to a device whose certificate has ended.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bezel_protocol::cose::Signer;
use bezel_protocol::roster::{IdentityRotate, Roster, SignedStatement, Statement};
use bezel_protocol::wire::{KeyPackageCounts, code, path};
use bezel_protocol::{DeviceId, Role};
use bezel_relay::{Clock, Relay};

use crate::support::{Answer, Identity, Person, Shop, changed, now_ms, options, random, statements_of};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// The machine's clock, moved as one likes.
#[derive(Default)]
struct Shifted(AtomicI64);

impl Clock for Shifted {
    fn now_ms(&self) -> i64 {
        now_ms() + self.0.load(Ordering::SeqCst)
    }
}

async fn open() -> (Shop, Arc<Shifted>) {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Arc::<Shifted>::default());
    let relay = Relay::start_by(options(folder.path()), Arc::<Shifted>::clone(&clock)).await.unwrap();
    (Shop::found(format!("http://{}", relay.addr()), Some(relay), folder).await, clock)
}

/// Says something that follows `roster`, which takes it if the relay does.
async fn say(roster: &mut Roster, by: &Person, statement: Statement, signers: &[&dyn Signer]) -> Answer {
    let signed = roster.next(now_ms(), statement).sign(signers).unwrap();
    let answer = by.post(path::ROSTER, &statements_of(std::slice::from_ref(&signed))).await;
    if answer.status == 200 {
        roster.append(&signed).unwrap();
    }
    answer
}

/// A guest renewed a certificate 512 times in a second, and every later start of everybody replayed that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_who_renews_without_end_is_refused() {
    let (mut shop, clock) = open().await;
    let mut guest = shop.join(1, "guest", Role::Guest).await;
    let mut roster = shop.roster.clone();
    let renewal = |guest: &Person| Statement::DeviceAdd(guest.certificate());
    let first = say(&mut roster, &guest, renewal(&guest), &[&guest.identity]).await;
    assert_eq!(first.status, 200);
    let second = say(&mut roster, &guest, renewal(&guest), &[&guest.identity]).await;
    assert_eq!(second.refusal(), (429, code::TOO_MANY.into()));
    clock.0.store(DAY_MS / 2, Ordering::SeqCst);
    guest.log_in().await;
    let same_day = say(&mut roster, &guest, renewal(&guest), &[&guest.identity]).await;
    assert_eq!(same_day.refusal(), (429, code::TOO_MANY.into()));
    clock.0.store(DAY_MS - HOUR_MS / 2, Ordering::SeqCst);
    guest.log_in().await;
    clock.0.store(DAY_MS + 1, Ordering::SeqCst);
    let next_day = say(&mut roster, &guest, renewal(&guest), &[&guest.identity]).await;
    assert_eq!(next_day.status, 200, "once a day is right");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_identity_key_is_rotated_five_times_in_a_month_at_most() {
    let (mut shop, _clock) = open().await;
    let ben = shop.join(1, "ben", Role::Member).await;
    let (mut roster, mut old) = (shop.roster.clone(), ben.identity.clone());
    for number in 2..8 {
        let new = Identity::numbered(number);
        let rotate = Statement::IdentityRotate(IdentityRotate { user: ben.user, identity_key: new.public.clone() });
        let answer = say(&mut roster, &ben, rotate, &[&old, &new]).await;
        if number == 7 {
            assert_eq!(answer.refusal(), (429, code::TOO_MANY.into()), "the sixth");
        } else {
            assert_eq!(answer.status, 200);
            old = new;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_who_adds_and_revokes_devices_without_end_is_refused() {
    let (mut shop, _clock) = open().await;
    let mut guest = shop.join(1, "guest", Role::Guest).await;
    let mut roster = shop.roster.clone();
    let mut statements: Vec<SignedStatement> = Vec::new();
    while statements.len() < 61 {
        guest.take_device(DeviceId::new(now_ms(), random()));
        let add = roster.next(now_ms(), Statement::DeviceAdd(guest.certificate())).sign(&[&guest.identity]).unwrap();
        roster.append(&add).unwrap();
        let revoke = roster.next(now_ms(), Statement::DeviceRevoke(guest.device)).sign(&[&guest.identity]).unwrap();
        roster.append(&revoke).unwrap();
        statements.extend([add, revoke]);
    }
    let (many, few) = (&statements, statements.get(..60).unwrap());
    assert_eq!(guest.post(path::ROSTER, &statements_of(many)).await.refusal(), (429, code::TOO_MANY.into()));
    assert_eq!(guest.post(path::ROSTER, &statements_of(few)).await.status, 200);
    let rest = statements.get(60..61).unwrap();
    assert_eq!(guest.post(path::ROSTER, &statements_of(rest)).await.refusal(), (429, code::TOO_MANY.into()));
}

/// A clock that ran ahead once froze the roster for as long.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_may_be_dated_as_late_as_the_head_and_no_later() {
    let (mut shop, clock) = open().await;
    let ben = shop.join(1, "ben", Role::Member).await;
    let mut roster = shop.roster.clone();
    let ahead_ms = now_ms() + DAY_MS / 2;
    let dated = |roster: &Roster, at_ms: i64, statement: Statement| {
        changed(roster.next(now_ms(), statement), |body| body.at_ms = at_ms).sign(&[&shop.ana.identity]).unwrap()
    };
    clock.0.store(DAY_MS / 2, Ordering::SeqCst);
    let mut ana = shop.ana.clone();
    ana.log_in().await;
    let ahead = dated(&roster, ahead_ms, Statement::Suspend(ben.user));
    assert_eq!(ana.post(path::ROSTER, &statements_of(std::slice::from_ref(&ahead))).await.status, 200);
    roster.append(&ahead).unwrap();

    clock.0.store(0, Ordering::SeqCst);
    let later = dated(&roster, ahead_ms + 1, Statement::Reinstate(ben.user));
    assert_eq!(ana.post(path::ROSTER, &statements_of(&[later])).await.refusal(), (422, code::REFUSED.into()));
    let as_late = roster.next(now_ms(), Statement::Reinstate(ben.user)).sign(&[&shop.ana.identity]).unwrap();
    assert_eq!(as_late.body().at_ms, ahead_ms, "time does not go back");
    assert_eq!(ana.post(path::ROSTER, &statements_of(&[as_late])).await.status, 200);
}

/// Renewing asked for a log-in, and a log-in for a certificate in force.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_whose_certificate_has_ended_reaches_the_roster_alone() {
    let (mut shop, clock) = open().await;
    let mut ben = shop.join(1, "ben", Role::Member).await;
    clock.0.store(2 * DAY_MS, Ordering::SeqCst);
    ben.log_in().await;
    for path in [path::HEADS, path::KEY_PACKAGES, path::WELCOMES, path::VAULT] {
        assert_eq!(ben.get(path).await.refusal(), (403, code::LAPSED.into()), "{path}");
    }
    assert_eq!(ben.get(path::ROSTER).await.status, 200);
    let mut roster = shop.roster.clone();
    let leave = say(&mut roster, &ben, Statement::Remove(ben.user), &[&ben.identity]).await;
    assert_eq!(leave.refusal(), (403, code::LAPSED.into()), "nothing but the renewal");
    ben.certify_for(5 * DAY_MS);
    assert_eq!(say(&mut roster, &ben, Statement::DeviceAdd(ben.certificate()), &[&ben.identity]).await.status, 200);
    let counts: KeyPackageCounts = ben.get(path::KEY_PACKAGES).await.body();
    assert!(counts.counts.iter().all(|count| count.one_time == 0), "the same session stands again");
}
