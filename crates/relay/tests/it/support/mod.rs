//! A relay, and people with keys. The signers are for tests only.

mod file;
mod group;
mod keys;
mod person;
mod rogue;

use std::sync::Arc;

use bezel_protocol::roster::{InviteStatement, Join, Roster, SignedStatement, Statement, StatementBody};
use bezel_protocol::settings::Settings;
use bezel_protocol::wire::{Bytes, NewStatements, NewWorkspace, RosterAppended, path};
use bezel_protocol::{InviteId, Role, WorkspaceId};
use bezel_relay::{FileOptions, Options, ReachOptions, Relay, RunningRelay, Setup};

pub(crate) use file::{ciphertext, metadata, new_file};
pub(crate) use group::upload;
pub(crate) use keys::{Ed25519Key, Identity};
pub(crate) use person::{Answer, Person};
pub(crate) use rogue::{Lawbreaker, Rogue, foreign, roles};

/// Milliseconds since the epoch.
pub(crate) fn now_ms() -> i64 {
    i64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap()
}

/// 16 random bytes.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).unwrap();
    bytes
}

/// A relay with one workspace, Ana's, and the roster as its members know it.
pub(crate) struct Shop {
    pub(crate) relay: Option<RunningRelay>,
    pub(crate) folder: Arc<tempfile::TempDir>,
    pub(crate) workspace: WorkspaceId,
    pub(crate) roster: Roster,
    pub(crate) ana: Person,
}

pub(crate) async fn start(folder: &std::path::Path) -> RunningRelay {
    start_with(folder, 1).await
}

pub(crate) async fn start_with(folder: &std::path::Path, max_workspaces: u32) -> RunningRelay {
    Relay::start(Options { max_workspaces, ..options(folder) }).await.unwrap()
}

/// A relay on a free port of this machine.
pub(crate) fn options(folder: &std::path::Path) -> Options {
    Options {
        data: folder.to_owned(),
        listen: "127.0.0.1:0".parse().unwrap(),
        max_workspaces: 1,
        settings: Settings::default(),
        files: FileOptions::default(),
        reach: ReachOptions::default(),
        max_connections: None,
        setup: Setup::ByAddress,
    }
}

impl Shop {
    /// Ana begins.
    pub(crate) async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let relay = start(folder.path()).await;
        let base = format!("http://{}", relay.addr());
        Self::found(base, Some(relay), folder).await
    }

    /// Ana begins on a relay that runs already.
    pub(crate) async fn found(base: String, relay: Option<RunningRelay>, folder: tempfile::TempDir) -> Self {
        let workspace = WorkspaceId::new(now_ms(), random());
        let mut ana = Person::new(base, workspace, Identity::numbered(0));
        let (genesis, roster) = ana.genesis("ana");
        let device = roster.next(now_ms(), Statement::DeviceAdd(ana.certificate())).sign(&[&ana.identity]).unwrap();
        let statements = [&genesis, &device].map(|statement| Bytes(statement.as_bytes().to_vec())).to_vec();
        assert_eq!(ana.post(path::WORKSPACES, &NewWorkspace { statements, setup_token: None }).await.status, 200);
        let mut roster = roster;
        roster.append(&device).unwrap();
        ana.log_in().await;
        Self { relay, folder: Arc::new(folder), workspace, roster, ana }
    }

    pub(crate) fn base(&self) -> &str {
        &self.ana.base
    }

    /// Appends as `by`; what the relay takes, this roster takes as well.
    async fn append(&self, by: &Person, statements: &[SignedStatement]) -> Answer {
        by.post(path::ROSTER, &statements_of(statements)).await
    }

    /// Takes what the relay took.
    pub(crate) fn believe(&mut self, statement: &SignedStatement) {
        self.roster.append(statement).unwrap();
    }

    /// Says something in Ana's name that must be taken.
    pub(crate) async fn declare(&mut self, statement: Statement) {
        let signed = self.roster.next(now_ms(), statement).sign(&[&self.ana.identity]).unwrap();
        let answer = self.append(&self.ana, std::slice::from_ref(&signed)).await;
        let appended: RosterAppended = answer.body();
        self.believe(&signed);
        assert_eq!(appended.head, self.roster.head());
    }

    /// Ana invites, the other joins by the invite's key, adds a device and logs in by it.
    pub(crate) async fn join(&mut self, number: usize, handle: &str, role: Role) -> Person {
        let invite = InviteId::new(now_ms(), random());
        let key = Ed25519Key::new(invite.as_bytes());
        let given = InviteStatement { invite, key: key.public(), role, expires_at_ms: now_ms() + 86_400_000, uses: 1 };
        self.declare(Statement::Invite(given)).await;
        let mut person = Person::new(self.base().to_owned(), self.workspace, Identity::numbered(number));
        person.log_in_by_invite(invite, &key).await;
        let join = Join { invite, user: person.user, handle: handle.parse().unwrap(), identity_key: person.identity.public.clone() };
        let joined = self.roster.next(now_ms(), Statement::Join(join)).sign(&[&key, &person.identity]).unwrap();
        let mut roster = self.roster.clone();
        roster.append(&joined).unwrap();
        let device = roster.next(now_ms(), Statement::DeviceAdd(person.certificate())).sign(&[&person.identity]).unwrap();
        assert_eq!(self.append(&person, &[joined.clone(), device.clone()]).await.status, 200);
        self.believe(&joined);
        self.believe(&device);
        person.log_in().await;
        person
    }

    pub(crate) async fn close(&mut self) {
        if let Some(relay) = self.relay.take() {
            relay.shutdown().await;
        }
    }
}

impl Drop for Shop {
    /// Closes the database before the process ends: SQLCipher takes itself apart then, and a connection that is still closing on another
    /// thread would free the same memory twice.
    fn drop(&mut self) {
        let (Some(relay), Ok(runtime)) = (self.relay.take(), tokio::runtime::Handle::try_current()) else { return };
        // On a runtime of one thread there is nobody who could close it while this waits.
        if runtime.runtime_flavor() == tokio::runtime::RuntimeFlavor::MultiThread {
            let _ = std::thread::spawn(move || runtime.block_on(relay.shutdown())).join();
        }
    }
}

pub(crate) fn statements_of(statements: &[SignedStatement]) -> NewStatements {
    NewStatements { statements: statements.iter().map(|statement| Bytes(statement.as_bytes().to_vec())).collect() }
}

/// A statement body with a few things changed.
pub(crate) fn changed(body: StatementBody, change: impl FnOnce(&mut StatementBody)) -> StatementBody {
    let mut body = body;
    change(&mut body);
    body
}
