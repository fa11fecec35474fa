//! A relay that was put back from a copy takes back what it lost, and nothing that was never there.

use bezel_crypto::group::Change;
use bezel_protocol::ConversationId;
use bezel_protocol::envelope::{self, EnvelopeHeader};
use bezel_protocol::log::{EntryKind, Generation, LostBranch, Place, SignedHead, Spine, SpineEntry};
use bezel_protocol::roster::Statement;
use bezel_protocol::wire::{
    Bytes, Compare, Compared, ErrorBody, Heads, LostTold, MessageAccepted, NewMessages, Offer, Offered, OfferedStatements, Offers,
    OffersTaken, RosterAppended, code, path,
};
use bezel_protocol::{Hash, Role};
use bezel_relay::BlobLocation;
use reqwest::Method;

use crate::support::{Answer, Ed25519Key, Person, Shop, random, start, statements_of};

/// Ana's conversation, of which the relay has lost all but the first of three messages; mal is in the workspace alone.
struct Scene {
    shop: Shop,
    mal: Person,
    log: ConversationId,
    lost: Vec<(Offer, Place)>,
    generation: Generation,
    first: Place,
    /// Where the log ended before, by the relay's word.
    head: SignedHead,
}

impl Scene {
    async fn open() -> Self {
        let mut shop = Shop::open().await;
        let mal = shop.join(1, "mal", Role::Member).await;
        let log = shop.ana.begin().await;
        let mut said = Vec::new();
        for number in 0..3 {
            let message = shop.ana.envelope(&shop.ana.header(log, 0));
            said.push(offer(&message, &shop.ana.send(log, &message).await.accepted()));
            if number == 0 {
                let copy = shop.folder.path().join("copy");
                bezel_relay::backup(shop.folder.path(), &BlobLocation::default(), &copy).await.unwrap();
            }
        }
        let head = shop.ana.get(&path::of(path::HEAD, log)).await.body::<SignedHead>();
        shop.close().await;
        let relay = start(&shop.folder.path().join("copy")).await;
        let base = format!("http://{}", relay.addr());
        shop.relay = Some(relay);
        let mut scene =
            Self { first: said[0].1, head, lost: said.split_off(1), generation: Generation::from_bytes([0; 16]), shop, mal, log };
        for person in [&mut scene.shop.ana, &mut scene.mal] {
            person.base.clone_from(&base);
            assert_eq!(person.get(path::HEADS).await.status, 401, "no session outlives a copy");
            person.log_in().await;
        }
        scene.generation = scene.shop.ana.get(path::HEADS).await.body::<Heads>().generation.generation;
        scene
    }

    async fn offer(&self, by: &Person, after: Place, entries: Vec<Offer>) -> Answer {
        by.post(&path::of(path::OFFERS, self.log), &Offers { generation: self.generation, after, entries }).await
    }

    /// What the relay says of one entry that is offered as the next one.
    async fn refusal(&self, by: &Person, offer: Offer) -> String {
        let answer: OffersTaken = self.offer(by, self.first, vec![offer]).await.body();
        assert_eq!((answer.taken, answer.head.place), (0, self.first), "nothing was taken");
        answer.refused.unwrap().code
    }

    async fn compare(&self, by: &Person, end: Place, places: Vec<Place>) -> Answer {
        by.post(&path::of(path::COMPARE, self.log), &Compare { generation: self.generation, end, places }).await
    }
}

fn offer(message: &NewMessages, accepted: &MessageAccepted) -> (Offer, Place) {
    let MessageAccepted { place, stored_at_ms, roster, .. } = *accepted;
    let content = Offered::Bytes(message.envelopes[0].clone());
    (Offer { kind: EntryKind::Envelope, stored_at_ms, roster, hash: place.hash, content }, place)
}

