//! A start with a long roster: 10,000 statements replayed from the genesis, and the same from a snapshot.
#![expect(clippy::expect_used, clippy::print_stderr, reason = "a benchmark that can't begin ends, and says sizes")]

use bezel_crypto::IdentityKeyPair;
use bezel_protocol::cose::Signer;
use bezel_protocol::key::Ed25519PublicKey;
use bezel_protocol::roster::{Genesis, InviteStatement, RoleChange, Roster, Statement, StatementBody};
use bezel_protocol::{InviteId, Role, UserId, WorkspaceId};
use criterion::{Criterion, criterion_group, criterion_main};

const STATEMENTS: u64 = 10_000;
const START_MS: i64 = 1_790_000_000_000;

/// Ana begins, and says the same of herself again and again; every tenth statement is an invitation.
fn log() -> (Roster, Vec<Vec<u8>>) {
    let ana = IdentityKeyPair::generate().expect("a key");
    let owner = UserId::from_bytes([1; 16]);
    let genesis =
        Genesis { name: "Maison Lune".into(), owner, handle: "ana".parse().expect("a handle"), identity_key: ana.public().clone() };
    let genesis = StatementBody::genesis(WorkspaceId::from_bytes([1; 16]), START_MS, genesis).sign(&[&ana]).expect("a signature");
    let mut roster = Roster::begin(&genesis).expect("a roster");
    let mut statements = vec![genesis.as_bytes().to_vec()];
    for number in 1..STATEMENTS {
        let statement = if number % 10 == 0 {
            let invite = InviteId::from_bytes(u128::from(number).to_be_bytes());
            let mut seed = [0; 32];
            seed.iter_mut().zip(number.to_be_bytes()).for_each(|(to, from)| *to = from);
            let key =
                bezel_crypto::InviteKeyPair::from_seed(invite, bezel_crypto::Secret::from_slice(&seed).expect("32 bytes")).expect("a key");
            let key: Ed25519PublicKey = *key.public();
            Statement::Invite(InviteStatement { invite, key, role: Role::Member, expires_at_ms: START_MS + 1000, uses: 1 })
        } else {
            Statement::Role(RoleChange { user: owner, role: Role::Owner })
        };
        let signed = roster.next(START_MS, statement).sign(&[&ana as &dyn Signer]).expect("a signature");
        roster.append(&signed).expect("a statement that is allowed");
        statements.push(signed.as_bytes().to_vec());
    }
    (roster, statements)
}

fn start(criterion: &mut Criterion) {
    let (roster, statements) = log();
    let (snapshot, genesis, head) = (roster.snapshot(), roster.genesis(), roster.head());
    eprintln!("a snapshot of {STATEMENTS} statements has {} bytes", snapshot.len());
    let mut group = criterion.benchmark_group("roster/10,000 statements");
    group.sample_size(10);
    group.bench_function("replay", |bencher| {
        bencher.iter(|| Roster::replay(genesis, statements.iter().map(Vec::as_slice)).expect("a roster"))
    });
    group.bench_function("snapshot", |bencher| bencher.iter(|| Roster::restore(&snapshot, genesis, head).expect("a roster")));
    group.finish();
}

criterion_group!(benches, start);
criterion_main!(benches);
