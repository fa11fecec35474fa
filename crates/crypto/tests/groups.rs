//! Conversations from their beginning: letting people in, changing, losing races, coming back.

mod fixture;

use std::sync::Arc;

use bezel_crypto::group::{Change, CommitHeader, Group, GroupError, Judge, KeyPackage, MadeKeyPackage, Published, Welcome};
use bezel_protocol::roster::{LeafRefused, RosterError, Statement};
use bezel_protocol::{Role, Suite};
use fixture::{CONVERSATION, NOW_MS, Workspace, assert_agree, reload};

#[test]
fn people_come_in_read_the_same_key_and_go() {
    for suite in Suite::ALL {
        let workspace = Workspace::with(2);
        let mut ana = workspace.create(suite);
        let (_, mut ben) = workspace.let_in(&mut ana, 1, Role::Member);
        assert_agree(&ana, &ben);

        let (upload, cy) = workspace.let_in(&mut ana, 2, Role::ReadOnly);
        let applied = ben.process(&upload.commit).unwrap();
        assert_eq!(applied.added.len(), 1);
        assert_eq!(applied.added[0].user(), workspace.user(2));
        assert_eq!(applied.roles[0].is, Some(Role::ReadOnly));
        assert_eq!(applied.committer.user(), workspace.user(0));
        assert_agree(&ben, &cy);
        assert_eq!(upload.members, ben.members().unwrap(), "what the relay is told is what the group says");
        assert_eq!(upload.devices, ben.devices().unwrap());

        let before = ana.epoch_key().unwrap();
        let upload = ana.commit(Change::default().remove_user(workspace.user(2))).unwrap();
        ana.accept().unwrap();
        ben.process(&upload.commit).unwrap();
        assert_agree(&ana, &ben);
        assert_ne!(ana.epoch_key().unwrap().secret(), before.secret(), "who was removed has no key of what comes after");
        let mut cy = cy;
        let applied = cy.process(&upload.commit).unwrap();
        assert!(applied.removed_self, "who is removed learns it");
        assert_eq!(ana.members().unwrap().len(), 2);
    }
}

#[test]
fn a_rotation_gives_all_a_new_key() {
    for suite in Suite::ALL {
        let workspace = Workspace::with(1);
        let mut ana = workspace.create(suite);
        let (_, mut ben) = workspace.let_in(&mut ana, 1, Role::Guest);
        let before = ana.epoch_key().unwrap();
        let upload = ben.commit(Change::rotate()).unwrap();
        assert_eq!(upload.epoch, 1);
        ben.accept().unwrap();
        let applied = ana.process(&upload.commit).unwrap();
        assert!(applied.added.is_empty() && applied.removed.is_empty() && applied.roles.is_empty());
        assert_agree(&ana, &ben);
        assert_ne!(before.secret(), ana.epoch_key().unwrap().secret());
    }
}

/// Guards the loss of a change in a race, and of the race's outcome in a crash.
#[test]
fn the_loser_of_a_race_takes_the_winner_and_tries_again() {
    let workspace = Workspace::with(2);
    let mut ana = workspace.create(Suite::P384Aes256);
    let (_, mut ben) = workspace.let_in(&mut ana, 1, Role::Admin);
    let lost = ana.commit(Change::rotate()).unwrap();
    let won = ben.commit(Change::rotate()).unwrap();
    ben.accept().unwrap();
    let mut ana = reload(&workspace, &mut ana);
    assert!(ana.has_pending(), "a pending commit survives a restart");
    assert!(matches!(ana.commit(Change::rotate()), Err(GroupError::Pending)), "one change at a time");
    let applied = ana.process(&won.commit).unwrap();
    assert!(!applied.own);
    assert!(!ana.has_pending());
    assert_agree(&ana, &ben);
    let again = ana.commit(Change::rotate()).unwrap();
    assert!(matches!(ben.process(&lost.commit), Err(GroupError::WrongEpoch { expected: 2, found: 1 })), "a stale commit is refused");
    ana.accept().unwrap();
    ben.process(&again.commit).unwrap();
    assert_agree(&ana, &ben);
}

/// Guards against a commit that the relay took while this device crashed: it must find itself in the log.
#[test]
fn after_a_crash_the_own_commit_in_the_log_is_recognised() {
    let workspace = Workspace::with(1);
    let mut ana = workspace.create(Suite::P384Aes256);
    let (_, mut ben) = workspace.let_in(&mut ana, 1, Role::Member);
    let upload = ana.commit(Change::rotate()).unwrap();
    let mut ana = reload(&workspace, &mut ana);
    let applied = ana.process(&upload.commit).unwrap();
    assert!(applied.own);
    assert!(!ana.has_pending());
    ben.process(&upload.commit).unwrap();
    assert_agree(&ana, &ben);
}

#[test]
fn a_refused_commit_changes_nothing() {
    let workspace = Workspace::with(1);
    let mut ana = workspace.create(Suite::P384Aes256);
    let (_, mut ben) = workspace.let_in(&mut ana, 1, Role::Member);
    let upload = ben.commit(Change::rotate()).unwrap();
    let mut changed = upload.commit.clone();
    *changed.last_mut().unwrap() ^= 1;
    let before = ana.epoch_key().unwrap();
    assert!(ana.process(&changed).is_err());
    assert_eq!(ana.epoch_key().unwrap(), before);
    ana.process(&upload.commit).unwrap();
}