/// The same entry with other bytes, and a chain that fits them.
fn forged(after: Place, like: &Offer, content: Offered) -> Offer {
    let mut offer = Offer { content, ..like.clone() };
    offer.hash = after.next(&offer.entry()).hash;
    offer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_exact_next_entries_are_taken_back_and_their_chain_comes_out() {
    let scene = Scene::open().await;
    let entries: Vec<Offer> = scene.lost.iter().map(|(offer, _)| offer.clone()).collect();
    let taken: OffersTaken = scene.offer(&scene.mal, scene.first, entries).await.body();
    assert_eq!((taken.taken, taken.head.place, taken.refused), (2, scene.lost[1].1, None), "whoever may log in may bring them");
    let read: bezel_protocol::wire::Messages = scene.shop.ana.read(scene.log, 1, 9).await.body();
    assert_eq!(read.messages.len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_that_is_not_the_next_one_waits() {
    let scene = Scene::open().await;
    let (second, place) = scene.lost[1].clone();
    let answer: OffersTaken = scene.offer(&scene.shop.ana, scene.lost[0].1, vec![second.clone()]).await.body();
    assert_eq!((answer.taken, answer.refused.map(|refused| refused.code)), (0, Some(code::AHEAD.into())));
    assert_ne!(answer.head.place, place);
    assert_eq!(scene.refusal(&scene.shop.ana, second).await, code::FORKED, "its chain is another one here");
}

/// A lying member: a wrong chain value, somebody else's signature, a message of somebody who was never in, an invented `restored`, another stamp.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn false_entries_are_not_taken() {
    let scene = Scene::open().await;
    let (true_one, _) = scene.lost[0].clone();
    let wrong_value = Offer { hash: Hash::of(b"another"), ..true_one.clone() };
    assert_eq!(scene.refusal(&scene.mal, wrong_value).await, code::FORKED);
    let later = Offer { stored_at_ms: true_one.stored_at_ms + 1, ..true_one.clone() };
    assert_eq!(scene.refusal(&scene.mal, later).await, code::FORKED, "another time is another chain");

    let ana = &scene.shop.ana;
    let header = EnvelopeHeader { device: scene.mal.device, ..ana.header(scene.log, 0) };
    let by_mal = envelope_by(&scene.mal.message_key, &header);
    assert_eq!(scene.refusal(&scene.mal, forged(scene.first, &true_one, by_mal)).await, code::REFUSED, "mal was never in");
    let in_anas_name = envelope_by(&scene.mal.message_key.posing_as(ana.device.as_bytes()), &ana.header(scene.log, 0));
    assert_eq!(scene.refusal(&scene.mal, forged(scene.first, &true_one, in_anas_name)).await, code::REFUSED, "ana did not sign it");

    let head = SignedHead {
        generation: scene.generation,
        conversation: scene.log,
        place: scene.first,
        epoch: 0,
        at_ms: true_one.stored_at_ms,
        signature: Bytes(random::<64>().to_vec()),
    };
    let invented = Offered::Bytes(Bytes(bezel_protocol::cbor::encode(&head)));
    let restored = forged(scene.first, &Offer { kind: EntryKind::Restored, ..true_one.clone() }, invented);
    assert_eq!(scene.refusal(&scene.mal, restored).await, code::REFUSED);
    let by_hash = forged(scene.first, &true_one, Offered::Hash(true_one.entry().sha256));
    assert_eq!(scene.refusal(&scene.mal, by_hash).await, code::REFUSED, "it is not old enough to be known by its hash alone");
    let stamped = forged(scene.first, &Offer { roster: 99, ..true_one.clone() }, true_one.content.clone());
    assert_eq!(scene.refusal(&scene.mal, stamped).await, code::AHEAD, "a roster statement that was never there");

    let taken: OffersTaken = scene.offer(ana, scene.first, vec![true_one]).await.body();
    assert_eq!(taken.taken, 1, "none of it stands in the way of the true one");
}

fn envelope_by(key: &Ed25519Key, header: &EnvelopeHeader) -> Offered {
    Offered::Bytes(Bytes(envelope::build(header, random(), random::<64>().to_vec(), key).unwrap()))
}

/// Who was removed in the stretch that was lost is removed again by the commit itself, and writes nothing behind it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_who_was_removed_writes_into_a_log_that_heals() {
    let mut shop = Shop::open().await;
    let mut mal = shop.join(1, "mal", Role::Member).await;
    let log = shop.ana.begin_with(&[(&mal, Role::Member)]).await;
    let before = shop.ana.end_of_log(log).await;
    let copy = shop.folder.path().join("copy");
    bezel_relay::backup(shop.folder.path(), &BlobLocation::default(), &copy).await.unwrap();
    let removal = shop.ana.build(log, Change::rotate().remove_user(mal.user)).await;
    assert_eq!(shop.ana.send_commit(&removal).await.status, 200);
    let entry = *shop.ana.spine(log).await.last().unwrap();
    shop.close().await;
    let relay = start(&copy).await;
    for person in [&mut shop.ana, &mut mal] {
        person.base = format!("http://{}", relay.addr());
        person.log_in().await;
    }
    shop.relay = Some(relay);
    let generation = shop.ana.get(path::HEADS).await.body::<Heads>().generation.generation;
    let offers = |after: Place, kind, content: Offered| {
        let like = Offer { kind, stored_at_ms: entry.stored_at_ms, roster: entry.roster, hash: Hash::ZERO, content: content.clone() };
        Offers { generation, after, entries: vec![forged(after, &like, content)] }
    };
    let path = path::of(path::OFFERS, log);
    let removal = offers(before, EntryKind::Commit, Offered::Bytes(Bytes(removal.entry.clone())));
    let taken: OffersTaken = mal.post(&path, &removal).await.body();
    assert_eq!((taken.taken, taken.head.epoch), (1, 2), "whoever brings it, mal too");
    for (epoch, expected) in [(1, code::STALE_EPOCH), (2, code::REFUSED)] {
        let message = envelope_by(&mal.message_key, &mal.header(log, epoch));
        let answer: OffersTaken = mal.post(&path, &offers(taken.head.place, EntryKind::Envelope, message)).await.body();
        assert_eq!((answer.taken, answer.refused.unwrap().code.as_str()), (0, expected));
    }
}

/// Entries that nobody has bytes of come back with a later one whose author had seen them, and not without.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_entries_come_back_by_their_hash_when_a_later_author_has_seen_them() {
    let scene = Scene::open().await;
    let old = |content: Offered, after: Place| {
        let stored_at_ms = scene.lost[0].0.stored_at_ms - 40 * 86_400_000;
        forged(after, &Offer { stored_at_ms, ..scene.lost[0].0.clone() }, content)
    };
    let ana = &scene.shop.ana;
    let first = old(Offered::Hash(Hash::of(b"gone")), scene.first);
    let gone = scene.first.next(&first.entry());
    let unseen = old(envelope_by(&ana.message_key, &EnvelopeHeader { seen: scene.first, ..ana.header(scene.log, 0) }), gone);
    let answer: OffersTaken = scene.offer(ana, scene.first, vec![first.clone(), unseen]).await.body();
    assert_eq!((answer.taken, answer.head.place), (0, scene.first), "nobody who signed has seen it");
    let seen = old(envelope_by(&ana.message_key, &EnvelopeHeader { seen: gone, ..ana.header(scene.log, 0) }), gone);
    let answer: OffersTaken = scene.offer(ana, scene.first, vec![first, seen]).await.body();
    assert_eq!((answer.taken, answer.refused), (2, None));
    let read: bezel_protocol::wire::Messages = ana.read(scene.log, 1, 9).await.body();
    assert_eq!((read.messages.len(), read.lost), (2, vec![gone.sequence]));
}

