//! The roster as an attacker would try it: every rule, by the name of what it prevents.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

mod support;

use bezel_protocol::roster::{
    Fault, IdentityRotate, InviteStatement, Join, LeafRefused, RoleChange, Roster, RosterError, Statement, Status,
};
use bezel_protocol::{Hash, Role, Suite};
use proptest::prelude::*;
use support::*;

fn fault(result: Result<(), RosterError>) -> Fault {
    match result {
        Err(RosterError::Refused { fault, .. }) => fault,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

fn role(number: u8, role: Role) -> Statement {
    Statement::Role(RoleChange { user: user(number), role })
}

/// Ana owns, Ben (2) administers, Lena (3) is a member.
fn three() -> Log {
    let mut log = Log::begin();
    log.join(2, "ben", Role::Admin);
    log.join(3, "lena", Role::Member);
    log
}

#[test]
fn a_whole_log_replays_to_the_same_roster() {
    let log = three();
    let replayed = log.replay().unwrap();
    assert_eq!(replayed.head(), log.roster.head());
    let people: Vec<_> = replayed.users().map(|user| (user.handle.as_str(), user.role, user.status)).collect();
    assert_eq!(
        people,
        [("ana", Role::Owner, Status::Active), ("ben", Role::Admin, Status::Active), ("lena", Role::Member, Status::Active)]
    );
    assert!(replayed.stands(device(3), START_MS));
}

#[test]
fn another_genesis_is_refused() {
    let log = three();
    let elsewhere = Roster::replay(Hash::of(b"another"), log.statements.iter().map(Vec::as_slice));
    assert_eq!(elsewhere.unwrap_err(), RosterError::GenesisMismatch);
}

#[test]
fn a_reordered_log_is_refused() {
    let mut log = three();
    log.statements.swap(2, 3);
    assert_eq!(log.replay().unwrap_err(), RosterError::OutOfOrder { expected: 2, found: 3 });
}

#[test]
fn a_log_with_a_statement_left_out_is_refused() {
    let mut log = three();
    log.statements.remove(4);
    assert_eq!(log.replay().unwrap_err(), RosterError::OutOfOrder { expected: 4, found: 5 });
}

#[test]
fn a_forked_log_is_refused() {
    let (mut ours, mut theirs) = (three(), three());
    let ana = Identity::numbered(0);
    ours.say(Statement::Suspend(user(3)), &[&ana]).unwrap();
    theirs.say(role(3, Role::Guest), &[&ana]).unwrap();
    theirs.say(Statement::Suspend(user(3)), &[&ana]).unwrap();
    ours.statements.push(theirs.statements.last().unwrap().clone());
    let sequence = ours.roster.head().sequence + 1;
    assert_eq!(ours.replay().unwrap_err(), RosterError::Forked { sequence });
    assert_eq!(
        ours.roster
            .compare(bezel_protocol::envelope::RosterHead { sequence: sequence - 1, hash: theirs.roster.hash_at(sequence - 1).unwrap() }),
        Err(RosterError::Forked { sequence: sequence - 1 }),
        "somebody's head in a message reveals the fork"
    );
}

#[test]
fn a_truncated_log_is_noticed_by_a_head_from_elsewhere() {
    let log = three();
    let cut = Roster::replay(log.roster.genesis(), log.statements[..4].iter().map(Vec::as_slice)).unwrap();
    let head = log.roster.head();
    assert_eq!(cut.compare(head), Err(RosterError::Truncated { known: head.sequence, given: 3 }));
}

#[test]
fn a_changed_byte_is_refused_wherever_it_is() {
    let log = three();
    for index in 1..log.statements.len() {
        let length = log.statements[index].len();
        for position in [length / 7, length / 3, length / 2, length - 1] {
            let mut changed = log.statements.clone();
            changed[index][position] ^= 1;
            assert!(Roster::replay(log.roster.genesis(), changed.iter().map(Vec::as_slice)).is_err(), "statement {index}, byte {position}");
        }
    }
}

#[test]
fn a_statement_signed_by_another_key_is_refused() {
    let mut log = three();
    let stranger = Identity::numbered(4);
    assert_eq!(fault(log.say(Statement::Suspend(user(3)), &[&stranger])), Fault::UnknownSigner);
    // A stranger who claims to be Ana.
    struct Claims(Identity, Vec<u8>);
    impl bezel_protocol::cose::Signer for Claims {
        fn algorithm(&self) -> bezel_protocol::cose::SignatureAlgorithm {
            self.0.algorithm()
        }
        fn key_id(&self) -> Vec<u8> {
            self.1.clone()
        }
        fn sign(&self, message: &[u8]) -> Result<Vec<u8>, bezel_protocol::cose::SigningFailed> {
            self.0.sign(message)
        }
    }
    use bezel_protocol::cose::Signer as _;
    let forger = Claims(stranger, Identity::numbered(0).key_id());
    assert_eq!(fault(log.say(Statement::Suspend(user(3)), &[&forger])), Fault::BadSignature);
    assert_eq!(fault(log.say(Statement::Suspend(user(3)), &[])), Fault::BadSignature);
}

#[test]
fn a_member_can_do_nothing_to_others() {
    let mut log = three();
    let lena = Identity::numbered(2);
    let not_allowed = Fault::NotAllowed { role: Role::Member };
    for statement in [role(3, Role::Admin), Statement::Suspend(user(2)), Statement::Remove(user(2)), Statement::DeviceRevoke(device(2))] {
        assert_eq!(fault(log.say(statement, &[&lena])), not_allowed);
    }
    let key = Ed25519Key::new(77, invite(9).as_bytes());
    let given = InviteStatement { invite: invite(9), key: key.public(), role: Role::Guest, expires_at_ms: START_MS + 1, uses: 1 };
    assert_eq!(fault(log.say(Statement::Invite(given), &[&lena])), not_allowed);
}

#[test]
fn an_admin_can_neither_touch_nor_make_an_owner() {
    let mut log = three();
    let ben = Identity::numbered(1);
    let not_allowed = Fault::NotAllowed { role: Role::Admin };
    for statement in [role(1, Role::Member), role(3, Role::Owner), Statement::Remove(user(1)), Statement::DeviceRevoke(device(1))] {
        assert_eq!(fault(log.say(statement, &[&ben])), not_allowed);
    }
    log.say(role(3, Role::ReadOnly), &[&ben]).unwrap();
}

#[test]
fn the_last_owner_stays() {
    let mut log = three();
    let ana = Identity::numbered(0);
    for statement in [role(1, Role::Member), Statement::Remove(user(1)), Statement::Suspend(user(1))] {
        assert_eq!(fault(log.say(statement, &[&ana])), Fault::LastOwner);
    }
    log.say(role(2, Role::Owner), &[&ana]).unwrap();
    log.say(Statement::Remove(user(1)), &[&ana]).unwrap();
}

#[test]
fn a_suspended_or_removed_user_has_no_voice_and_no_leaf() {
    let mut log = three();
    let (ana, ben) = (Identity::numbered(0), Identity::numbered(1));
    log.say(Statement::Suspend(user(2)), &[&ana]).unwrap();
    assert_eq!(fault(log.say(Statement::Suspend(user(3)), &[&ben])), Fault::UnknownSigner);
    let credential = certificate(&ben, user(2), 2, START_MS + 300 * DAY_MS);
    let leaf = |log: &Log| {
        log.roster
            .check_leaf(log.roster.device(device(2)).unwrap().current().unwrap().as_bytes(), &[2; 97], Suite::P384Aes256, START_MS)
            .map(|_| ())
    };
    assert_eq!(leaf(&log), Err(LeafRefused::UserShutOut(device(2))));
    log.say(Statement::Reinstate(user(2)), &[&ana]).unwrap();
    assert_eq!(leaf(&log), Ok(()));
    assert_eq!(
        log.roster.check_leaf(&credential, &[2; 97], Suite::P384Aes256, START_MS).map(|_| ()),
        Err(LeafRefused::OtherCertificate(device(2))),
        "only the certificate that the roster recorded counts, even if the same key signed another"
    );
    log.say(Statement::Remove(user(2)), &[&ana]).unwrap();
    assert_eq!(fault(log.say(Statement::Reinstate(user(2)), &[&ana])), Fault::WrongStatus);
}

#[test]
fn a_leaf_with_a_stolen_certificate_or_a_revoked_device_is_refused() {
    let mut log = three();
    let certificate = log.roster.device(device(3)).unwrap().current().unwrap().clone();
    let check = |log: &Log, key: &[u8], now| log.roster.check_leaf(certificate.as_bytes(), key, Suite::P384Aes256, now).map(|_| ());
    assert_eq!(check(&log, &[9; 97], START_MS), Err(LeafRefused::OtherKey(device(3))));
    assert_eq!(check(&log, &[3; 97], START_MS + 301 * DAY_MS), Err(LeafRefused::Expired(device(3))));
    log.say(Statement::DeviceRevoke(device(3)), &[&Identity::numbered(2)]).unwrap();
    assert_eq!(check(&log, &[3; 97], START_MS), Err(LeafRefused::Revoked(device(3))));
    let renewed = support::certificate(&Identity::numbered(2), user(3), 3, START_MS + DAY_MS);
    assert_eq!(fault(log.say(Statement::DeviceAdd(renewed), &[&Identity::numbered(2)])), Fault::DeviceRevoked);
}

#[test]
fn a_device_certificate_for_somebody_else_is_refused() {
    let mut log = three();
    let (ben, lena) = (Identity::numbered(1), Identity::numbered(2));
    let ghost = certificate(&ben, user(3), 9, START_MS + DAY_MS);
    assert_eq!(fault(log.say(Statement::DeviceAdd(ghost), &[&ben])), Fault::CertificateMismatch);
    let forged = certificate(&ben, user(3), 9, START_MS + DAY_MS);
    assert!(matches!(fault(log.say(Statement::DeviceAdd(forged), &[&lena])), Fault::Certificate(_)));
    let eternal = certificate(&lena, user(3), 9, START_MS + 500 * DAY_MS);
    assert_eq!(fault(log.say(Statement::DeviceAdd(eternal), &[&lena])), Fault::CertificateMismatch);
    let same_id = certificate(&lena, user(3), 2, START_MS + DAY_MS);
    assert_eq!(fault(log.say(Statement::DeviceAdd(same_id), &[&lena])), Fault::DuplicateId);
}

#[test]
fn an_invitation_works_once_in_time_and_with_its_key() {
    let mut log = three();
    let (ana, stranger) = (Identity::numbered(0), Identity::numbered(3));
    let key = Ed25519Key::new(77, invite(9).as_bytes());
    let given = InviteStatement { invite: invite(9), key: key.public(), role: Role::Member, expires_at_ms: START_MS + 10, uses: 1 };
    log.say(Statement::Invite(given.clone()), &[&ana]).unwrap();
    assert_eq!(fault(log.say(Statement::Invite(given), &[&ana])), Fault::DuplicateId);
    let join = |handle: &str| {
        Statement::Join(Join { invite: invite(9), user: user(9), handle: handle.parse().unwrap(), identity_key: stranger.public.clone() })
    };
    let wrong_key = Ed25519Key::new(78, invite(9).as_bytes());
    assert_eq!(fault(log.say(join("mira"), &[&wrong_key, &stranger])), Fault::BadSignature);
    assert_eq!(fault(log.say(join("mira"), &[&key, &ana])), Fault::BadSignature);
    assert_eq!(fault(log.say(join("ben"), &[&key, &stranger])), Fault::HandleTaken("ben".parse().unwrap()));
    let late = log.roster.next(START_MS + 11, join("mira")).sign(&[&key, &stranger]).unwrap();
    assert_eq!(fault(log.roster.clone().append(&late)), Fault::InviteOver);
    log.say(join("mira"), &[&key, &stranger]).unwrap();
    let second = Statement::Join(Join {
        invite: invite(9),
        user: user(8),
        handle: "second".parse().unwrap(),
        identity_key: Identity::numbered(4).public,
    });
    assert_eq!(fault(log.say(second, &[&key, &Identity::numbered(4)])), Fault::InviteOver);
}

#[test]
fn an_invitation_falls_with_the_right_of_its_giver() {
    let mut log = three();
    let (ana, ben, stranger) = (Identity::numbered(0), Identity::numbered(1), Identity::numbered(3));
    let key = Ed25519Key::new(77, invite(9).as_bytes());
    let given = InviteStatement { invite: invite(9), key: key.public(), role: Role::Member, expires_at_ms: START_MS + 10, uses: 1 };
    log.say(Statement::Invite(given), &[&ben]).unwrap();
    log.say(role(2, Role::Member), &[&ana]).unwrap();
    let join = Join { invite: invite(9), user: user(9), handle: "mira".parse().unwrap(), identity_key: stranger.public.clone() };
    assert_eq!(fault(log.say(Statement::Join(join), &[&key, &stranger])), Fault::InviteOver);
}

#[test]
fn an_identity_rotates_only_by_its_old_and_its_new_key_together() {
    let mut log = three();
    let (ben, new) = (Identity::numbered(1), Identity::numbered(3));
    let rotate = |number: u8| Statement::IdentityRotate(IdentityRotate { user: user(number), identity_key: new.public.clone() });
    assert_eq!(fault(log.say(rotate(2), &[&ben])), Fault::BadSignature);
    assert_eq!(fault(log.say(rotate(2), &[&new, &ben])), Fault::UnknownSigner);
    assert_eq!(fault(log.say(rotate(3), &[&ben, &new])), Fault::NotAllowed { role: Role::Admin });
    log.say(rotate(2), &[&ben, &new]).unwrap();
    assert_eq!(fault(log.say(Statement::Suspend(user(3)), &[&ben])), Fault::UnknownSigner, "the old key has no voice any more");
    log.say(Statement::Suspend(user(3)), &[&new]).unwrap();
    let back = Statement::IdentityRotate(IdentityRotate { user: user(2), identity_key: ben.public.clone() });
    assert_eq!(fault(log.say(back, &[&new, &ben])), Fault::KeyReused);
}

#[test]
fn time_does_not_go_back() {
    let mut log = three();
    let mut body = log.roster.next(START_MS, Statement::Suspend(user(3)));
    body.at_ms = START_MS - 1;
    let backdated = body.sign(&[&Identity::numbered(0)]).unwrap();
    assert_eq!(fault(log.roster.append(&backdated)), Fault::TimeWentBack);
}

#[test]
fn a_refused_statement_changes_nothing() {
    let mut log = three();
    let head = log.roster.head();
    assert!(log.say(Statement::Remove(user(1)), &[&Identity::numbered(2)]).is_err());
    assert_eq!(log.roster.head(), head);
    assert_eq!(log.roster.user(user(1)).unwrap().status, Status::Active);
}

#[test]
fn a_user_has_twenty_devices_at_most_and_a_revoked_one_makes_room() {
    let mut log = three();
    let lena = Identity::numbered(2);
    let add = |number: u8| Statement::DeviceAdd(certificate(&lena, user(3), number, START_MS + DAY_MS));
    for number in 30..49 {
        log.say(add(number), &[&lena]).unwrap();
    }
    assert_eq!(fault(log.say(add(49), &[&lena])), Fault::TooManyDevices);
    log.say(add(30), &[&lena]).unwrap();
    log.say(Statement::DeviceRevoke(device(30)), &[&lena]).unwrap();
    log.say(add(49), &[&lena]).unwrap();
}

/// Whoever renews without end makes every start of everybody longer. The last statement is left for the revocation.
#[test]
fn a_device_has_a_thousand_statements_at_most() {
    let mut log = three();
    let lena = Identity::numbered(2);
    let renewed = certificate(&lena, user(3), 3, START_MS + DAY_MS);
    // A thousand signatures take a minute: the snapshot is given 998 certificates, as a replay would have found them.
    let mut kept: ciborium::Value = ciborium::from_reader(log.roster.snapshot().as_slice()).unwrap();
    let devices = field(&mut kept, "devices").as_array_mut().unwrap();
    let certificates = field(devices.last_mut().unwrap(), "certificates").as_array_mut().unwrap();
    certificates.resize(998, ciborium::Value::Bytes(renewed.clone()));
    let mut bytes = Vec::new();
    ciborium::into_writer(&kept, &mut bytes).unwrap();
    log.roster = Roster::restore(&bytes, log.roster.genesis(), log.roster.head()).unwrap();
    log.say(Statement::DeviceAdd(renewed.clone()), &[&lena]).unwrap();
    assert_eq!(fault(log.say(Statement::DeviceAdd(renewed), &[&lena])), Fault::TooManyStatements);
    log.say(Statement::DeviceRevoke(device(3)), &[&lena]).unwrap();
}

fn field<'a>(value: &'a mut ciborium::Value, name: &str) -> &'a mut ciborium::Value {
    let fields = value.as_map_mut().unwrap();
    fields.iter_mut().find(|(key, _)| key.as_text() == Some(name)).map(|(_, value)| value).unwrap()
}

