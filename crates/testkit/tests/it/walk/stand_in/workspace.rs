//! People with real keys and a real roster, and no relay.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use anyhow::{Context as _, Result};
use bezel_core::vault::IdentitySource as _;
use bezel_crypto::{DeviceKeys, IdentityKeyPair, InviteKeyPair, SystemRng};
use bezel_observer::{Judge, Leaf, signing_identity};
use bezel_protocol::cose::Signer;
use bezel_protocol::roster::{Genesis, InviteStatement, Join, Roster, Statement, StatementBody};
use bezel_protocol::{DeviceId, InviteId, Role, SignedCertificate, Suite, UserId, WorkspaceId};
use bezel_testkit::KeptIdentities;

pub(crate) const WORKSPACE: WorkspaceId = WorkspaceId::from_bytes([0xAA; 16]);
pub(crate) const SUITE: Suite = Suite::P384Aes256;
/// When everything begins.
pub(crate) const NOW_MS: i64 = 1_800_000_000_000;
/// How many there are.
pub(crate) const PEOPLE: usize = 4;

pub(crate) struct Person {
    pub(crate) user: UserId,
    pub(crate) keys: DeviceKeys,
    certificate: SignedCertificate,
    identity: IdentityKeyPair,
}

pub(crate) struct Workspace {
    pub(crate) people: Arc<Vec<Person>>,
    /// The roster as of each of its statements.
    rosters: Mutex<Vec<Arc<Roster>>>,
    leaves: Arc<Mutex<HashMap<(u32, usize), Leaf>>>,
}

impl Workspace {
    /// The owner and the others, each with one device.
    pub(crate) fn new() -> Result<Self> {
        let identities = KeptIdentities::default();
        let identity = identities.make()?;
        let owner = UserId::from_bytes([1; 16]);
        let genesis = Genesis { name: "Maison Lune".into(), owner, handle: "person0".parse()?, identity_key: identity.public().clone() };
        let first = StatementBody::genesis(WORKSPACE, NOW_MS, genesis).sign(&[&identity])?;
        let roster = Roster::replay(first.hash(), [first.as_bytes()])?;
        let mut workspace = Self { people: Arc::default(), rosters: Mutex::new(vec![Arc::new(roster)]), leaves: Arc::default() };
        workspace.enter(owner, identity)?;
        for number in 1..u8::try_from(PEOPLE)? {
            let id = InviteId::from_bytes([number; 16]);
            let invite = InviteKeyPair::generate(id, &mut SystemRng)?;
            let statement =
                InviteStatement { invite: id, key: *invite.public(), role: Role::Member, expires_at_ms: NOW_MS + 1000, uses: 1 };
            workspace.say(&[&workspace.people[0].identity], Statement::Invite(statement))?;
            let (user, identity) = (UserId::from_bytes([number + 1; 16]), identities.make()?);
            let handle = format!("person{number}").parse()?;
            let join = Join { invite: id, user, handle, identity_key: identity.public().clone() };
            workspace.say(&[&invite, &identity], Statement::Join(join))?;
            workspace.enter(user, identity)?;
        }
        Ok(workspace)
    }

    /// The same people, with a roster that goes its own way from here: making it takes long.
    pub(crate) fn another(&self) -> Self {
        let rosters = self.rosters.lock().unwrap().clone();
        Self { people: Arc::clone(&self.people), rosters: Mutex::new(rosters), leaves: Arc::clone(&self.leaves) }
    }

    /// A person has a device.
    fn enter(&mut self, user: UserId, identity: IdentityKeyPair) -> Result<()> {
        let number = u8::try_from(self.people.len())?;
        let keys = DeviceKeys::generate(DeviceId::from_bytes([number + 1; 16]), &mut SystemRng)?;
        let certificate = keys.certify(&identity, WORKSPACE, user, NOW_MS)?;
        self.say(&[&identity], Statement::DeviceAdd(certificate.as_bytes().to_vec()))?;
        Arc::get_mut(&mut self.people).context("nobody else knows them yet")?.push(Person { user, keys, certificate, identity });
        Ok(())
    }

    fn say(&self, signers: &[&dyn Signer], statement: Statement) -> Result<()> {
        let mut roster = Roster::clone(&*self.roster());
        let signed = roster.next(NOW_MS, statement).sign(signers)?;
        roster.append(&signed)?;
        self.rosters.lock().unwrap().push(Arc::new(roster));
        Ok(())
    }

    /// The owner shuts somebody out, or lets them in again.
    pub(crate) fn state(&self, statement: Statement) -> Result<()> {
        self.say(&[&self.people[0].identity], statement)
    }

    /// The newest roster.
    pub(crate) fn roster(&self) -> Arc<Roster> {
        Arc::clone(self.rosters.lock().unwrap().last().unwrap())
    }

    /// Who judges an entry with this stamp and time.
    pub(crate) fn judge(&self, stamp: u64, stored_at_ms: i64) -> Result<Judge> {
        let rosters = self.rosters.lock().unwrap();
        let roster = rosters.get(usize::try_from(stamp)?).context("the stamp is a statement")?;
        Ok(Judge::new(Arc::clone(roster), stored_at_ms))
    }

    pub(crate) fn of_device(&self, device: DeviceId) -> Option<usize> {
        self.people.iter().position(|person| person.keys.device() == device)
    }

    /// The leaf of somebody's device at an index.
    pub(crate) fn leaf(&self, index: u32, who: usize) -> Leaf {
        let make = || {
            let certificate = &self.people[who].certificate;
            let key = certificate.certificate().leaf_key(SUITE).to_vec();
            Leaf::read(index, &signing_identity(certificate, key.into())).unwrap()
        };
        self.leaves.lock().unwrap().entry((index, who)).or_insert_with(make).clone()
    }
}
