//! Envelopes get their places.

use bezel_protocol::envelope::EnvelopeHeader;
use bezel_protocol::log::{Place, SpineEntry};
use bezel_protocol::{ConversationId, Hash, Role};
use bezel_relay::store::{AppendEnd, Appended, Caller, NewEnvelopes, Store, StoreError};
use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;
use tokio::sync::oneshot;

use crate::conformance::{
    CONVERSATION, WORKSPACE, append, begin, caller, commit, device, envelope, message, new_envelopes, new_group, say, user,
};

fn places(appended: &Appended) -> Vec<u64> {
    appended.accepted.iter().map(|accepted| accepted.place.sequence).collect()
}

const fn is_whole(appended: &Appended) -> bool {
    matches!(appended.end, AppendEnd::Whole(..))
}

pub(crate) async fn places_are_gapless_and_kept_by_id_and_counter(store: impl Store) {
    begin(&store).await;
    for number in 1..=3 {
        let appended = append(&store, 1, vec![envelope(1, number, 0, &[number])]).await;
        let accepted = appended.accepted[0];
        assert_eq!((accepted.place.sequence, accepted.sha256, accepted.stored_at_ms), (u64::from(number) + 1, Hash::of(&[number]), 5));
    }
    let (header, bytes) = envelope(1, 2, 7, b"sealed anew");
    for again in [EnvelopeHeader { counter: 99, ..header }, EnvelopeHeader { message: message(77), ..header }] {
        let again = append(&store, 1, vec![(again, bytes.clone())]).await;
        assert_eq!(places(&again), [3], "known by its id, or by its counter, whatever the epoch now");
        assert_eq!(again.accepted[0].sha256, Hash::of(&[2]), "and the answer tells which attempt is there");
    }
    let page = store.read(caller(1), |unit| Box::pin(unit.messages(CONVERSATION, (1, 9), 2, 99))).await.unwrap();
    assert_eq!(page.iter().map(|message| message.sequence).collect::<Vec<_>>(), [4, 3]);
}

/// Ids are chosen by devices: nobody can take another's before it is used.
pub(crate) async fn two_devices_may_use_one_id(store: impl Store) {
    begin(&store).await;
    commit(&store, 0, &[(1, Role::Owner), (2, Role::Member)]).await;
    assert_eq!(say(&store, 1, 1, 7).await, Some(3));
    assert_eq!(say(&store, 2, 1, 7).await, Some(4));
}

/// A client that was offline sends what it wrote in one request; the chain goes through all of it.
pub(crate) async fn several_envelopes_are_appended_in_order(store: impl Store) {
    begin(&store).await;
    assert_eq!(say(&store, 1, 0, 200).await, Some(2));
    let many: Vec<_> = (0..64).map(|number| envelope(1, number, 0, &vec![number; usize::from(number)])).collect();
    let appended = append(&store, 1, many).await;
    assert_eq!(places(&appended), (3..=66).collect::<Vec<_>>());
    let page = store.read(caller(1), |unit| Box::pin(unit.messages(CONVERSATION, (3, 66), 99, 9999))).await.unwrap();
    for (message, number) in page.iter().rev().zip(0..64_u8) {
        assert_eq!(message.envelope.0, vec![number; usize::from(number)], "each in its own place, not one byte more or less");
    }
    assert_eq!(page.len(), 64);
    let spine: Vec<SpineEntry> =
        store.read(caller(1), |unit| Box::pin(unit.spine(CONVERSATION, 1, 99, 99))).await.unwrap().entries().unwrap();
    let end = spine.iter().fold(Place::START, |place, entry| place.next(entry));
    assert_eq!((appended.accepted[63].place, appended.end), (end, AppendEnd::Whole(end, 0)));
}

/// An answer that was lost: some of the envelopes are there already, and the rest follow them.
pub(crate) async fn what_is_stored_already_keeps_its_place_before_what_is_new(store: impl Store) {
    begin(&store).await;
    let first = append(&store, 1, (1..=3).map(|number| envelope(1, number, 0, &[number])).collect()).await;
    assert_eq!(places(&first), [2, 3, 4]);
    let mixed = append(&store, 1, [2, 3, 4, 5].map(|number| envelope(1, number, 0, &[number])).to_vec()).await;
    assert!(places(&mixed) == [3, 4, 5, 6] && is_whole(&mixed), "{mixed:?}");
    let twice = append(&store, 1, [6, 6].map(|number| envelope(1, number, 0, &[number])).to_vec()).await;
    assert_eq!((places(&twice), twice.end), (vec![7], AppendEnd::Repeated));
    let behind = append(&store, 1, [7, 1].map(|number| envelope(1, number, 0, &[number])).to_vec()).await;
    assert_eq!((places(&behind), behind.end), (vec![8], AppendEnd::Repeated), "an old one is never behind a new one");
}