#[test]
fn a_statement_of_more_than_64_kib_is_refused_unread() {
    let bytes = vec![0; bezel_protocol::roster::MAX_STATEMENT_BYTES + 1];
    assert_eq!(bezel_protocol::roster::SignedStatement::parse(&bytes).unwrap_err(), RosterError::TooLarge);
}

/// A clock that ran ahead has left the head in the future, beyond the end of honest certificates: people must still come in.
#[test]
fn a_head_in_the_far_future_keeps_no_device_out() {
    let mut log = three();
    let lena = Identity::numbered(2);
    let ahead = log.roster.next(START_MS + 500 * DAY_MS, Statement::Suspend(user(2))).sign(&[&Identity::numbered(0)]).unwrap();
    log.roster.append(&ahead).unwrap();
    log.statements.push(ahead.as_bytes().to_vec());
    log.say(Statement::DeviceAdd(certificate(&lena, user(3), 9, START_MS + 400 * DAY_MS)), &[&lena]).unwrap();
    assert!(log.roster.stands(device(9), START_MS));
    assert!(log.roster.is_lapsed(device(9), START_MS + 400 * DAY_MS));
}

#[test]
fn a_snapshot_of_another_roster_or_place_or_a_damaged_one_is_not_believed() {
    let log = three();
    let (snapshot, genesis, head) = (log.roster.snapshot(), log.roster.genesis(), log.roster.head());
    assert_eq!(Roster::restore(&snapshot, genesis, head).as_ref(), Some(&log.roster));
    assert_eq!(Roster::restore(&snapshot, Hash::of(b"another"), head), None);
    let before = bezel_protocol::roster::RosterHead { sequence: head.sequence - 1, hash: log.roster.hash_at(head.sequence - 1).unwrap() };
    assert_eq!(Roster::restore(&snapshot, genesis, before), None);
    let elsewhere = bezel_protocol::roster::RosterHead { hash: Hash::of(b"another"), ..head };
    assert_eq!(Roster::restore(&snapshot, genesis, elsewhere), None);
    assert_eq!(Roster::restore(&snapshot[..snapshot.len() - 1], genesis, head), None);
    assert_eq!(Roster::restore(&[], genesis, head), None);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// What a start replays after a snapshot must end where the whole replay ends.
    #[test]
    fn a_snapshot_and_the_rest_equal_the_whole_replay(said in proptest::collection::vec(0_u8..8, 1..10), cut in any::<prop::sample::Index>()) {
        let mut log = three();
        let (ana, ben) = (Identity::numbered(0), Identity::numbered(1));
        for (number, kind) in (60_u8..).zip(said) {
            // Some are refused, and then not in the log.
            let _ = match kind {
                0 => log.say(role(3, Role::Guest), &[&ana]),
                1 => log.say(role(2, Role::Member), &[&ana]),
                2 => log.say(Statement::Suspend(user(3)), &[&ana]),
                3 => log.say(Statement::Reinstate(user(3)), &[&ana]),
                4 => log.say(Statement::DeviceAdd(certificate(&ben, user(2), number, START_MS + DAY_MS)), &[&ben]),
                5 => log.say(Statement::DeviceRevoke(device(number - 1)), &[&ben]),
                6 => log.say(Statement::DeviceAdd(certificate(&ben, user(2), 2, START_MS + DAY_MS)), &[&ben]),
                _ => {
                    let key = Ed25519Key::new(number, invite(number).as_bytes());
                    let given = InviteStatement { invite: invite(number), key: key.public(), role: Role::Guest, expires_at_ms: START_MS + 10, uses: 2 };
                    log.say(Statement::Invite(given), &[&ana])
                }
            };
        }
        let cut = 1 + cut.index(log.statements.len());
        let first = Roster::replay(log.roster.genesis(), log.statements[..cut].iter().map(Vec::as_slice)).unwrap();
        let mut roster = Roster::restore(&first.snapshot(), first.genesis(), first.head()).unwrap();
        for statement in &log.statements[cut..] {
            roster.append(&bezel_protocol::roster::SignedStatement::parse(statement).unwrap()).unwrap();
        }
        prop_assert_eq!(&roster, &log.replay().unwrap());
        prop_assert_eq!(&roster, &log.roster);
    }

    #[test]
    fn any_bytes_restore_a_roster_or_nothing(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let head = bezel_protocol::roster::RosterHead { sequence: 0, hash: Hash::ZERO };
        prop_assert_eq!(Roster::restore(&bytes, Hash::ZERO, head), None);
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = bezel_protocol::roster::SignedStatement::parse(&bytes);
        let _ = bezel_protocol::SignedCertificate::parse(&bytes);
        let _ = bezel_protocol::envelope::Envelope::parse(&bytes);
    }
}