#[test]
fn a_device_that_was_away_comes_back_by_itself_and_its_old_leaf_goes() {
    for suite in Suite::ALL {
        let workspace = Workspace::with(1);
        let mut ana = workspace.create(suite);
        let (upload, _lost) = workspace.let_in(&mut ana, 1, Role::Member);
        let device = workspace.device(1);
        let (mut ben, rejoin) =
            Group::rejoin(CONVERSATION, &upload.published, &device.keys, &device.certificate, workspace.judge()).unwrap();
        let applied = ana.process(&rejoin.commit).unwrap();
        assert!(applied.external);
        assert_eq!(applied.committer.device(), device.keys.device());
        assert_agree(&ana, &ben);
        assert_eq!(ana.leaves().unwrap().len(), 2, "a device has one leaf");
        assert_eq!(rejoin.members, ana.members().unwrap());
        let upload = ana.commit(Change::rotate()).unwrap();
        ana.accept().unwrap();
        let mut ben = reload(&workspace, &mut ben);
        ben.process(&upload.commit).unwrap();
        assert_agree(&ana, &ben);
    }
}

#[test]
fn a_new_device_of_a_member_comes_in_by_itself_or_by_its_user() {
    let mut workspace = Workspace::with(1);
    let second = workspace.add_device(1);
    let third = workspace.add_device(1);
    let mut ana = workspace.create(Suite::P384Aes256);
    let (upload, mut ben) = workspace.let_in(&mut ana, 1, Role::Guest);
    let device = &workspace.people[1].devices[second];
    let (two, commit) = Group::rejoin(CONVERSATION, &upload.published, &device.keys, &device.certificate, workspace.judge()).unwrap();
    ana.process(&commit.commit).unwrap();
    ben.process(&commit.commit).unwrap();
    assert_agree(&ben, &two);
    let (offered, made) = workspace.key_package(&workspace.people[1].devices[third], Suite::P384Aes256);
    let upload = ben.commit(Change::default().add_device(offered)).unwrap();
    ben.accept().unwrap();
    let three = workspace.welcome(&upload, &made, &workspace.people[1].devices[third]);
    ana.process(&upload.commit).unwrap();
    assert_agree(&ana, &three);
    assert_eq!(ana.members().unwrap().len(), 2);
    assert_eq!(ana.devices().unwrap().len(), 4);
}

#[test]
fn a_renewed_certificate_comes_in_with_the_next_commit() {
    let mut workspace = Workspace::with(1);
    let mut ana = workspace.create(Suite::P384Aes256);
    let (_, mut ben) = workspace.let_in(&mut ana, 1, Role::Member);
    let person = &workspace.people[1];
    let renewed = person.devices[0].keys.certify(&person.identity, fixture::WORKSPACE, person.user, NOW_MS + 5).unwrap();
    workspace.say(1, Statement::DeviceAdd(renewed.as_bytes().to_vec()));
    let (mut ana, mut ben) = (reload(&workspace, &mut ana), reload(&workspace, &mut ben));
    let upload = ben.commit(Change::rotate().renew(&workspace.device(1).keys, &renewed)).unwrap();
    ben.accept().unwrap();
    let applied = ana.process(&upload.commit).unwrap();
    assert_eq!(applied.committer.certificate(), &renewed);
    assert!(applied.removed.is_empty() && applied.added.is_empty());
    assert_agree(&ana, &ben);
}

#[test]
fn a_last_resort_key_package_serves_twice() {
    let workspace = Workspace::with(1);
    let device = workspace.device(1);
    let made = MadeKeyPackage::make(&device.keys, &device.certificate, Suite::X25519ChaCha20, true, &workspace.judge()).unwrap();
    for _ in 0..2 {
        let mut ana = workspace.create(Suite::X25519ChaCha20);
        let offered = KeyPackage::parse(&made.public).unwrap();
        assert_eq!(offered.device(), device.keys.device());
        let upload = ana.commit(Change::default().add_user(workspace.user(1), Role::Member, [offered])).unwrap();
        ana.accept().unwrap();
        assert_agree(&ana, &workspace.welcome(&upload, &made, device));
    }
}

#[test]
fn who_joins_needs_the_right_tree_and_the_right_key_package() {
    let workspace = Workspace::with(2);
    let mut ana = workspace.create(Suite::P384Aes256);
    let (first, _) = workspace.let_in(&mut ana, 1, Role::Member);
    let device = workspace.device(2);
    let (offered, made) = workspace.key_package(device, Suite::P384Aes256);
    let (_, other) = workspace.key_package(device, Suite::P384Aes256);
    let upload = ana.commit(Change::default().add_user(workspace.user(2), Role::Member, [offered])).unwrap();
    let welcome = Welcome::parse(&upload.welcomes[0].1).unwrap();
    let join =
        |tree: &[u8], private: &MadeKeyPackage| Group::join(&welcome, tree, private.private.expose(), &device.keys, workspace.judge());
    assert!(matches!(join(&first.published.ratchet_tree, &made), Err(GroupError::WrongTree)), "an older tree is refused");
    let refused = join(&upload.published.ratchet_tree, &other);
    assert!(matches!(refused, Err(GroupError::NoKeyPackage)), "another key package does not open the welcome");
    join(&upload.published.ratchet_tree, &made).unwrap();
}

