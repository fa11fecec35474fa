//! Conversations from their beginning: letting people in, changing, losing races, coming back.

use std::sync::Arc;

use bezel_crypto::group::{Change, CommitEntry, Group, GroupError, Judge, KeyPackage, MadeKeyPackage, Welcome};
use bezel_protocol::roster::{LeafRefused, RosterError, Statement};
use bezel_protocol::{Role, Suite};

use crate::fixture::{self, NOW_MS, Workspace, assert_agree, reload, take};

#[test]
fn people_come_in_read_the_same_key_and_go() {
    for suite in Suite::ALL {
        let workspace = Workspace::with(2);
        let mut ana = workspace.create(suite);
        let (_, mut ben) = workspace.let_in(&mut ana, 1, Role::Member);
        assert_agree(&ana, &ben);

        let (upload, cy) = workspace.let_in(&mut ana, 2, Role::ReadOnly);
        let applied = take(&mut ben, &upload.entry).unwrap();
        assert_eq!(applied.added.len(), 1);
        assert_eq!(applied.added[0].user(), workspace.user(2));
        assert_eq!(applied.roles[0].is, Some(Role::ReadOnly));
        assert_eq!(applied.committer.user(), workspace.user(0));
        assert_agree(&ben, &cy);
        assert_eq!(workspace.observer().members().unwrap(), ben.members().unwrap(), "whoever follows from outside sees the same people");
        assert_eq!(workspace.observer().devices().unwrap(), ben.devices().unwrap());

        let before = ana.epoch_key().unwrap();
        let upload = workspace.commit(&mut ana, Change::default().remove_user(workspace.user(2)));
        take(&mut ben, &upload.entry).unwrap();
        assert_agree(&ana, &ben);
        assert_ne!(ana.epoch_key().unwrap().secret(), before.secret(), "who was removed has no key of what comes after");
        let mut cy = cy;
        let applied = take(&mut cy, &upload.entry).unwrap();
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
        let upload = workspace.commit(&mut ben, Change::rotate());
        assert_eq!(upload.epoch, 1);
        let applied = take(&mut ana, &upload.entry).unwrap();
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
    let lost = workspace.built(&ana, Change::rotate()).unwrap();
    let won = workspace.commit(&mut ben, Change::rotate());
    let mut ana = reload(&workspace, &mut ana);
    assert!(!take(&mut ana, &won.entry).unwrap().own);
    assert_agree(&ana, &ben);
    let again = workspace.built(&ana, Change::rotate()).unwrap();
    let stale = take(&mut ben, &lost.entry);
    assert!(matches!(stale, Err(GroupError::WrongEpoch { expected: 2, found: 1 })), "a stale commit is refused");
    let stale = ana.accept_new(&lost);
    assert!(matches!(stale, Err(GroupError::WrongEpoch { expected: 2, found: 1 })), "old secrets don't put a group back");
    ana.accept_new(&again).unwrap();
    take(&mut ben, &again.entry).unwrap();
    assert_agree(&ana, &ben);
}

/// Guards against a commit that the relay took while this device crashed, or that was held back on the way while others were built.
#[test]
fn whichever_of_the_own_commits_the_log_holds_is_applied() {
    for winner in 0..3 {
        let workspace = Workspace::with(1);
        let mut ana = workspace.create(Suite::P384Aes256);
        let (_, mut ben) = workspace.let_in(&mut ana, 1, Role::Member);
        let built: Vec<_> = (0..3).map(|_| workspace.built(&ana, Change::rotate()).unwrap()).collect();
        let mut ana = reload(&workspace, &mut ana);
        let unknown = take(&mut ana, &built[winner].entry);
        assert!(matches!(unknown, Err(GroupError::OwnUnknown)), "a commit of one's own is known by what was kept of it");
        assert!(ana.accept_new(&built[winner]).unwrap().own);
        take(&mut ben, &built[winner].entry).unwrap();
        assert_agree(&ana, &ben);
    }
}

#[test]
fn a_refused_commit_changes_nothing() {
    let workspace = Workspace::with(1);
    let mut ana = workspace.create(Suite::P384Aes256);
    let (_, ben) = workspace.let_in(&mut ana, 1, Role::Member);
    let upload = workspace.built(&ben, Change::rotate()).unwrap();
    let mut changed = upload.entry.clone();
    *changed.last_mut().unwrap() ^= 1;
    let before = ana.epoch_key().unwrap();
    assert!(take(&mut ana, &changed).is_err());
    assert_eq!(ana.epoch_key().unwrap(), before);
    take(&mut ana, &upload.entry).unwrap();
}

#[test]
fn a_device_that_was_away_comes_back_by_itself_and_its_old_leaf_goes() {
    for suite in Suite::ALL {
        let workspace = Workspace::with(1);
        let mut ana = workspace.create(suite);
        let (upload, _lost) = workspace.let_in(&mut ana, 1, Role::Member);
        let device = workspace.device(1);
        let (mut ben, rejoin) = workspace.rejoin(&upload.group_info, device).unwrap();
        let applied = take(&mut ana, &rejoin.entry).unwrap();
        assert!(applied.external);
        assert_eq!(applied.committer.device(), device.keys.device());
        assert_agree(&ana, &ben);
        assert_eq!(ana.leaves().unwrap().len(), 2, "a device has one leaf");
        workspace.follow(&rejoin.entry).unwrap();
        let upload = workspace.commit(&mut ana, Change::rotate());
        let mut ben = reload(&workspace, &mut ben);
        take(&mut ben, &upload.entry).unwrap();
        assert_agree(&ana, &ben);
    }
}

#[test]
fn a_new_device_of_a_member_comes_in_by_itself_or_by_its_user() {
    let mut workspace = Workspace::with(1);
    let second = workspace.add_device(1);
    let third = workspace.add_device(1);
    let mut ana = workspace.create(Suite::P384Aes256);
    let (upload, mut ben) = workspace.let_in(&mut ana, 1, Role::Member);
    let device = &workspace.people[1].devices[second];
    let (two, commit) = workspace.rejoin(&upload.group_info, device).unwrap();
    take(&mut ana, &commit.entry).unwrap();
    take(&mut ben, &commit.entry).unwrap();
    workspace.follow(&commit.entry).unwrap();
    assert_agree(&ben, &two);
    let (offered, made) = workspace.key_package(&workspace.people[1].devices[third], Suite::P384Aes256);
    let upload = workspace.commit(&mut ben, Change::default().add_device(offered));
    let three = workspace.welcome(&upload, &made, &workspace.people[1].devices[third]);
    take(&mut ana, &upload.entry).unwrap();
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
    let upload = workspace.commit(&mut ben, Change::rotate().renew(&workspace.device(1).keys, &renewed));
    let applied = take(&mut ana, &upload.entry).unwrap();
    assert_eq!(applied.committer.certificate(), &renewed);
    assert!(applied.removed.is_empty() && applied.added.is_empty());
    assert_agree(&ana, &ben);
}

/// The old leaf was judged alone: whoever was away until the certificate ended could never commit the renewal.
#[test]
fn a_member_whose_certificate_ended_takes_the_renewal_up() {
    let mut workspace = Workspace::with(1);
    let mut ana = workspace.create(Suite::P384Aes256);
    let (_, mut ben) = workspace.let_in(&mut ana, 1, Role::Member);
    let late_ms = NOW_MS + 2 * bezel_protocol::certificate::CERTIFICATE_LIFETIME_MS;
    let person = &workspace.people[1];
    let renewed = person.devices[0].keys.certify(&person.identity, fixture::WORKSPACE, person.user, late_ms).unwrap();
    let said = workspace.roster.next(late_ms, Statement::DeviceAdd(renewed.as_bytes().to_vec())).sign(&[&person.identity]).unwrap();
    workspace.roster.append(&said).unwrap();
    workspace.now_ms = late_ms;
    let (mut ana, mut ben) = (reload(&workspace, &mut ana), reload(&workspace, &mut ben));
    let upload = workspace.commit(&mut ben, Change::rotate().renew(&workspace.device(1).keys, &renewed));
    assert_eq!(take(&mut ana, &upload.entry).unwrap().committer.certificate(), &renewed);
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
        let upload = workspace.commit(&mut ana, Change::default().add_user(workspace.user(1), Role::Member, [offered]));
        assert_agree(&ana, &workspace.welcome(&upload, &made, device));
    }
}