/// New entries wait until everybody has compared; then the relay says so in the log, and takes nothing back any more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_entries_wait_until_everybody_has_compared() {
    let scene = Scene::open().await;
    let ana = &scene.shop.ana;
    assert_eq!(ana.say(scene.log, 0).await.refusal(), (409, code::HEALING.into()));
    let (first, end) = (scene.lost[0].clone(), scene.lost[1].1);
    let compared: Compared = scene.compare(ana, end, vec![scene.first, first.1, end]).await.body();
    assert_eq!((compared.shared, compared.heals), (scene.first, true), "ana waits for her turn to offer");
    assert_eq!(ana.say(scene.log, 0).await.refusal().1, code::HEALING);
    let entries = scene.lost.iter().map(|(offer, _)| offer.clone()).collect();
    assert_eq!(scene.offer(ana, scene.first, entries).await.body::<OffersTaken>().taken, 2);
    let compared: Compared = scene.compare(ana, end, vec![end]).await.body();
    assert!(!compared.heals);
    assert_eq!((compared.shared, compared.head.place.sequence), (end, end.sequence + 1), "the relay's own entry follows");
    assert_eq!(scene.offer(ana, scene.first, vec![first.0]).await.status, 404, "nothing is taken back any more");
    assert_eq!(ana.say(scene.log, 0).await.status, 200);
}

