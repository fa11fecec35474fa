//! Links for guests: who has them, and who comes in by them.

use bezel_protocol::wire::{NewCall, NewGuestLink, OpenGuestLink, Participant};
use bezel_protocol::{CallId, GuestId, GuestLinkId, Role};
use bezel_relay::store::{Admission, Caller, Departure, Presence, Store, StoreError};

use crate::conformance::{CONVERSATION, INVITE, begin, caller, commit, device, user};

const LINK: GuestLinkId = GuestLinkId::from_bytes([5; 16]);
const CALL: CallId = CallId::from_bytes([6; 16]);

const fn guest(number: u8) -> GuestId {
    GuestId::from_bytes([number; 16])
}

const fn new(is_single_use: bool) -> NewGuestLink {
    NewGuestLink { link: LINK, conversation: CONVERSATION, call: CALL, expires_at_ms: 1000, is_single_use }
}

async fn make(store: &impl Store, by: u8, new: NewGuestLink) -> bool {
    store.write(caller(by), move |unit| Box::pin(async move { unit.insert_guest_link(&new, 1).await })).await.unwrap()
}

async fn call(store: &impl Store) -> Presence {
    let new = NewCall { call: CALL, conversation: CONVERSATION };
    store.write(caller(1), move |unit| Box::pin(async move { unit.insert_call(&new, 2).await })).await.unwrap()
}

async fn admit(store: &impl Store, by: u8, number: u8, now_ms: i64) -> Admission {
    store.write(caller(by), move |unit| Box::pin(unit.admit_guest(LINK, guest(number), now_ms))).await.unwrap()
}

pub(crate) async fn a_link_of_single_use_admits_one_guest_who_may_come_again(store: impl Store) {
    begin(&store).await;
    assert!(make(&store, 1, new(true)).await);
    assert_eq!(admit(&store, 1, 1, 3).await, Admission::NoCall, "a link may be older than its call");
    assert_eq!(call(&store).await, Presence::Present);
    assert_eq!(admit(&store, 1, 1, 3).await, Admission::Admitted(CALL));
    assert_eq!(admit(&store, 1, 2, 4).await, Admission::Used);
    store.write(Caller::Relay, |unit| Box::pin(unit.remove_guest(CALL, guest(1), 5))).await.unwrap();
    assert_eq!(admit(&store, 1, 1, 6).await, Admission::Admitted(CALL));
    let record = store.read(caller(1), |unit| Box::pin(unit.call(CALL))).await.unwrap().unwrap();
    let guests = record.participants.iter().filter(|participant| participant.who == Participant::Guest(guest(1)));
    assert_eq!(guests.map(|times| (times.joined_at_ms, times.left_at_ms)).collect::<Vec<_>>(), [(3, Some(5)), (6, None)]);
}

pub(crate) async fn a_link_ends_with_its_time_and_by_revocation_but_who_is_in_stays(store: impl Store) {
    begin(&store).await;
    assert!(make(&store, 1, new(false)).await);
    assert!(make(&store, 1, new(false)).await, "the same again");
    assert!(!make(&store, 1, NewGuestLink { expires_at_ms: 9999, ..new(false) }).await, "nor does it live longer by that");
    call(&store).await;
    assert_eq!(admit(&store, 1, 1, 999).await, Admission::Admitted(CALL));
    assert_eq!(admit(&store, 1, 2, 1000).await, Admission::Expired);
    assert!(store.write(caller(1), |unit| Box::pin(unit.revoke_guest_link(LINK, 5))).await.unwrap());
    assert_eq!(admit(&store, 1, 2, 6).await, Admission::Revoked);
    assert_eq!(admit(&store, 1, 1, 2000).await, Admission::Admitted(CALL));
}

pub(crate) async fn guests_leave_with_the_last_device_and_with_silence(store: impl Store) {
    begin(&store).await;
    assert!(make(&store, 1, new(false)).await);
    call(&store).await;
    for number in [1, 2] {
        assert_eq!(admit(&store, 1, number, 3).await, Admission::Admitted(CALL));
    }
    assert!(store.write(Caller::Relay, |unit| Box::pin(unit.see_guest(CALL, guest(1), 50))).await.unwrap());
    store.write(caller(1), |unit| Box::pin(unit.join_call(CALL, 50))).await.unwrap();
    let silence = store.write(Caller::Relay, |unit| Box::pin(unit.end_silent_calls(40))).await.unwrap();
    assert_eq!((silence.left, silence.calls), (1, vec![]), "the second guest said nothing");
    assert!(!store.write(Caller::Relay, |unit| Box::pin(unit.see_guest(CALL, guest(2), 60))).await.unwrap());
    let departure = store.write(caller(1), |unit| Box::pin(unit.leave_call(CALL, 70))).await.unwrap();
    assert_eq!(departure, Departure::Ended);
    let record = store.read(caller(1), |unit| Box::pin(unit.call(CALL))).await.unwrap().unwrap();
    assert_eq!(record.participants.iter().map(|times| times.left_at_ms).collect::<Vec<_>>(), [Some(70), Some(70), Some(3)]);
    assert_eq!(admit(&store, 1, 3, 71).await, Admission::NoCall);
    let row = store.read(Caller::Relay, |unit| Box::pin(unit.guest_link(LINK))).await.unwrap().unwrap();
    assert!(!row.is_call_over && !row.is_revoked, "a link of several uses leads into it again");
    let join = |now_ms| store.write(caller(1), move |unit| Box::pin(unit.join_call(CALL, now_ms)));
    assert_eq!(join(72).await.unwrap(), Presence::Present);
    assert_eq!(admit(&store, 1, 3, 73).await, Admission::Admitted(CALL));
    store.write(caller(1), |unit| Box::pin(unit.leave_call(CALL, 74))).await.unwrap();
    assert!(store.write(caller(1), |unit| Box::pin(unit.revoke_guest_link(LINK, 75))).await.unwrap());
    assert_eq!(join(76).await.unwrap(), Presence::Over);
}

