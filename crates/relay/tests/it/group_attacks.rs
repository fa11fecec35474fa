//! What somebody tries by commits and by beginnings of conversations, and how the relay refuses it: nothing moves, and whoever is honest goes on.

use bezel_crypto::group::{Change, Group, GroupId, Judge};
use bezel_protocol::log::{Begin, Place, SignedCommit};
use bezel_protocol::roster::{InviteStatement, Statement};
use bezel_protocol::wire::{Bytes, CommitUpload, Heads, NewConversation, WelcomeUpload, code, path};
use bezel_protocol::{ConversationId, Hash, InviteId, Role};

use crate::support::{Answer, Ed25519Key, Lawbreaker, Person, Rogue, Shop, foreign, now_ms, random, roles, upload};

const MALFORMED: (u16, &str) = (400, code::MALFORMED);
const FORBIDDEN: (u16, &str) = (403, code::FORBIDDEN);
const REFUSED: (u16, &str) = (422, code::REFUSED);
const STALE_EPOCH: (u16, &str) = (409, code::STALE_EPOCH);
const STALE_ROSTER: (u16, &str) = (409, code::STALE_ROSTER);
const AHEAD: (u16, &str) = (409, code::AHEAD);
const FORKED: (u16, &str) = (409, code::FORKED);

/// In [`super::support::group::SUITE`] a tag has so many bytes, and its length stands in one before them.
const TAG_BYTES: usize = 48;

/// Ana owns a conversation with Ben in it; Cleo is in the workspace.
struct Scene {
    shop: Shop,
    ben: Person,
    cleo: Person,
    conversation: ConversationId,
}

impl Scene {
    async fn with_ben_as(role: Role) -> Self {
        let mut shop = Shop::open().await;
        let (ben, cleo) = (shop.join(1, "ben", Role::Member).await, shop.join(2, "cleo", Role::Member).await);
        let conversation = shop.ana.begin_with(&[(&ben, role)]).await;
        Self { shop, ben, cleo, conversation }
    }

    fn ana(&self) -> &Person {
        &self.shop.ana
    }

    /// A commit of Ana's as it should be.
    async fn rotation(&self) -> CommitUpload {
        upload(&self.ana().build(self.conversation, Change::rotate()).await)
    }

    /// The relay refuses it so, nothing has moved, and an honest commit is taken.
    async fn refuses(&self, by: &Person, commit: &CommitUpload, (status, code): (u16, &str), what: &str) -> Answer {
        let before = self.ana().log_head(self.conversation).await;
        let answer = by.upload(self.conversation, commit).await;
        assert_eq!(answer.refusal(), (status, code.to_owned()), "{what}");
        assert_eq!(self.ana().log_head(self.conversation).await, before, "{what}: nothing has moved");
        assert_eq!(self.ana().commit(self.conversation, Change::rotate()).await.status, 200, "after {what} an honest commit is taken");
        answer
    }