/// Every commit says which roster its author knew: behind, one fetches first; on a fork, one refuses.
#[test]
fn a_commit_by_someone_with_a_newer_roster_waits_for_the_roster() {
    let mut workspace = Workspace::with(1);
    let mut ana = workspace.create(Suite::P384Aes256);
    let (_, ben) = workspace.let_in(&mut ana, 1, Role::Member);
    workspace.add_device(1);
    let mut ana = reload(&workspace, &mut ana);
    let upload = ana.commit(Change::rotate()).unwrap();
    assert_eq!(CommitHeader::parse(&upload.commit).unwrap().roster, workspace.roster.head());
    let mut ben = ben;
    let refused = ben.process(&upload.commit).unwrap_err();
    assert!(refused.roster_is_behind(), "{refused}");
    reload(&workspace, &mut ben).process(&upload.commit).unwrap();
}

/// Guards against a relay that shows two members two histories of the workspace.
#[test]
fn a_commit_by_someone_who_was_shown_another_roster_is_an_alarm() {
    let mut workspace = Workspace::with(2);
    let mut ana = workspace.create(Suite::P384Aes256);
    let (_, mut ben) = workspace.let_in(&mut ana, 1, Role::Member);
    let mut elsewhere = workspace.roster.clone();
    let other = elsewhere.next(NOW_MS + 7, Statement::Suspend(workspace.user(2))).sign(&[&workspace.people[0].identity]).unwrap();
    elsewhere.append(&other).unwrap();
    let state = ana.state().unwrap();
    let mut ana = Group::load(state.expose(), CONVERSATION, Judge::new(Arc::new(elsewhere), NOW_MS)).unwrap();
    let upload = ana.commit(Change::rotate()).unwrap();
    workspace.add_device(1);
    let refused = reload(&workspace, &mut ben).process(&upload.commit).unwrap_err();
    assert!(matches!(refused, GroupError::Roster(RosterError::Forked { .. })), "{refused}");
    assert!(!refused.roster_is_behind());
}

/// A leaf that was shut out after it came in must not keep others out; it is listed, and goes.
#[test]
fn a_revoked_device_in_the_tree_is_listed_and_purged() {
    let mut workspace = Workspace::with(3);
    let mut ana = workspace.create(Suite::P384Aes256);
    let (_, mut ben) = workspace.let_in(&mut ana, 1, Role::Member);
    let (upload, mut cy) = workspace.let_in(&mut ana, 2, Role::Member);
    ben.process(&upload.commit).unwrap();
    workspace.say(0, Statement::DeviceRevoke(workspace.device(2).keys.device()));
    let (mut ana, mut ben) = (reload(&workspace, &mut ana), reload(&workspace, &mut ben));
    let (upload, mut dee) = workspace.let_in(&mut ana, 3, Role::Member);
    ben.process(&upload.commit).unwrap();
    assert_eq!(dee.shut_out().unwrap()[0].1, LeafRefused::Revoked(workspace.device(2).keys.device()));

    let upload = ben.commit(Change::default().purge()).unwrap();
    ben.accept().unwrap();
    dee.process(&upload.commit).unwrap();
    let applied = ana.process(&upload.commit).unwrap();
    assert_eq!(applied.removed[0].device(), workspace.device(2).keys.device());
    assert_agree(&ana, &dee);
    assert!(ana.shut_out().unwrap().is_empty());
    assert!(cy.process(&upload.commit).is_err() || cy.epoch() < ana.epoch());
    assert!(ana.roles().unwrap().get(workspace.user(2)).is_some(), "an active person keeps the role, for a restored device");

    let restored = workspace.add_device(2);
    let device = &workspace.people[2].devices[restored];
    let (_, commit) = Group::rejoin(CONVERSATION, &ana.published().unwrap(), &device.keys, &device.certificate, workspace.judge()).unwrap();
    reload(&workspace, &mut ana).process(&commit.commit).unwrap();
}

#[test]
fn group_bytes_that_are_none_are_refused_kindly() {
    let workspace = Workspace::with(0);
    let mut ana = workspace.create(Suite::P384Aes256);
    assert!(matches!(ana.process(b"nothing"), Err(GroupError::Malformed("commit"))));
    assert!(Welcome::parse(b"nothing").is_err());
    assert!(KeyPackage::parse(b"nothing").is_err());
    assert!(Group::load(b"nothing", CONVERSATION, workspace.judge()).is_err());
    let device = workspace.device(0);
    let nothing = Published { group_info: vec![1, 2, 3], ratchet_tree: vec![] };
    assert!(Group::rejoin(CONVERSATION, &nothing, &device.keys, &device.certificate, workspace.judge()).is_err());
}
