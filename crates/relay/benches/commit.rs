//! What the relay does for one commit, beside its database: the entry is read, the group loaded as an observer has it, the commit judged, the
//! group info checked, and the group written. `BEZEL_BENCH_MEMBERS` sets the sizes of the groups (2,100,1000); they are made by one member, who
//! adds all others, so the paths are as long as they can be. A member is a device here.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a benchmark that can not run should stop")]
#![expect(clippy::print_stderr, reason = "sizes are printed beside what criterion says")]

#[expect(dead_code, unused_imports, reason = "the tests need more of it")]
#[path = "../tests/it/support/mod.rs"]
mod support;

use std::cell::OnceCell;
use std::sync::Arc;
use std::time::Duration;

use bezel_crypto::DeviceKeys;
use bezel_crypto::group::{Change, Group, KeyPackage, MadeKeyPackage, NewCommit};
use bezel_observer::{CommitEntry, Judge, Observer};
use bezel_protocol::cose::Signer;
use bezel_protocol::log::Place;
use bezel_protocol::roster::{Genesis, InviteStatement, Join, Roster, Statement, StatementBody};
use bezel_protocol::{DeviceId, InviteId, Role, SignedCertificate, Suite, UserId, WorkspaceId};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

use support::{Ed25519Key, Identity, random};

const NOW_MS: i64 = 1_800_000_000_000;
const WORKSPACE: WorkspaceId = WorkspaceId::from_bytes([1; 16]);
const SUITE: Suite = Suite::P384Aes256;
/// A person has no more.
const DEVICES_OF_A_PERSON: usize = 20;
/// So many people come in by one commit.
const BATCH: usize = 5;

/// A commit that waits to be judged, and the group as it stands.
struct Waiting {
    judge: Judge,
    snapshot: Vec<u8>,
    entry: Vec<u8>,
    group_info: Vec<u8>,
}

/// What the relay does.
fn take(commit: &Waiting) -> Vec<u8> {
    let entry = CommitEntry::parse(&commit.entry).expect("an entry");
    let mut observer = Observer::load(&commit.snapshot, commit.judge.clone()).expect("a group");
    observer.apply(&entry, commit.judge.clone()).expect("a commit that is allowed");
    observer.check_published(&entry, &commit.group_info).expect("group info of the commit");
    observer.snapshot().expect("a group")
}

type Device = (DeviceKeys, SignedCertificate);

/// The roster of a workspace with so many devices: Ana's first, and those of other people.
struct Workspace {
    roster: Roster,
    ana: Device,
    others: Vec<(UserId, Vec<Device>)>,
}

impl Workspace {
    fn of(devices: usize) -> Self {
        let (ana, identity) = (UserId::from_bytes(random()), Identity::numbered(0));
        let genesis = Genesis {
            name: "Maison Lune".into(),
            owner: ana,
            handle: "ana".parse().expect("a handle"),
            identity_key: identity.public.clone(),
        };
        let genesis = StatementBody::genesis(WORKSPACE, NOW_MS, genesis).sign(&[&identity]).expect("a signature");
        let mut roster = Roster::begin(&genesis).expect("a roster");
        let anas = add_device(&mut roster, ana, &identity);
        let invite = InviteId::from_bytes(random());
        let key = Ed25519Key::new(invite.as_bytes());
        let given = InviteStatement { invite, key: key.public(), role: Role::Member, expires_at_ms: NOW_MS + 1000, uses: 1000 };
        say(&mut roster, Statement::Invite(given), &[&identity]);
        let (mut others, mut missing) = (Vec::new(), devices - 1);
        while missing > 0 {
            let (user, identity) = (UserId::from_bytes(random()), Identity::numbered(others.len() + 1));
            let handle = format!("person{}", others.len()).parse().expect("a handle");
            let join = Join { invite, user, handle, identity_key: identity.public.clone() };
            say(&mut roster, Statement::Join(join), &[&key, &identity]);
            let theirs = missing.min(DEVICES_OF_A_PERSON);
            others.push((user, (0..theirs).map(|_| add_device(&mut roster, user, &identity)).collect()));
            missing -= theirs;
        }
        Self { roster, ana: anas, others }
    }