/// A client whose answer is late asks again, and both requests wait at one time.
pub(crate) async fn what_is_sent_twice_at_one_time_has_one_place(store: impl Store) {
    begin(&store).await;
    let (header, bytes) = envelope(1, 1, 0, b"first");
    let anew = (EnvelopeHeader { message: message(77), ..header }, b"sealed anew".to_vec());
    let (first, again, sealed, next) = tokio::join!(
        append(&store, 1, vec![(header, bytes.clone())]),
        append(&store, 1, vec![(header, bytes.clone()), envelope(1, 2, 0, b"second")]),
        append(&store, 1, vec![anew]),
        append(&store, 1, vec![envelope(1, 3, 0, b"third"), (header, bytes.clone())]),
    );
    assert_eq!((places(&first), places(&again)), (vec![2], vec![2, 3]));
    assert_eq!((places(&sealed), sealed.accepted[0].sha256), (vec![2], Hash::of(b"first")), "known by its counter");
    assert_eq!((places(&next), next.end), (vec![4], AppendEnd::Repeated), "an old one is never behind a new one");
    let page = store.read(caller(1), |unit| Box::pin(unit.messages(CONVERSATION, (1, 9), 9, 99))).await.unwrap();
    assert_eq!(page.iter().map(|message| message.sequence).collect::<Vec<_>>(), [4, 3, 2]);
}

/// Appends of many devices to several conversations share their rounds to the database, and are judged one by one.
pub(crate) async fn appends_that_wait_together_are_judged_each_by_itself(store: impl Store) {
    begin(&store).await;
    commit(&store, 0, &[(1, Role::Owner), (2, Role::Member)]).await;
    let other = ConversationId::from_bytes([8; 16]);
    let group = new_group(other);
    store.write(caller(2), move |unit| Box::pin(async move { unit.insert_conversation(&group, (1, 0)).await })).await.unwrap();
    store.write(Caller::Relay, |unit| Box::pin(unit.put_device(device(4), user(1), Some(1)))).await.unwrap();
    let elsewhere = |by, number| {
        let new = new_envelopes(vec![envelope(by, number, 0, &[number])], (5, 0));
        store.append(caller(by), NewEnvelopes { conversation: other, ..new })
    };
    let of_the_revoked = Caller::Device { workspace: WORKSPACE, user: user(1), device: device(4) };
    let (ana, ben, in_other, stranger, revoked, stale, later) = tokio::join!(
        append(&store, 1, vec![envelope(1, 1, 1, b"a")]),
        append(&store, 2, vec![envelope(2, 1, 1, b"b"), envelope(2, 2, 1, b"c")]),
        elsewhere(2, 1),
        elsewhere(1, 1),
        store.append(of_the_revoked, new_envelopes(vec![envelope(4, 1, 1, b"d")], (5, 0))),
        append(&store, 1, vec![envelope(1, 2, 0, b"e")]),
        store.append(caller(1), new_envelopes(vec![envelope(1, 3, 1, b"f")], (6, 2))),
    );
    assert_eq!((places(&ana), places(&ben)), (vec![3], vec![4, 5]));
    assert_eq!(places(&in_other.unwrap()), [2], "each conversation has its own numbers");
    assert_eq!(stranger.unwrap().end, AppendEnd::NotThere);
    assert!(matches!(revoked, Err(StoreError::ShutOut)), "{revoked:?}");
    assert_eq!(stale.end, AppendEnd::StaleEpoch(1));
    let later = later.unwrap();
    assert_eq!((places(&later), later.accepted[0].roster), (vec![6], 2));
    let spine = store.read(caller(1), |unit| Box::pin(unit.spine(CONVERSATION, 1, 99, 99))).await.unwrap().entries().unwrap();
    let end = spine.iter().fold(Place::START, |place, entry| place.next(entry));
    assert_eq!((later.accepted[0].place, later.end), (end, AppendEnd::Whole(end, 1)), "the chain goes through all of them");
    let said = store.read(caller(2), |unit| Box::pin(unit.messages(CONVERSATION, (4, 5), 9, 99))).await.unwrap();
    assert_eq!(said.iter().map(|message| message.envelope.0.as_slice()).collect::<Vec<_>>(), [b"c", b"b"]);
}

/// A commit came between what a client wrote: the part before it counts, the rest is sealed anew.
pub(crate) async fn an_append_takes_the_prefix_that_it_can(store: impl Store) {
    begin(&store).await;
    commit(&store, 0, &[(1, Role::Owner), (2, Role::Member)]).await;
    let (a, b, c, d) = (envelope(1, 1, 1, b"a"), envelope(1, 2, 1, b"b"), envelope(1, 3, 0, b"c"), envelope(1, 4, 1, b"d"));
    let stale = append(&store, 1, vec![a, b, c, d]).await;
    assert_eq!((places(&stale), stale.end), (vec![3, 4], AppendEnd::StaleEpoch(1)));
    let next = append(&store, 1, vec![envelope(1, 10, 1, b"g")]).await;
    assert_eq!(places(&next), [5], "what was refused has no place");
}