    /// What Ben does without our rules is refused so.
    async fn refuses_ben(&self, expected: (u16, &str), what: &str, change: impl FnOnce(Lawbreaker<'_>) -> Lawbreaker<'_>) {
        let commit = Rogue::of(&self.ben, self.conversation).await.commit(&[&self.cleo], change);
        self.refuses(&self.ben, &commit, expected, what).await;
    }
}

fn signed(upload: &CommitUpload) -> SignedCommit {
    SignedCommit::decode(upload.entry.as_ref()).unwrap()
}

fn with_bit_changed(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at] ^= 1;
    bytes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_is_no_commit() {
    let scene = Scene::with_ben_as(Role::Member).await;
    let good = scene.rotation().await;
    let (commit, ana) = (signed(&good).commit.0, scene.ana());
    let of_another_version = [&[0, 2], &commit[2..]].concat();
    for (what, entry) in [
        ("nothing", Bytes::default()),
        ("noise", Bytes(random::<200>().to_vec())),
        ("half an entry", Bytes(good.entry.0[..good.entry.0.len() / 2].to_vec())),
        ("an entry and a byte", Bytes([good.entry.0.as_slice(), &[0]].concat())),
        ("the commit alone", Bytes(commit.clone())),
        ("noise, signed", ana.entry(&random::<200>(), good.group_info.as_ref())),
        ("half a commit, signed", ana.entry(&commit[..commit.len() / 2], good.group_info.as_ref())),
        ("a commit and a byte, signed", ana.entry(&[commit.as_slice(), &[0]].concat(), good.group_info.as_ref())),
        ("a commit of another version, signed", ana.entry(&of_another_version, good.group_info.as_ref())),
        ("group info, signed", ana.entry(good.group_info.as_ref(), good.group_info.as_ref())),
    ] {
        scene.refuses(ana, &CommitUpload { entry, ..good.clone() }, MALFORMED, what).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_with_a_bit_changed_on_the_way_is_refused_wherever_it_is() {
    let scene = Scene::with_ben_as(Role::Member).await;
    let good = scene.rotation().await;
    let before = scene.ana().log_head(scene.conversation).await;
    for at in (0..good.entry.0.len()).step_by(13) {
        let changed = CommitUpload { entry: Bytes(with_bit_changed(good.entry.as_ref(), at)), ..good.clone() };
        // Where the change is in the author's certificate, there is none.
        let status = scene.ana().upload(scene.conversation, &changed).await.status;
        assert!(status == 400 || status == 422, "byte {at} of the entry: {status}");
    }
    assert_eq!(scene.ana().log_head(scene.conversation).await, before);
    for tag in [1, 1 + TAG_BYTES + 1] {
        let (mut entry, commit) = (signed(&good), signed(&good).commit.0);
        entry.commit = Bytes(with_bit_changed(&commit, commit.len() - tag));
        let changed = CommitUpload { entry: Bytes(entry.encode()), ..good.clone() };
        scene.refuses(scene.ana(), &changed, MALFORMED, "a tag that MLS does not sign").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_of_another_conversation_or_group_is_refused() {
    let scene = Scene::with_ben_as(Role::Member).await;
    let elsewhere = scene.ana().begin_with(&[(&scene.ben, Role::Member)]).await;
    let of_another = upload(&scene.ana().build(elsewhere, Change::rotate()).await);
    scene.refuses(scene.ana(), &of_another, MALFORMED, "a commit of another conversation").await;

    let next = GroupId { conversation: scene.conversation, first_epoch: scene.ana().log_head(scene.conversation).await.1 };
    let of_next = Rogue::found(scene.ana(), next).await.commit(&[], |commit| commit);
    scene.refuses(scene.ana(), &of_next, MALFORMED, "a commit of a group of the same conversation that nobody began").await;
}

/// One device, one random number and one suite give one conversation, but not one group.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_of_a_twin_of_the_group_is_refused() {
    let shop = Shop::open().await;
    let random = random();
    let (mut group, begin) = shop.ana.new_group(&random).await;
    assert_eq!(shop.ana.post(path::CONVERSATIONS, &NewConversation { begin: Bytes(begin.encode()) }).await.status, 200);
    let (twin, _) = shop.ana.new_group(&random).await;
    assert_eq!(twin.id(), group.id());
    let commit = twin.commit(Change::rotate(), &shop.ana.keys, Place::START).unwrap();
    let answer = shop.ana.upload(group.conversation(), &upload(&commit)).await;
    assert_eq!(answer.refusal(), (400, code::MALFORMED.into()));
    shop.ana.keep(&mut group);
    assert_eq!(shop.ana.commit(group.conversation(), Change::rotate()).await.status, 200);
    assert_eq!(shop.ana.log_head(group.conversation()).await.1, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_of_a_past_or_of_a_coming_epoch_is_refused() {
    let scene = Scene::with_ben_as(Role::Member).await;
    let past = scene.rotation().await;
    assert_eq!(scene.ana().commit(scene.conversation, Change::rotate()).await.status, 200);
    let answer = scene.refuses(scene.ana(), &past, STALE_EPOCH, "a commit of the past epoch").await;
    assert_eq!(answer.current(), Some(2));
    let next = scene.ana().build(scene.conversation, Change::rotate()).await;
    let mut ahead = scene.ana().group(scene.conversation).await;
    ahead.accept_new(&next).unwrap();
    let coming = ahead.commit(Change::rotate(), &scene.ana().keys, scene.ana().end_of_log(scene.conversation).await).unwrap();
    scene.refuses(scene.ana(), &upload(&coming), AHEAD, "a commit on one that was never sent").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_is_sent_and_signed_by_its_author() {
    let scene = Scene::with_ben_as(Role::Member).await;
    let good = scene.rotation().await;
    scene.refuses(&scene.ben, &good, FORBIDDEN, "a commit of Ana's that Ben sends").await;
    let good = scene.rotation().await;
    let by_ben = CommitUpload { entry: scene.ben.entry(signed(&good).commit.as_ref(), good.group_info.as_ref()), ..good };
    scene.refuses(scene.ana(), &by_ben, MALFORMED, "a commit of Ana's under Ben's signature").await;
    let by_ben =
        CommitUpload { entry: scene.ben.entry(signed(&scene.rotation().await).commit.as_ref(), by_ben.group_info.as_ref()), ..by_ben };
    scene.refuses(&scene.ben, &by_ben, MALFORMED, "a commit of Ana's that Ben signs and sends").await;
    // The leaf is the thief's own, the signature over the entry somebody else's.
    let bens = upload(&scene.ben.build(scene.conversation, Change::rotate()).await);
    let by_ana = CommitUpload { entry: scene.ana().entry(signed(&bens).commit.as_ref(), bens.group_info.as_ref()), ..bens };
    scene.refuses(&scene.ben, &by_ana, MALFORMED, "a commit of Ben's under Ana's signature").await;
}

/// The author signs a false tag as well: the group info that is published says another one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_author_s_false_confirmation_tag_is_refused() {
    let scene = Scene::with_ben_as(Role::Member).await;
    let good = scene.rotation().await;
    let commit = signed(&good).commit.0;
    let false_tag = with_bit_changed(&commit, commit.len() - 1 - TAG_BYTES - 1);
    let changed = CommitUpload { entry: scene.ana().entry(&false_tag, good.group_info.as_ref()), ..good };
    scene.refuses(scene.ana(), &changed, MALFORMED, "a false confirmation tag").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn group_info_is_of_the_epoch_that_begins_and_holds_nothing_more() {
    let scene = Scene::with_ben_as(Role::Member).await;
    let ana = scene.ana();
    let changed = |good: &CommitUpload| CommitUpload { group_info: Bytes(with_bit_changed(good.group_info.as_ref(), 99)), ..good.clone() };
    scene.refuses(ana, &changed(&scene.rotation().await), MALFORMED, "group info with a bit changed on the way").await;
    let none = CommitUpload { group_info: Bytes::default(), ..scene.rotation().await };
    scene.refuses(ana, &none, MALFORMED, "no group info").await;
    // From here on the author signs what is false.
    let signed_with = |good: CommitUpload, info: Vec<u8>| CommitUpload {
        entry: ana.entry(signed(&good).commit.as_ref(), &info),
        group_info: Bytes(info),
        welcomes: good.welcomes,
    };
    for at in [Some(2), Some(20), Some(99), None] {
        let good = scene.rotation().await;
        // The last byte of this one: signatures differ in length.
        let info = with_bit_changed(good.group_info.as_ref(), at.unwrap_or(good.group_info.0.len() - 1));
        scene.refuses(ana, &signed_with(good, info), MALFORMED, "group info with a bit changed by the author").await;
    }
    let of_the_past = scene.ana().group(scene.conversation).await.group_info().unwrap();
    scene.refuses(ana, &signed_with(scene.rotation().await, of_the_past), MALFORMED, "group info of the past epoch").await;
    let elsewhere = ana.begin().await;
    let of_another = ana.group(elsewhere).await.group_info().unwrap();
    scene.refuses(ana, &signed_with(scene.rotation().await, of_another), MALFORMED, "group info of another conversation").await;
    for (what, with_tree, more, allows_external) in [
        ("group info with the tree", true, None, true),
        ("group info with something foreign", false, Some(foreign()), true),
        ("group info that lets nobody come back", false, None, false),
    ] {
        let mut rogue = Rogue::of(ana, scene.conversation).await;
        let commit = rogue.commit(&[], |commit| commit);
        rogue.go_on();
        let info = rogue.group_info(with_tree, more, allows_external);
        scene.refuses(ana, &signed_with(commit, info), MALFORMED, what).await;
    }
    // Ben's is as true, and not the author's.
    let rotation = ana.build(scene.conversation, Change::rotate()).await;
    let mut bens = scene.ben.group(scene.conversation).await;
    bens.process(&bezel_crypto::group::CommitEntry::parse(&rotation.entry).unwrap()).unwrap();
    let by_ben = signed_with(upload(&rotation), bens.group_info().unwrap());
    scene.refuses(ana, &by_ben, MALFORMED, "group info that somebody else signed").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_renews_no_keys_is_refused() {
    let mut scene = Scene::with_ben_as(Role::Member).await;
    let mut second = scene.ben.clone();
    second.take_device(bezel_protocol::DeviceId::new(now_ms(), random()));
    let add = scene.shop.roster.next(now_ms(), Statement::DeviceAdd(second.certificate())).sign(&[&second.identity]).unwrap();
    assert_eq!(scene.ben.post(path::ROSTER, &crate::support::statements_of(std::slice::from_ref(&add))).await.status, 200);
    scene.shop.believe(&add);
    second.log_in().await;
    let made = second.message_of_key_package().await;
    let commit = Rogue::without_path(scene.ana(), scene.conversation).await.commit(&[&second], |commit| commit.add_member(made).unwrap());
    assert!(mls_rs::MlsMessage::from_bytes(signed(&commit).commit.as_ref()).unwrap().commit_path_leaf_node().is_none());
    scene.refuses(scene.ana(), &commit, MALFORMED, "a commit without a path").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_names_the_newest_roster_of_this_workspace() {
    let mut scene = Scene::with_ben_as(Role::Member).await;
    let old = scene.rotation().await;
    let invite = |roster: &bezel_protocol::roster::Roster, ana: &Person| {
        let invite = InviteId::new(now_ms(), random());
        let key = Ed25519Key::new(invite.as_bytes()).public();
        let given = InviteStatement { invite, key, role: Role::Member, expires_at_ms: now_ms() + 86_400_000, uses: 1 };
        roster.next(now_ms(), Statement::Invite(given)).sign(&[&ana.identity]).unwrap()
    };
    let before = scene.shop.roster.clone();
    let taken = invite(&before, scene.ana());
    assert_eq!(scene.ana().post(path::ROSTER, &crate::support::statements_of(std::slice::from_ref(&taken))).await.status, 200);
    scene.shop.believe(&taken);
    let answer = scene.refuses(scene.ana(), &old, STALE_ROSTER, "a commit by the roster of yesterday").await;
    assert_eq!(answer.current(), Some(scene.shop.roster.head().sequence));

    for (what, roster, expected) in [("of tomorrow", &scene.shop.roster, AHEAD), ("of another workspace's history", &before, FORKED)] {
        let mut roster = roster.clone();
        roster.append(&invite(&roster, scene.ana())).unwrap();
        let mut group = scene.ana().group(scene.conversation).await;
        let judge = Judge::new(std::sync::Arc::new(roster), now_ms());
        let group = Group::load(group.state().unwrap().expose(), scene.conversation, judge).unwrap();
        let commit = group.commit(Change::rotate(), &scene.ana().keys, scene.ana().end_of_log(scene.conversation).await).unwrap();
        scene.refuses(scene.ana(), &upload(&commit), expected, &format!("a commit by a roster {what}")).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_names_a_place_of_this_log() {
    let scene = Scene::with_ben_as(Role::Member).await;
    let end = scene.ana().end_of_log(scene.conversation).await;
    let another = Hash::of(b"another history");
    for (what, seen, expected) in [
        ("another history of the log", Place { hash: another, ..end }, FORKED),
        ("another beginning of the log", Place { hash: another, ..Place::START }, FORKED),
        ("a place beyond the end", Place { sequence: 1000, ..end }, AHEAD),
        ("a place beyond all numbers", Place { sequence: u64::MAX, ..end }, AHEAD),
    ] {
        let group = scene.ana().group(scene.conversation).await;
        let commit = group.commit(Change::rotate(), &scene.ana().keys, seen).unwrap();
        scene.refuses(scene.ana(), &upload(&commit), expected, what).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_neither_adds_nor_removes_nor_rises() {
    let scene = Scene::with_ben_as(Role::Member).await;
    let (ana, ben, cleo) = (scene.ana().user, scene.ben.user, scene.cleo.user);
    let (owner, member) = (Role::Owner, Role::Member);
    let made = scene.cleo.message_of_key_package().await;
    let three = roles(&[(ana, owner), (ben, member), (cleo, member)]);
    scene
        .refuses_ben(FORBIDDEN, "a member who adds somebody", |commit| {
            commit.add_member(made).unwrap().set_group_context_ext(three).unwrap()
        })
        .await;
    let (leaf, alone) = (Rogue::of(&scene.ben, scene.conversation).await.leaf(scene.ana()), roles(&[(ben, member)]));
    scene
        .refuses_ben(FORBIDDEN, "a member who removes the owner", |commit| {
            commit.remove_member(leaf).unwrap().set_group_context_ext(alone).unwrap()
        })
        .await;
    for (what, expected, wanted) in [
        ("a member who becomes owner", FORBIDDEN, vec![(ana, owner), (ben, owner)]),
        ("a member who unmakes the owner", FORBIDDEN, vec![(ana, member), (ben, member)]),
        ("a member who drops the owner's role", REFUSED, vec![(ben, member)]),
    ] {
        let wanted = roles(&wanted);
        scene.refuses_ben(expected, what, |commit| commit.set_group_context_ext(wanted).unwrap()).await;
    }
    assert_eq!(scene.ben.commit(scene.conversation, Change::rotate()).await.status, 200, "anybody may give new keys");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn even_an_owner_adds_no_ghost_and_changes_nothing_but_members_and_roles() {
    let scene = Scene::with_ben_as(Role::Member).await;
    let (ana, owner, member) = (scene.ana(), Role::Owner, Role::Member);
    let made = scene.cleo.message_of_key_package().await;
    let ghost = Rogue::of(ana, scene.conversation).await.commit(&[&scene.cleo], |commit| commit.add_member(made).unwrap());
    scene.refuses(ana, &ghost, REFUSED, "a device of somebody who has no role").await;
    let without_device = roles(&[(ana.user, owner), (scene.ben.user, member), (scene.cleo.user, member)]);
    let commit = Rogue::of(ana, scene.conversation).await.commit(&[], |commit| commit.set_group_context_ext(without_device).unwrap());
    scene.refuses(ana, &commit, REFUSED, "a role for somebody who has no device").await;
    let nobody_owns = roles(&[(ana.user, member), (scene.ben.user, member)]);
    let commit = Rogue::of(ana, scene.conversation).await.commit(&[], |commit| commit.set_group_context_ext(nobody_owns).unwrap());
    scene.refuses(ana, &commit, REFUSED, "the last owner who steps down").await;
    let (version, suite) = (mls_rs::ProtocolVersion::MLS_10, mls_rs::CipherSuite::new(3));
    let commit = Rogue::of(ana, scene.conversation)
        .await
        .commit(&[], |commit| commit.reinit(None, version, suite, mls_rs::ExtensionList::new()).unwrap());
    scene.refuses(ana, &commit, REFUSED, "the group's end by a proposal that we do not use").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_device_is_out_and_is_not_added_again() {
    let mut scene = Scene::with_ben_as(Role::Member).await;
    let made = scene.cleo.message_of_key_package().await;
    let cleo = scene.cleo.device;
    scene.shop.declare(Statement::DeviceRevoke(cleo)).await;
    assert_eq!(scene.cleo.get(path::HEADS).await.status, 401);
    let everyone = roles(&[(scene.ana().user, Role::Owner), (scene.ben.user, Role::Member), (scene.cleo.user, Role::Member)]);
    let ana = scene.ana();
    // The rogue's own library believes the roster of before.
    let mut rogue = Rogue::by_an_older_roster(ana, scene.conversation, 1).await;
    let commit = rogue.commit(&[&scene.cleo], |commit| commit.add_member(made).unwrap().set_group_context_ext(everyone).unwrap());
    scene.refuses(ana, &commit, REFUSED, "a device that was revoked").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_only_read_renews_three_times_a_day_and_removes_nobody() {
    for role in [Role::ReadOnly, Role::Guest] {
        let scene = Scene::with_ben_as(role).await;
        let (leaf, only_ben) = (Rogue::of(&scene.ben, scene.conversation).await.leaf(scene.ana()), roles(&[(scene.ben.user, role)]));
        scene
            .refuses_ben(FORBIDDEN, "a reader who removes somebody", |commit| {
                commit.remove_member(leaf).unwrap().set_group_context_ext(only_ben).unwrap()
            })
            .await;
        for _ in 0..3 {
            assert_eq!(scene.ben.commit(scene.conversation, Change::rotate()).await.status, 200);
        }
        let fourth = upload(&scene.ben.build(scene.conversation, Change::rotate()).await);
        scene.refuses(&scene.ben, &fourth, (429, code::TOO_MANY), "a reader's fourth commit of a day").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_device_that_is_added_has_a_welcome_and_no_other() {
    let scene = Scene::with_ben_as(Role::Member).await;
    let lets_cleo_in = async || {
        let change = Change::default().add_user(scene.cleo.user, Role::Member, [scene.cleo.key_package().await]);
        upload(&scene.ana().build(scene.conversation, change).await)
    };
    let good = lets_cleo_in().await;
    let missing = CommitUpload { welcomes: Vec::new(), ..good.clone() };
    scene.refuses(scene.ana(), &missing, MALFORMED, "a missing welcome").await;
    let good = lets_cleo_in().await;
    let welcome = |device| WelcomeUpload { device, ..good.welcomes[0].clone() };
    for (what, devices) in [
        ("a welcome for somebody who is in already", vec![scene.cleo.device, scene.ben.device]),
        ("a welcome for another device", vec![scene.ben.device]),
        ("two welcomes for one device", vec![scene.cleo.device; 2]),
    ] {
        let good = lets_cleo_in().await;
        let welcomes = devices.into_iter().map(welcome).collect();
        scene.refuses(scene.ana(), &CommitUpload { welcomes, ..good }, MALFORMED, what).await;
    }
    let rotation = CommitUpload { welcomes: vec![welcome(scene.ben.device)], ..scene.rotation().await };
    scene.refuses(scene.ana(), &rotation, MALFORMED, "a welcome where nobody is added").await;
    assert_eq!(scene.ana().upload(scene.conversation, &lets_cleo_in().await).await.status, 200);
}

/// Nothing of it is there, and an honest beginning is taken.
async fn refuses_to_begin(shop: &Shop, by: &Person, begin: &Begin, (status, code): (u16, &str), what: &str) {
    let begun = async || shop.ana.get(path::HEADS).await.body::<Heads>().conversations.len();
    let before = begun().await;
    let answer = by.post(path::CONVERSATIONS, &NewConversation { begin: Bytes(begin.encode()) }).await;
    assert_eq!(answer.refusal(), (status, code.to_owned()), "{what}");
    assert_eq!(begun().await, before, "{what}");
    assert!(by.get(&path::of(path::BEGIN, begin.conversation())).await.status == 404 || code == code::CONFLICT, "{what}");
    shop.ana.begin().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conversation_begins_with_the_device_that_signs_it_and_under_no_other_id() {
    let mut shop = Shop::open().await;
    let ben = shop.join(1, "ben", Role::Member).await;
    let (_, bens) = ben.new_group(&random()).await;
    refuses_to_begin(&shop, &shop.ana, &bens, FORBIDDEN, "another's beginning").await;
    let (_, good) = shop.ana.new_group(&random()).await;
    let under_ben = Begin { device: ben.device, ..good.clone() };
    refuses_to_begin(&shop, &shop.ana, &under_ben, MALFORMED, "a beginning under another's device").await;
    let by_ben = Begin { signature: bens.signature.clone(), ..good.clone() };
    refuses_to_begin(&shop, &shop.ana, &by_ben, MALFORMED, "a beginning under a false signature").await;
    let other_suite = Begin { suite: bezel_protocol::Suite::X25519ChaCha20, ..good.clone() };
    refuses_to_begin(&shop, &shop.ana, &other_suite, MALFORMED, "a beginning in another suite").await;

    // The id follows from the bytes; a group that bears another's is none of theirs.
    let anas = shop.ana.begin().await;
    let stolen = Rogue::found(&ben, GroupId::first(anas)).await;
    let begin = ben.begin_of(&stolen.group_info(true, None, true), &random());
    refuses_to_begin(&shop, &ben, &begin, MALFORMED, "a group under the id of another's conversation").await;
    for (what, epochs, with_tree) in [("a group that has gone on already", 1, true), ("a group without its tree", 0, false)] {
        let random = random();
        let mut rogue = Rogue::found(&ben, GroupId::first(ben.conversation_of(&random))).await;
        for _ in 0..epochs {
            rogue.commit(&[], |commit| commit);
            rogue.go_on();
        }
        refuses_to_begin(&shop, &ben, &ben.begin_of(&rogue.group_info(with_tree, None, true), &random), MALFORMED, what).await;
    }
    assert_eq!(shop.ana.post(path::CONVERSATIONS, &NewConversation { begin: Bytes(good.encode()) }).await.status, 200);
    refuses_to_begin(&shop, &shop.ana, &good, (409, code::CONFLICT), "a beginning for the second time").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_of_the_workspace_begins_no_conversation() {
    let mut shop = Shop::open().await;
    for (number, role) in [(1, Role::Guest), (2, Role::ReadOnly)] {
        let person = shop.join(number, &format!("person{number}"), role).await;
        let (_, begin) = person.new_group(&random()).await;
        refuses_to_begin(&shop, &person, &begin, FORBIDDEN, role.as_str()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conversation_begins_with_group_info_that_holds_the_tree_and_what_lets_devices_back_and_nothing_more() {
    let shop = Shop::open().await;
    let mut wrong = Vec::new();
    for (what, more, allows_external) in [("something foreign", Some(foreign()), true), ("nothing that lets a device back", None, false)] {
        let random = random();
        let rogue = Rogue::found(&shop.ana, GroupId::first(shop.ana.conversation_of(&random))).await;
        let begin = shop.ana.begin_of(&rogue.group_info(true, more, allows_external), &random);
        let answer = shop.ana.post(path::CONVERSATIONS, &NewConversation { begin: Bytes(begin.encode()) }).await;
        if answer.status != 400 {
            wrong.push((what, answer.status));
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_comes_back_nine_times_a_day_at_most() {
    let mut shop = Shop::open().await;
    let ben = shop.join(1, "ben", Role::Member).await;
    let conversation = shop.ana.begin_with(&[(&ben, Role::ReadOnly)]).await;
    let mut taken = 0;
    for _ in 0..12 {
        let answer = ben.rejoin(conversation).await;
        if answer.status == 200 {
            taken += 1;
        } else {
            assert_eq!(answer.refusal(), (429, code::TOO_MANY.into()));
        }
    }
    assert_eq!(shop.ana.commit(conversation, Change::rotate()).await.status, 200);
    assert!(taken <= 9, "{taken} epochs by somebody who may only read");
}