pub(crate) async fn a_link_exists_only_for_members_of_its_conversation(store: impl Store) {
    begin(&store).await;
    assert!(make(&store, 1, new(true)).await);
    call(&store).await;
    let sees = |by: u8| store.read(caller(by), |unit| Box::pin(unit.guest_link_target(LINK)));
    assert_eq!(sees(1).await.unwrap(), Some((CONVERSATION, CALL)));
    assert_eq!(sees(2).await.unwrap(), None);
    assert_eq!(admit(&store, 2, 1, 3).await, Admission::NotThere);
    assert!(!store.write(caller(2), |unit| Box::pin(unit.revoke_guest_link(LINK, 3))).await.unwrap());
    assert!(!make(&store, 2, new(true)).await, "the id is taken");
    commit(&store, 0, &[(1, Role::Owner), (2, Role::Member)]).await;
    assert_eq!(sees(2).await.unwrap(), Some((CONVERSATION, CALL)));
    let readers = store.read(Caller::Relay, |unit| Box::pin(unit.readers(CONVERSATION))).await.unwrap();
    assert_eq!(readers, [device(1), device(2)]);
}

pub(crate) async fn links_are_listed_as_long_as_they_hold_for_who_reads_the_conversation(store: impl Store) {
    begin(&store).await;
    let many = NewGuestLink { link: GuestLinkId::from_bytes([7; 16]), expires_at_ms: 900, ..new(false) };
    assert!(make(&store, 1, new(true)).await && make(&store, 1, many).await);
    call(&store).await;
    let list = |by: u8, now_ms| store.read(caller(by), move |unit| Box::pin(unit.open_guest_links(now_ms)));
    let ids = async |by, now_ms| list(by, now_ms).await.unwrap().iter().map(|open| (open.link, open.is_used)).collect::<Vec<_>>();
    let open = list(1, 3).await.unwrap();
    let expected = OpenGuestLink {
        link: LINK,
        conversation: CONVERSATION,
        call: CALL,
        user: user(1),
        expires_at_ms: 1000,
        is_single_use: true,
        is_used: false,
    };
    assert_eq!((open.len(), open.last()), (2, Some(&expected)));
    assert_eq!(ids(2, 3).await, [], "who does not read the conversation");
    assert_eq!(admit(&store, 1, 1, 4).await, Admission::Admitted(CALL));
    assert_eq!(ids(1, 5).await, [(many.link, false), (LINK, true)]);
    assert_eq!(ids(1, 900).await, [(LINK, true)], "the other one's time is over");
    store.write(caller(1), |unit| Box::pin(unit.leave_call(CALL, 6))).await.unwrap();
    assert_eq!(ids(1, 7).await, [(many.link, false)], "one of single use ends with its call");
    assert!(store.write(caller(1), |unit| Box::pin(unit.revoke_guest_link(LINK, 8))).await.unwrap());
    assert!(store.write(caller(1), move |unit| Box::pin(unit.revoke_guest_link(many.link, 8))).await.unwrap());
    assert_eq!(ids(1, 9).await, []);
}

pub(crate) async fn what_the_relay_does_for_browsers_nobody_else_does(store: impl Store) {
    begin(&store).await;
    macro_rules! denied {
        ($caller:expr, $work:expr) => {
            assert!(matches!(store.write($caller, $work).await, Err(StoreError::WrongCaller)))
        };
    }
    for caller in [caller(1), INVITE] {
        denied!(caller, |unit| Box::pin(unit.guest_link(LINK)));
        denied!(caller, |unit| Box::pin(unit.readers(CONVERSATION)));
        denied!(caller, |unit| Box::pin(unit.see_guest(CALL, guest(1), 1)));
        denied!(caller, |unit| Box::pin(unit.remove_guest(CALL, guest(1), 1)));
        denied!(caller, |unit| Box::pin(unit.end_silent_calls(1)));
    }
    for caller in [INVITE, Caller::Relay] {
        denied!(caller, |unit| Box::pin(async move { unit.insert_guest_link(&new(true), 1).await }));
        denied!(caller, |unit| Box::pin(unit.guest_link_target(LINK)));
        denied!(caller, |unit| Box::pin(unit.open_guest_links(1)));
        denied!(caller, |unit| Box::pin(unit.revoke_guest_link(LINK, 1)));
        denied!(caller, |unit| Box::pin(unit.admit_guest(LINK, guest(1), 1)));
    }
}