/// An author who knows more than the relay, or something else, is told so: a relay put back from a copy must not look like an old epoch.
pub(crate) async fn an_envelope_names_a_place_and_an_epoch_that_are_there(store: impl Store) {
    begin(&store).await;
    let first = append(&store, 1, vec![envelope(1, 1, 0, b"a")]).await.accepted[0].place;
    let naming = |number, seen| (EnvelopeHeader { seen, ..envelope(1, number, 0, b"").0 }, b"b".to_vec());
    assert!(is_whole(&append(&store, 1, vec![naming(2, first)]).await));
    let later = append(&store, 1, vec![naming(3, Place { sequence: 9, ..first })]).await;
    assert_eq!((places(&later), later.end), (vec![], AppendEnd::Ahead));
    let other = append(&store, 1, vec![naming(4, Place { hash: Hash::of(b"another history"), ..first })]).await;
    assert_eq!((places(&other), other.end), (vec![], AppendEnd::Forked));
    let epoch = append(&store, 1, vec![envelope(1, 5, 3, b"c")]).await;
    assert_eq!((places(&epoch), epoch.end), (vec![], AppendEnd::Ahead));
}

pub(crate) async fn who_may_not_write_gets_no_place(store: impl Store) {
    begin(&store).await;
    commit(&store, 0, &[(1, Role::Owner), (2, Role::Member)]).await;
    assert_eq!(say(&store, 2, 1, 7).await, Some(3));
    commit(&store, 1, &[(1, Role::Owner), (2, Role::ReadOnly)]).await;
    let read_only = append(&store, 2, vec![envelope(2, 7, 1, &[7]), envelope(2, 8, 2, &[8])]).await;
    assert_eq!((places(&read_only), read_only.end), (vec![3], AppendEnd::ReadOnly), "what was said before is answered as it was");
    commit(&store, 2, &[(1, Role::Owner)]).await;
    let removed = append(&store, 2, vec![envelope(2, 7, 1, &[7])]).await;
    assert_eq!((places(&removed), removed.end), (vec![], AppendEnd::NotThere));
}

/// Two hundred envelopes of a mebibyte were one answer of 200 MB, built in memory for everyone who asked.
pub(crate) async fn pages_of_envelopes_are_bounded_in_bytes(store: impl Store) {
    begin(&store).await;
    append(&store, 1, (1..=4).map(|number| envelope(1, number, 0, &[number; 10])).collect()).await;
    for (max_bytes, expected) in [(0, vec![5]), (20, vec![5, 4]), (39, vec![5, 4, 3]), (40, vec![5, 4, 3, 2])] {
        let page = store.read(caller(1), move |unit| Box::pin(unit.messages(CONVERSATION, (1, 9), 9, max_bytes))).await.unwrap();
        let sequences: Vec<u64> = page.iter().map(|message| message.sequence).collect();
        assert_eq!(sequences, expected, "the newest, at least one, and no more than {max_bytes} bytes");
    }
}

/// Appends that wait together are written in one round: damage in one conversation must not cost the others theirs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_conversation_holds_up_no_append_that_waits_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = crate::sqlite_in(folder.path().to_owned()).await;
    begin(&store).await;
    let damaged = ConversationId::from_bytes([8; 16]);
    let new = new_group(damaged);
    store.write(caller(1), move |unit| Box::pin(async move { unit.insert_conversation(&new, (1, 0)).await })).await.unwrap();
    let mut file = SqliteConnectOptions::new().filename(folder.path().join("relay.db")).connect().await.unwrap();
    sqlx::query("UPDATE group_conversations SET last_hash = x'00' WHERE conversation_id = $1")
        .bind(damaged.as_bytes().as_slice())
        .execute(&mut file)
        .await
        .unwrap();
    let (release, held) = oneshot::channel::<()>();
    let waits = store.write(Caller::Relay, move |_| {
        Box::pin(async move {
            let _ = held.await;
            Ok(())
        })
    });
    let into = |conversation, number: u8| NewEnvelopes { conversation, ..new_envelopes(vec![envelope(1, number, 0, &[number])], (5, 0)) };
    let (held, first, second, third, ()) = tokio::join!(
        waits,
        store.append(caller(1), into(CONVERSATION, 1)),
        store.append(caller(1), into(damaged, 2)),
        store.append(caller(1), into(CONVERSATION, 3)),
        // All of them wait by now.
        async { release.send(()).unwrap() }
    );
    held.unwrap();
    assert!(matches!(second, Err(StoreError::Damaged(_))), "{second:?}");
    assert_eq!((places(&first.unwrap()), places(&third.unwrap())), (vec![2], vec![3]));
    assert_eq!(say(&store, 1, 0, 4).await, Some(4), "and the writer goes on");
}