/// Who is no member, and holds nothing of a log, learns nothing of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_learns_nothing_of_a_log_that_heals() {
    let scene = Scene::open().await;
    let guess = Place { sequence: scene.first.sequence, hash: Hash::of(b"a guess") };
    assert_eq!(scene.compare(&scene.mal, guess, vec![guess]).await.status, 404);
    assert_eq!(scene.compare(&scene.mal, guess, Vec::new()).await.status, 404);
    assert_eq!(scene.compare(&scene.mal, scene.first, vec![scene.first]).await.status, 200, "who was in it shows a place of it");
}

/// Statements prove themselves: whoever was added in the stretch that was lost brings them without a log-in. Nothing new is said before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statements_that_were_lost_come_back_before_new_ones() {
    let mut shop = Shop::open().await;
    let copy = shop.folder.path().join("copy");
    bezel_relay::backup(shop.folder.path(), &BlobLocation::default(), &copy).await.unwrap();
    let before = shop.roster.head().sequence;
    let mut mal = shop.join(1, "mal", Role::Member).await;
    let page: bezel_protocol::wire::RosterPage = mal.get(&format!("{}?after={before}", path::ROSTER)).await.body();
    shop.close().await;
    let relay = start(&copy).await;
    let base = format!("http://{}", relay.addr());
    shop.relay = Some(relay);
    shop.ana.base.clone_from(&base);
    mal.base = base;
    shop.ana.log_in().await;
    let suspend = shop.roster.next(crate::support::now_ms(), Statement::Suspend(mal.user)).sign(&[&shop.ana.identity]).unwrap();
    assert_eq!(shop.ana.post(path::ROSTER, &statements_of(std::slice::from_ref(&suspend))).await.refusal().1, code::HEALING);

    let forged = OfferedStatements { workspace: shop.workspace, statements: vec![Bytes(b"no statement".to_vec())] };
    assert_ne!(mal.post(path::ROSTER_OFFERS, &forged).await.status, 200);
    mal.token = None;
    let offered = OfferedStatements { workspace: shop.workspace, statements: page.statements };
    let appended: RosterAppended = mal.post(path::ROSTER_OFFERS, &offered).await.body();
    assert_eq!(appended.head, shop.roster.head());
    mal.log_in().await;
    for person in [&shop.ana, &mal] {
        assert_eq!(person.get(&format!("{}?roster={}", path::HEADS, appended.head.sequence)).await.status, 200);
    }
    assert_eq!(shop.ana.post(path::ROSTER, &statements_of(&[suspend])).await.status, 200, "everybody has compared");
    assert_eq!(mal.post(path::ROSTER_OFFERS, &offered).await.status, 404, "and nothing is taken back any more");
}

