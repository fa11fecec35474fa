//! Signers for tests only: the product signs elsewhere, with another library.

use bezel_protocol::cose::{SignatureAlgorithm, Signer, SigningFailed};
use bezel_protocol::key::{Ed25519PublicKey, IdentityPublicKey};
use bezel_protocol::roster::{Genesis, InviteStatement, Join, Roster, SignedStatement, Statement, StatementBody};
use bezel_protocol::{Certificate, DeviceId, InviteId, Role, UserId, WorkspaceId};
use ed25519_dalek::{Signer as _, SigningKey};
use rsa::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, EncodePublicKey as _};
use rsa::sha2::Sha256;

pub(crate) const START_MS: i64 = 1_790_000_000_000;
pub(crate) const DAY_MS: i64 = 86_400_000;

#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) key: rsa::PrivateKey,
    pub(crate) public: IdentityPublicKey,
}

impl Identity {
    /// One of a few keys. Making one takes a second and each test is a process of its own, so they are kept between runs.
    pub(crate) fn numbered(number: usize) -> Self {
        let kept = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("identity-{number}.der"));
        let key = std::fs::read(&kept).ok().and_then(|der| rsa::PrivateKey::from_pkcs8_der(&der).ok()).unwrap_or_else(|| {
            let made = rsa::PrivateKey::new(&mut rsa::rand_core::UnwrapErr(getrandom::SysRng), 4096).unwrap();
            // Another process may be as far: the first one to rename wins, and everybody reads that.
            let new = kept.with_extension(std::process::id().to_string());
            std::fs::write(&new, made.to_pkcs8_der().unwrap().as_bytes()).unwrap();
            let _ = std::fs::hard_link(&new, &kept);
            std::fs::remove_file(&new).unwrap();
            rsa::PrivateKey::from_pkcs8_der(&std::fs::read(&kept).unwrap()).unwrap()
        });
        let spki = key.to_public_key().to_public_key_der().unwrap();
        Self { public: IdentityPublicKey::from_spki_der(spki.as_bytes()).unwrap(), key }
    }
}

impl Signer for Identity {
    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::Ps256
    }
    fn key_id(&self) -> Vec<u8> {
        self.public.fingerprint().as_bytes().to_vec()
    }
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningFailed> {
        self.key.pss_sign::<Sha256>(message).map_err(|_| SigningFailed)
    }
}

pub(crate) struct Ed25519Key {
    pub(crate) key: SigningKey,
    pub(crate) id: Vec<u8>,
}

impl Ed25519Key {
    pub(crate) fn new(seed: u8, id: &[u8]) -> Self {
        Self { key: SigningKey::from_bytes(&[seed; 32]), id: id.to_vec() }
    }
    pub(crate) fn public(&self) -> Ed25519PublicKey {
        Ed25519PublicKey::from_bytes(self.key.verifying_key().as_bytes()).unwrap()
    }
}

impl Signer for Ed25519Key {
    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::Ed25519
    }
    fn key_id(&self) -> Vec<u8> {
        self.id.clone()
    }
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningFailed> {
        Ok(self.key.sign(message).to_bytes().to_vec())
    }
}

pub(crate) fn workspace() -> WorkspaceId {
    WorkspaceId::from_bytes([1; 16])
}
pub(crate) fn user(number: u8) -> UserId {
    UserId::from_bytes([number; 16])
}
pub(crate) fn device(number: u8) -> DeviceId {
    DeviceId::from_bytes([number; 16])
}
pub(crate) fn invite(number: u8) -> InviteId {
    InviteId::from_bytes([number; 16])
}

pub(crate) fn certificate(identity: &Identity, of: UserId, number: u8, not_after_ms: i64) -> Vec<u8> {
    let certificate = Certificate {
        workspace: workspace(),
        user: of,
        device: device(number),
        leaf_key_p384: vec![number; 97],
        leaf_key_ed25519: Ed25519Key::new(number.wrapping_add(100), b"").public(),
        message_key: Ed25519Key::new(number, b"").public(),
        not_after_ms,
    };
    certificate.sign(identity).unwrap().as_bytes().to_vec()
}

/// A log as it grows, beside the roster that believes it.
pub(crate) struct Log {
    pub(crate) statements: Vec<Vec<u8>>,
    pub(crate) roster: Roster,
}

impl Log {
    /// Ana (identity 0, user 1, device 1) owns the workspace.
    pub(crate) fn begin() -> Self {
        let ana = Identity::numbered(0);
        let genesis = StatementBody::genesis(
            workspace(),
            START_MS,
            Genesis { name: "Maison Lune".into(), owner: user(1), handle: "ana".parse().unwrap(), identity_key: ana.public.clone() },
        )
        .sign(&[&ana])
        .unwrap();
        let mut log = Self { roster: Roster::begin(&genesis).unwrap(), statements: vec![genesis.as_bytes().to_vec()] };
        log.say(Statement::DeviceAdd(certificate(&ana, user(1), 1, START_MS + 300 * DAY_MS)), &[&ana]).unwrap();
        log
    }

    pub(crate) fn sign(&self, statement: Statement, signers: &[&dyn Signer]) -> SignedStatement {
        self.roster.next(START_MS, statement).sign(signers).unwrap()
    }

    pub(crate) fn say(&mut self, statement: Statement, signers: &[&dyn Signer]) -> Result<(), bezel_protocol::roster::RosterError> {
        let signed = self.sign(statement, signers);
        self.roster.append(&signed)?;
        self.statements.push(signed.as_bytes().to_vec());
        Ok(())
    }

    /// Invites by user 1 and lets a person join with identity, user and device of the same number (from 2).
    pub(crate) fn join(&mut self, number: u8, handle: &str, role: Role) {
        let ana = Identity::numbered(0);
        let key = Ed25519Key::new(number + 50, invite(number).as_bytes());
        let given = InviteStatement { invite: invite(number), key: key.public(), role, expires_at_ms: START_MS + DAY_MS, uses: 1 };
        self.say(Statement::Invite(given), &[&ana]).unwrap();
        let identity = Identity::numbered(usize::from(number) - 1);
        let join =
            Join { invite: invite(number), user: user(number), handle: handle.parse().unwrap(), identity_key: identity.public.clone() };
        self.say(Statement::Join(join), &[&key, &identity]).unwrap();
        let device = certificate(&identity, user(number), number, START_MS + 300 * DAY_MS);
        self.say(Statement::DeviceAdd(device), &[&identity]).unwrap();
    }

    pub(crate) fn replay(&self) -> Result<Roster, bezel_protocol::roster::RosterError> {
        Roster::replay(self.roster.genesis(), self.statements.iter().map(Vec::as_slice))
    }
}
