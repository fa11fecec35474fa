//! Attacks, each by name, and what the relay says to them.

use bezel_crypto::group::{Change, CommitEntry, GroupId};
use bezel_protocol::log::Spine;
use bezel_protocol::roster::{RoleChange, Statement};
use bezel_protocol::wire::{Bytes, Event, MAX_ENVELOPE_BYTES, Messages, NewMessages, NewWorkspace, code, path};
use bezel_protocol::{ConversationId, Hash, Role};

use crate::day::{listen, next};
use crate::support::{Ed25519Key, Identity, Person, Rogue, Shop, changed, now_ms, random, statements_of};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forged_statement_is_refused() {
    let mut shop = Shop::open().await;
    let ben = shop.join(1, "ben", Role::Member).await;
    let promotion = Statement::Role(RoleChange { user: ben.user, role: Role::Owner });
    let forged = shop.roster.next(now_ms(), promotion.clone()).sign(&[&ben.identity]).unwrap();
    assert_eq!(ben.post(path::ROSTER, &statements_of(&[forged])).await.status, 422, "a member may not promote");
    let unknown = shop.roster.next(now_ms(), promotion).sign(&[&Identity::numbered(2)]).unwrap();
    assert_eq!(ben.post(path::ROSTER, &statements_of(&[unknown])).await.status, 422, "a key that nobody knows");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stale_head_is_told_the_newest() {
    let mut shop = Shop::open().await;
    let before = shop.roster.clone();
    let ben = shop.join(1, "ben", Role::Member).await;
    let late = before.next(now_ms(), Statement::Suspend(ben.user)).sign(&[&shop.ana.identity]).unwrap();
    let answer = shop.ana.post(path::ROSTER, &statements_of(&[late])).await;
    assert_eq!(answer.refusal(), (409, code::STALE_ROSTER.into()));
    assert_eq!(answer.current(), Some(shop.roster.head().sequence));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forked_history_is_refused() {
    let mut shop = Shop::open().await;
    let ben = shop.join(1, "ben", Role::Member).await;
    let body = shop.roster.next(now_ms(), Statement::Suspend(ben.user));
    let forked = changed(body, |body| body.previous = Hash::of(b"another past")).sign(&[&shop.ana.identity]).unwrap();
    assert_eq!(shop.ana.post(path::ROSTER, &statements_of(&[forked])).await.refusal(), (409, code::STALE_ROSTER.into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_from_the_future_is_refused() {
    let mut shop = Shop::open().await;
    let ben = shop.join(1, "ben", Role::Member).await;
    let body = shop.roster.next(now_ms() + 3_600_000, Statement::Suspend(ben.user));
    let ahead = body.sign(&[&shop.ana.identity]).unwrap();
    assert_eq!(shop.ana.post(path::ROSTER, &statements_of(&[ahead])).await.refusal(), (422, code::REFUSED.into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_or_none_of_the_statements_are_appended() {
    let mut shop = Shop::open().await;
    let ben = shop.join(1, "ben", Role::Member).await;
    let good = shop.roster.next(now_ms(), Statement::Suspend(ben.user)).sign(&[&shop.ana.identity]).unwrap();
    let mut after = shop.roster.clone();
    after.append(&good).unwrap();
    let bad = after.next(now_ms(), Statement::Suspend(ben.user)).sign(&[&shop.ana.identity]).unwrap();
    assert_eq!(shop.ana.post(path::ROSTER, &statements_of(&[good, bad])).await.status, 422);
    assert_eq!(ben.get(path::HEADS).await.status, 200, "the good half was not applied");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_workspace_is_refused_where_one_is_the_limit() {
    let shop = Shop::open().await;
    let workspace = bezel_protocol::WorkspaceId::new(now_ms(), random());
    let eve = Person::new(shop.base().to_owned(), workspace, Identity::numbered(2));
    let (genesis, roster) = eve.genesis("eve");
    let device = roster.next(now_ms(), Statement::DeviceAdd(eve.certificate())).sign(&[&eve.identity]).unwrap();
    let statements = [genesis, device].map(|statement| Bytes(statement.as_bytes().to_vec())).to_vec();
    assert_eq!(eve.post(path::WORKSPACES, &NewWorkspace { statements, setup_token: None }).await.refusal(), (507, code::FULL.into()));
}

/// On a relay of several workspaces, the owner of one could else act as a user or device of another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_workspace_that_takes_ids_of_another_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let relay = crate::support::start_with(folder.path(), 3).await;
    let shop = Shop::found(format!("http://{}", relay.addr()), Some(relay), folder).await;
    for (takes_user, takes_device) in [(true, false), (false, true)] {
        let workspace = bezel_protocol::WorkspaceId::new(now_ms(), random());
        let mut eve = Person::new(shop.base().to_owned(), workspace, Identity::numbered(2));
        if takes_user {
            eve.user = shop.ana.user;
        }
        if takes_device {
            eve.take_device(shop.ana.device);
        }
        let (genesis, roster) = eve.genesis("eve");
        let device = roster.next(now_ms(), Statement::DeviceAdd(eve.certificate())).sign(&[&eve.identity]).unwrap();
        let statements = [genesis, device].map(|statement| Bytes(statement.as_bytes().to_vec())).to_vec();
        assert_eq!(
            eve.post(path::WORKSPACES, &NewWorkspace { statements, setup_token: None }).await.refusal(),
            (409, code::CONFLICT.into())
        );
    }
    assert_eq!(shop.ana.get(path::HEADS).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_challenge_serves_once_and_to_its_key_only() {
    let mut shop = Shop::open().await;
    let ben = shop.join(1, "ben", Role::Member).await;
    let subject = bezel_protocol::login::Subject::Device(shop.ana.device);
    let challenge = shop.ana.challenge(subject).await;
    assert!(!challenge.identity_required, "only the first log-in asks for the identity");
    let by_ben = ben.answer(&challenge);
    assert_eq!(ben.post(path::LOGIN, &by_ben).await.status, 401, "signed by another device");
    let challenge = shop.ana.challenge(subject).await;
    let request = shop.ana.answer(&challenge);
    assert_eq!(shop.ana.post(path::LOGIN, &request).await.status, 200);
    assert_eq!(shop.ana.post(path::LOGIN, &request).await.status, 401, "replayed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_log_in_without_the_identity_is_refused() {
    let mut shop = Shop::open().await;
    shop.close().await;
    // The database forgets who was here, the roster does not.
    let folder = tempfile::tempdir().unwrap();
    let relay = crate::support::start(folder.path()).await;
    let base = format!("http://{}", relay.addr());
    let workspace = bezel_protocol::WorkspaceId::new(now_ms(), random());
    let eve = Person::new(base, workspace, Identity::numbered(2));
    let (genesis, roster) = eve.genesis("eve");
    let device = roster.next(now_ms(), Statement::DeviceAdd(eve.certificate())).sign(&[&eve.identity]).unwrap();
    let statements = [genesis, device].map(|statement| Bytes(statement.as_bytes().to_vec())).to_vec();
    assert_eq!(eve.post(path::WORKSPACES, &NewWorkspace { statements, setup_token: None }).await.status, 200);
    let challenge = eve.challenge(bezel_protocol::login::Subject::Device(eve.device)).await;
    assert!(challenge.identity_required);
    let mut request = eve.answer(&challenge);
    request.identity_signature = None;
    assert_eq!(eve.post(path::LOGIN, &request).await.status, 401);
    relay.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invitation_may_only_join() {
    let mut shop = Shop::open().await;
    let invite = bezel_protocol::InviteId::new(now_ms(), random());
    let key = Ed25519Key::new(invite.as_bytes());
    let given = bezel_protocol::roster::InviteStatement {
        invite,
        key: key.public(),
        role: Role::Member,
        expires_at_ms: now_ms() + 86_400_000,
        uses: 1,
    };
    shop.declare(Statement::Invite(given)).await;
    let mut eve = Person::new(shop.base().to_owned(), shop.workspace, Identity::numbered(2));
    eve.log_in_by_invite(invite, &key).await;
    assert_eq!(eve.get(path::ROSTER).await.status, 200);
    assert_eq!(eve.get(path::HEADS).await.refusal(), (403, code::FORBIDDEN.into()));
    let smuggled = shop.roster.next(now_ms(), Statement::InviteRevoke(invite)).sign(&[&shop.ana.identity]).unwrap();
    assert_eq!(eve.post(path::ROSTER, &statements_of(&[smuggled])).await.refusal(), (403, code::FORBIDDEN.into()));
    shop.declare(Statement::InviteRevoke(invite)).await;
    assert_eq!(eve.get(path::ROSTER).await.status, 401, "a withdrawn invitation shows nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guessed_conversation_answers_like_one_that_is_not_there() {
    let mut shop = Shop::open().await;
    let ben = shop.join(1, "ben", Role::Admin).await;
    let anas = shop.ana.begin().await;
    let nowhere = ConversationId::new(now_ms(), random());
    for of in [path::GROUP, path::MESSAGES, path::COMMITS, path::BEGIN, path::SPINE, path::HEAD] {
        let query = "?first=1&last=9&from=0";
        let theirs = ben.get(&format!("{}{query}", path::of(of, anas))).await;
        assert_eq!(theirs, ben.get(&format!("{}{query}", path::of(of, nowhere))).await, "the answer must not tell which exists");
        assert_eq!(theirs.refusal(), (404, code::NOT_FOUND.into()));
    }
    assert_eq!(ben.say(anas, 0).await, ben.say(nowhere, 0).await);
    let mut answers = Vec::new();
    for conversation in [anas, nowhere] {
        let commit = Rogue::found(&ben, GroupId::first(conversation)).await.commit(&[], |commit| commit);
        answers.push(ben.upload(conversation, &commit).await);
    }
    assert_eq!((&answers[0], answers[0].refusal()), (&answers[1], (404, code::NOT_FOUND.into())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_only_read_does_not_send() {
    let mut shop = Shop::open().await;
    let ben = shop.join(1, "ben", Role::Member).await;
    let conversation = shop.ana.begin_with(&[(&ben, Role::ReadOnly)]).await;
    assert_eq!(ben.say(conversation, 1).await.refusal(), (403, code::FORBIDDEN.into()));
    assert_eq!(ben.read(conversation, 1, 9).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_of_an_old_epoch_is_refused_with_the_current_one() {
    let mut shop = Shop::open().await;
    let ben = shop.join(1, "ben", Role::Member).await;
    let conversation = shop.ana.begin_with(&[(&ben, Role::Member)]).await;
    let answer = shop.ana.say(conversation, 0).await;
    assert_eq!((answer.refusal(), answer.current()), ((409, code::STALE_EPOCH.into()), Some(1)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_devices_id_in_a_header_is_refused() {
    let mut shop = Shop::open().await;
    let ben = shop.join(1, "ben", Role::Member).await;
    let conversation = shop.ana.begin_with(&[(&ben, Role::Member)]).await;
    let mut header = ben.header(conversation, 1);
    header.device = shop.ana.device;
    assert_eq!(ben.send(conversation, &ben.envelope(&header)).await.refusal(), (403, code::FORBIDDEN.into()));
    header.device = ben.device;
    let mut forger = Person::new(shop.base().to_owned(), shop.workspace, Identity::numbered(1));
    forger.token.clone_from(&ben.token);
    assert_eq!(
        forger.send(conversation, &forger.envelope(&header)).await.refusal(),
        (422, code::REFUSED.into()),
        "a stolen token signs nothing"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_envelope_of_another_conversation_is_refused() {
    let shop = Shop::open().await;
    let (one, other) = (shop.ana.begin().await, shop.ana.begin().await);
    let message = shop.ana.envelope(&shop.ana.header(one, 0));
    assert_eq!(shop.ana.send(other, &message).await.status, 400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_message_twice_has_the_same_answer_even_in_another_epoch() {
    let mut shop = Shop::open().await;
    let ben = shop.join(1, "ben", Role::Member).await;
    let conversation = shop.ana.begin().await;
    let mut header = shop.ana.header(conversation, 0);
    let first = shop.ana.send(conversation, &shop.ana.envelope(&header)).await.accepted();
    let lets_ben_in = Change::default().add_user(ben.user, Role::Member, [ben.key_package().await]);
    assert_eq!(shop.ana.commit(conversation, lets_ben_in).await.status, 200);
    header.epoch = 1;
    let again = shop.ana.send(conversation, &shop.ana.envelope(&header)).await.accepted();
    assert_eq!(again, first, "the answer tells the hash of what is stored");
    assert_eq!(shop.ana.read(conversation, 1, 9).await.body::<Messages>().messages.len(), 1);
    let mut same_id = ben.header(conversation, 1);
    same_id.message = header.message;
    let other = ben.send(conversation, &ben.envelope(&same_id)).await.accepted();
    assert_eq!(other.place.sequence, 4, "another device's message of the same id is another message");
    let mut same_counter = shop.ana.header(conversation, 1);
    same_counter.counter = header.counter;
    let taken = shop.ana.send(conversation, &shop.ana.envelope(&same_counter)).await.accepted();
    assert_eq!(taken, first, "a counter is taken once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removed_member_hears_reads_and_sends_nothing_more() {
    let mut shop = Shop::open().await;
    let ben = shop.join(1, "ben", Role::Member).await;
    let conversation = shop.ana.begin_with(&[(&ben, Role::Member)]).await;
    let (mut events, removal) = (listen(&ben).await, Change::default().remove_user(ben.user));
    assert_eq!(shop.ana.commit(conversation, removal).await.status, 200);
    assert_eq!(next(&mut events).await, Some(Event::Removed(conversation)));
    assert_eq!(ben.read(conversation, 0, 9).await.status, 404);
    assert_eq!(ben.say(conversation, 2).await.status, 404);
    assert_eq!(ben.get(&path::of(path::GROUP, conversation)).await.status, 404);
    assert!(ben.get(path::HEADS).await.body::<bezel_protocol::wire::Heads>().conversations.is_empty());
    assert!(ben.get(path::WELCOMES).await.body::<bezel_protocol::wire::Welcomes>().welcomes.is_empty(), "a welcome not taken falls away");
}

/// Else a relay could tell anybody that they were removed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removed_member_sees_the_log_up_to_the_removal_and_judges_it() {
    let mut shop = Shop::open().await;
    let ben = shop.join(1, "ben", Role::Member).await;
    let conversation = shop.ana.begin_with(&[(&ben, Role::Member)]).await;
    assert_eq!(shop.ana.say(conversation, 1).await.status, 200);
    assert_eq!(shop.ana.commit(conversation, Change::default().remove_user(ben.user)).await.status, 200);
    let removal = shop.ana.log_head(conversation).await;
    assert_eq!(shop.ana.say(conversation, 2).await.status, 200);
    assert_eq!(shop.ana.commit(conversation, Change::rotate()).await.status, 200);

    let commits = ben.commits(conversation, 0).await;
    assert_eq!(commits.iter().map(|commit| commit.sequence).collect::<Vec<_>>(), [2, removal.0.sequence]);
    assert_eq!((ben.end_of_log(conversation).await, ben.log_head(conversation).await), (removal.0, removal));
    let observer = ben.follow(conversation, removal.1).await;
    assert_eq!(observer.devices().unwrap(), [(shop.ana.user, shop.ana.device)], "by the log itself, and who did it");
    assert_eq!(CommitEntry::parse(commits[1].entry.as_ref()).unwrap().author().user(), shop.ana.user);
    let beyond = ben.get(&format!("{}?first={}&last=99", path::of(path::SPINE, conversation), removal.0.sequence + 1)).await;
    assert_eq!(beyond.body::<Spine>().entries(), Some(Vec::new()));

    let back = Change::default().add_user(ben.user, Role::Member, [ben.key_package().await]);
    assert_eq!(shop.ana.commit(conversation, back).await.status, 200);
    let newest = shop.ana.log_head(conversation).await;
    assert_eq!((ben.end_of_log(conversation).await, ben.log_head(conversation).await), (newest.0, newest), "who is in again sees all");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_token_and_the_socket_of_a_suspended_user_end_at_once() {
    let mut shop = Shop::open().await;
    let ben = shop.join(1, "ben", Role::Member).await;
    let mut events = listen(&ben).await;
    shop.declare(Statement::Suspend(ben.user)).await;
    assert_eq!(next(&mut events).await, None, "the socket closes without a word");
    for path in [path::HEADS, path::ROSTER, path::WELCOMES, path::VAULT] {
        assert_eq!(ben.get(path).await.refusal(), (401, code::UNAUTHENTICATED.into()));
    }
    shop.declare(Statement::Reinstate(ben.user)).await;
    assert_eq!(ben.get(path::HEADS).await.status, 401, "an old token does not come back to life");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_oversized_body_is_refused_unread() {
    let shop = Shop::open().await;
    let conversation = shop.ana.begin().await;
    let message = NewMessages { kind: bezel_protocol::wire::MessageKind::Stored, envelopes: vec![Bytes(vec![0; MAX_ENVELOPE_BYTES + 1])] };
    assert_eq!(shop.ana.send(conversation, &message).await.refusal(), (413, code::TOO_LARGE.into()));
}