#[test]
fn who_joins_needs_the_group_of_the_log_and_the_right_key_package() {
    let workspace = Workspace::with(2);
    let mut ana = workspace.create(Suite::P384Aes256);
    workspace.let_in(&mut ana, 1, Role::Member);
    let device = workspace.device(2);
    let (offered, made) = workspace.key_package(device, Suite::P384Aes256);
    let (_, other) = workspace.key_package(device, Suite::P384Aes256);
    let before = workspace.observer();
    let upload = workspace.commit(&mut ana, Change::default().add_user(workspace.user(2), Role::Member, [offered]));
    let welcome = Welcome::parse(&upload.welcomes[0].1).unwrap();
    let join =
        |observer, private: &MadeKeyPackage| Group::join(&welcome, observer, private.private.expose(), &device.keys, workspace.judge());
    assert!(matches!(join(&before, &made), Err(GroupError::OtherGroup)), "the log leads to an older epoch");
    let after = workspace.observer();
    let refused = join(&after, &other);
    assert!(matches!(refused, Err(GroupError::NoKeyPackage)), "another key package does not open the welcome");
    join(&after, &made).unwrap();
}

/// Every commit says which roster its author knew: behind, one fetches first; on a fork, one refuses.
#[test]
fn a_commit_by_someone_with_a_newer_roster_waits_for_the_roster() {
    let mut workspace = Workspace::with(1);
    let mut ana = workspace.create(Suite::P384Aes256);
    let (_, ben) = workspace.let_in(&mut ana, 1, Role::Member);
    workspace.add_device(1);
    let ana = reload(&workspace, &mut ana);
    let upload = workspace.built(&ana, Change::rotate()).unwrap();
    assert_eq!(CommitEntry::parse(&upload.entry).unwrap().header().roster, workspace.roster.head());
    let mut ben = ben;
    let refused = take(&mut ben, &upload.entry).unwrap_err();
    assert!(refused.roster_is_behind(), "{refused}");
    take(&mut reload(&workspace, &mut ben), &upload.entry).unwrap();
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
    let ana = Group::load(state.expose(), ana.conversation(), Judge::new(Arc::new(elsewhere), NOW_MS)).unwrap();
    let upload = workspace.built(&ana, Change::rotate()).unwrap();
    workspace.add_device(1);
    let refused = take(&mut reload(&workspace, &mut ben), &upload.entry).unwrap_err();
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
    take(&mut ben, &upload.entry).unwrap();
    workspace.say(0, Statement::DeviceRevoke(workspace.device(2).keys.device()));
    let (mut ana, mut ben) = (reload(&workspace, &mut ana), reload(&workspace, &mut ben));
    let (upload, mut dee) = workspace.let_in(&mut ana, 3, Role::Member);
    take(&mut ben, &upload.entry).unwrap();
    assert_eq!(dee.shut_out().unwrap()[0].1, LeafRefused::Revoked(workspace.device(2).keys.device()));

    let upload = workspace.commit(&mut ben, Change::default().purge());
    take(&mut dee, &upload.entry).unwrap();
    let applied = take(&mut ana, &upload.entry).unwrap();
    assert_eq!(applied.removed[0].device(), workspace.device(2).keys.device());
    assert_agree(&ana, &dee);
    assert!(ana.shut_out().unwrap().is_empty());
    assert!(take(&mut cy, &upload.entry).is_err() || cy.epoch() < ana.epoch());
    assert!(ana.roles().unwrap().get(workspace.user(2)).is_some(), "an active person keeps the role, for a restored device");

    let restored = workspace.add_device(2);
    let device = &workspace.people[2].devices[restored];
    let (_, commit) = workspace.rejoin(&ana.group_info().unwrap(), device).unwrap();
    take(&mut reload(&workspace, &mut ana), &commit.entry).unwrap();
}

#[test]
fn group_bytes_that_are_none_are_refused_kindly() {
    let workspace = Workspace::with(0);
    let mut ana = workspace.create(Suite::P384Aes256);
    assert!(matches!(take(&mut ana, b"nothing"), Err(GroupError::Malformed("commit"))));
    assert!(Welcome::parse(b"nothing").is_err());
    assert!(KeyPackage::parse(b"nothing").is_err());
    assert!(Group::load(b"nothing", ana.conversation(), workspace.judge()).is_err());
    let device = workspace.device(0);
    assert!(workspace.rejoin(&[1, 2, 3], device).is_err());
}