/// A relay that was never put back takes nothing back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_that_was_not_put_back_takes_nothing_back() {
    let shop = Shop::open().await;
    let log = shop.ana.begin().await;
    let generation = shop.ana.get(path::HEADS).await.body::<Heads>().generation.generation;
    let entry = SpineEntry { kind: EntryKind::Envelope, stored_at_ms: 0, roster: 0, sha256: Hash::of(b"bytes") };
    let entries = vec![Offer {
        kind: entry.kind,
        stored_at_ms: 0,
        roster: 0,
        hash: Place::START.next(&entry).hash,
        content: Offered::Bytes(Bytes(b"bytes".to_vec())),
    }];
    let offers = Offers { generation, after: Place::START, entries };
    let answer = shop.ana.post(&path::of(path::OFFERS, log), &offers).await;
    assert_eq!(bezel_protocol::cbor::decode::<ErrorBody>(&answer.bytes).unwrap().code, code::NOT_FOUND);
}

/// What did not come back is told once the log goes on, by members, and only as the relay had acknowledged it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_what_was_acknowledged_is_told_as_lost() {
    let scene = Scene::open().await;
    let (ana, lost) = (&scene.shop.ana, path::of(path::LOST, scene.log));
    let spine = Spine::new(scene.lost.iter().map(|(offer, _)| offer.entry()));
    let branch = LostBranch { base: scene.first, spine, head: scene.head.clone(), changes: Vec::new() };
    let told = Bytes(branch.encode());
    assert_eq!(ana.post(&lost, &told).await.refusal(), (422, code::REFUSED.to_owned()), "it still takes back what is lost");
    assert_eq!(scene.compare(ana, scene.first, vec![scene.first]).await.status, 200);
    let shorter = Spine::new(scene.lost.iter().take(1).map(|(offer, _)| offer.entry()));
    for (what, bytes, expected) in [
        ("no branch", b"garbage".to_vec(), (400, code::MALFORMED)),
        ("a shorter one", LostBranch { spine: shorter, ..branch.clone() }.encode(), (422, code::REFUSED)),
        ("behind another place", LostBranch { base: Place::START, ..branch.clone() }.encode(), (422, code::REFUSED)),
        ("with a change that is none", LostBranch { changes: vec![Bytes(vec![1])], ..branch.clone() }.encode(), (422, code::REFUSED)),
        ("nothing", LostBranch { spine: Spine::new([]), ..branch.clone() }.encode(), (422, code::REFUSED)),
        ("more than a request may hold", vec![0; 2 << 20], (413, code::TOO_LARGE)),
    ] {
        assert_eq!(ana.post(&lost, &Bytes(bytes)).await.refusal(), (expected.0, expected.1.to_owned()), "{what}");
    }
    assert_eq!(ana.get(&lost).await.status, 404, "nothing was told so far");
    assert_eq!(ana.post(&lost, &told).await.status, 200);
    assert_eq!(ana.post(&lost, &told).await.status, 200, "once more is the same");
    assert_eq!(ana.get(path::HEADS).await.body::<Heads>().lost, [scene.log]);
    let answer = ana.get(&lost).await.body::<LostTold>();
    assert_eq!((answer.device, LostBranch::decode(answer.branch.as_ref()).unwrap()), (ana.device, branch));
    assert_eq!(scene.mal.get(&lost).await.status, 404);
    let answered = format!("{lost}?device={}", ana.device);
    assert_eq!(scene.mal.send_bytes(Method::DELETE, &answered, Vec::new()).await.status, 404, "a stranger");
    assert_eq!(ana.send_bytes(Method::DELETE, &answered, Vec::new()).await.status, 200);
    assert_eq!(ana.get(&lost).await.status, 404);
    assert!(ana.get(path::HEADS).await.body::<Heads>().lost.is_empty());
}