    fn judge(&self) -> Judge {
        Judge::new(Arc::new(self.roster.clone()), NOW_MS)
    }
}

fn say(roster: &mut Roster, statement: Statement, signers: &[&dyn Signer]) {
    let signed = roster.next(NOW_MS, statement).sign(signers).expect("a signature");
    roster.append(&signed).expect("a statement that is allowed");
}

fn add_device(roster: &mut Roster, user: UserId, identity: &Identity) -> Device {
    let device = DeviceId::from_bytes(random());
    let keys = Ed25519Key::new(device.as_bytes()).device_keys(device);
    let certificate = keys.certify(&identity.key, WORKSPACE, user, NOW_MS).expect("a certificate");
    say(roster, Statement::DeviceAdd(certificate.as_bytes().to_vec()), &[identity]);
    (keys, certificate)
}

/// A group of so many devices, and an update of its maker's keys.
fn waiting(members: usize) -> Waiting {
    let workspace = Workspace::of(members);
    let (judge, (keys, certificate)) = (workspace.judge(), &workspace.ana);
    let (mut group, begin) = Group::create(&random(), SUITE, keys, certificate, judge.clone()).expect("a group");
    let mut observer = Observer::begin(&begin.encode(), judge.clone()).expect("a beginning");
    for batch in workspace.others.chunks(BATCH) {
        let change = batch.iter().fold(Change::default(), |change, (user, devices)| {
            change.add_user(*user, Role::Member, devices.iter().map(|device| key_package(device, &judge)))
        });
        let NewCommit { entry, .. } = commit(&mut group, change, keys);
        observer.apply(&CommitEntry::parse(&entry).expect("an entry"), judge.clone()).expect("a commit that is allowed");
    }
    assert_eq!(observer.devices().expect("devices").len(), members);
    let snapshot = observer.snapshot().expect("a group");
    let NewCommit { entry, group_info, .. } = commit(&mut group, Change::rotate(), keys);
    eprintln!(
        "{members} members: a snapshot of {} bytes, an entry of {}, a group info of {}",
        snapshot.len(),
        entry.len(),
        group_info.len()
    );
    Waiting { judge, snapshot, entry, group_info }
}

fn commit(group: &mut Group, change: Change<'_>, keys: &DeviceKeys) -> NewCommit {
    let commit = group.commit(change, keys, Place::START).expect("a commit that is allowed");
    group.accept_new(&commit).expect("its own commit");
    commit
}

fn key_package((keys, certificate): &Device, judge: &Judge) -> KeyPackage {
    let made = MadeKeyPackage::make(keys, certificate, SUITE, false, judge).expect("a key package");
    KeyPackage::parse(&made.public).expect("a key package")
}

fn bench(criterion: &mut Criterion) {
    // Whoever runs it as a test wants to know whether it runs.
    let usual = if std::env::args().any(|argument| argument == "--bench") { "2,100,1000" } else { "2" };
    let members = std::env::var("BEZEL_BENCH_MEMBERS").unwrap_or_else(|_| usual.to_owned());
    let mut group = criterion.benchmark_group("commit");
    group.sample_size(20).measurement_time(Duration::from_secs(3));
    for members in members.split(',').map(|members| members.trim().parse::<usize>().expect("BEZEL_BENCH_MEMBERS: numbers, with commas")) {
        // Made when it is asked for: a list of benchmarks needs no group.
        let made = OnceCell::new();
        group.bench_function(BenchmarkId::new("update", format!("{members} members")), |bencher| {
            let commit = made.get_or_init(|| waiting(members));
            bencher.iter(|| take(commit));
        });
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
