//! A first run: keys are made and kept before anything is said to the relay, so that a crash at any moment loses nothing. The same command goes
//! on with what it finds, and says the recovery words until they are confirmed.

use core::future::Future;

use bezel_crypto::slots::RecoveryWords;
use bezel_crypto::vault::{Vault, VaultKey};
use bezel_crypto::{DeviceKeys, IdentityKeyPair, Secret};
use bezel_protocol::key::Ed25519PublicKey;
use bezel_protocol::roster::{SignedStatement, Statement};
use bezel_protocol::wire::Bytes;
use bezel_protocol::{DeviceId, Handle, Hash, InviteId, UserId, WorkspaceId, cbor};
use serde::{Deserialize, Serialize};
use sqlx::Row as _;
use url::Url;
use zeroize::Zeroizing;

use super::finish::finish_first_run;
use crate::cache::keys::IdentityState;
use crate::cache::{self, Cache, Connection};
use crate::error::{Error, Result, damaged};
use crate::group;
use crate::home::Home;
use crate::member::{Environment, Member, Parts};
use crate::vault::{self, NewSlots};

/// A member that has just begun.
#[derive(Debug, Clone, Serialize, ts_rs::TS)]
pub struct Enrolled {
    /// The workspace.
    pub workspace: String,
    /// The user.
    pub user: String,
    /// The device.
    pub device: String,
    /// SHA-256 of the identity key.
    pub fingerprint: String,
    /// SHA-256 of the relay's key: `bezel-relay check` says the same where the relay is.
    pub relay_fingerprint: String,
    /// The recovery words: shown once, to be written down.
    pub recovery_words: Vec<String>,
}

/// What is kept until the relay has confirmed and the recovery words were seen.
#[derive(Serialize, Deserialize)]
pub(super) struct Enrolment {
    pub(super) workspace: WorkspaceId,
    pub(super) genesis: Hash,
    pub(super) user: UserId,
    pub(super) device: DeviceId,
    pub(super) handle: Handle,
    pub(super) fingerprint: Hash,
    pub(super) relay: Url,
    /// The relay's key, as it was at the first contact: nothing is signed for another.
    pub(super) relay_key: Ed25519PublicKey,
    pub(super) hosts_relay: bool,
    pub(super) words: Zeroizing<String>,
    /// The vault under the recovery words.
    pub(super) vault: Bytes,
    pub(super) how: How,
}

/// How a member comes into a workspace.
#[derive(Serialize, Deserialize)]
pub(super) enum How {
    /// By beginning it: the genesis and the first device, signed, and the relay's set-up token.
    Create(Vec<Bytes>, Option<Zeroizing<String>>),
    /// By an invite.
    Join { invite: InviteId, seed: Zeroizing<Vec<u8>> },
}

/// The keys of a new member.
pub(super) struct NewKeys {
    pub(super) identity: IdentityKeyPair,
    pub(super) device: DeviceKeys,
    pub(super) vault: VaultKey,
}

/// What `prepare` hands to whoever describes the enrolment.
pub(super) struct Prepared<'a> {
    pub(super) keys: &'a NewKeys,
    pub(super) user: UserId,
    pub(super) words: Zeroizing<String>,
    /// The relay's key, as it answered before anything was made.
    pub(super) relay_key: Ed25519PublicKey,
    recovery: RecoveryWords,
}

impl Prepared<'_> {
    /// The first version of the vault.
    pub(super) fn seal_vault(&self, workspace: WorkspaceId, genesis: Hash) -> Result<Bytes> {
        let key = VaultKey::from_secret(Secret::from_slice(self.keys.vault.secret().expose()).ok_or_else(|| damaged("vault key"))?);
        let vault = Vault { key, user: self.user, workspace, genesis, relay_key: self.relay_key };
        Ok(Bytes(vault.seal(&self.recovery, &mut bezel_crypto::SystemRng)?))
    }
}

/// What a first run is asked for: by it the same command knows its own unfinished work.
pub(super) enum Asked<'a> {
    /// To begin a workspace.
    Create { name: &'a str, handle: &'a Handle, relay: &'a Url },
    /// To join by an invite.
    Join { invite: InviteId, handle: &'a Handle },
}

impl Asked<'_> {
    fn is(&self, enrolment: &Enrolment) -> bool {
        match (self, &enrolment.how) {
            (Self::Create { name, handle, relay }, How::Create(statements, _)) => {
                let begun = statements.first().and_then(|genesis| SignedStatement::parse(&genesis.0).ok());
                let is_named =
                    begun.is_some_and(|genesis| matches!(&genesis.body().statement, Statement::Genesis(genesis) if genesis.name == *name));
                is_named && enrolment.handle == **handle && enrolment.relay == **relay
            }
            (Self::Join { invite, handle }, How::Join { invite: kept, .. }) => invite == kept && enrolment.handle == **handle,
            _ => false,
        }
    }
}

/// Makes keys, slots and the database of a new home, keeps the enrolment there, and then carries it out; or goes on with what the same command
/// has begun before. `may_begin` is asked before anything new is made, and tells the
/// relay's key.
pub(super) async fn enrol(
    home: &Home,
    environment: Environment,
    (slots, asked): (&NewSlots, &Asked<'_>),
    may_begin: impl Future<Output = Result<Ed25519PublicKey>>,
    describe: impl FnOnce(&Prepared<'_>) -> Result<Enrolment>,
) -> Result<(Member, Enrolled)> {
    let lock = home.lock()?;
    // Looked at under the lock: another process may have begun here a moment ago.
    let (cache, enrolment) = if home.is_inhabited() {
        kept(home, slots, asked).await?
    } else {
        let relay_key = may_begin.await?;
        begin(home, &environment, (slots, relay_key), describe).await?
    };
    let enrolled = Enrolled {
        workspace: enrolment.workspace.to_string(),
        user: enrolment.user.to_string(),
        device: enrolment.device.to_string(),
        fingerprint: enrolment.fingerprint.to_string(),
        relay_fingerprint: enrolment.relay_key.fingerprint().to_string(),
        recovery_words: enrolment.words.split(' ').map(str::to_owned).collect(),
    };
    Ok((carry_out(Parts { home: home.clone(), lock, cache, environment }).await?, enrolled))
}

async fn carry_out(parts: Parts) -> Result<Member> {
    let member = Member::load(finish_first_run(parts).await?).await?;
    // Every round does the same; the words must be seen whatever becomes of it.
    if let Err(error) = group::top_up_key_packages(&member).await {
        tracing::info!(code = error.code, "no key packages were left yet");
    }
    Ok(member)
}

/// The database and the enrolment of a home in which the same command began before.
async fn kept(home: &Home, slots: &NewSlots, asked: &Asked<'_>) -> Result<(Cache, Enrolment)> {
    let inhabited =
        || Error::new("home_inhabited", "A member lives in this folder already.", "Open it, or choose another folder with --home.");
    if !home.database().exists() {
        return Err(inhabited());
    }
    let Ok(master) = vault::unlock_as_made(home, slots).await else { return Err(inhabited()) };
    let cache = Cache::open(&home.database(), &master.database_key()?, false).await?;
    let mut db = cache.read().await?;
    let enrolment = enrolment(&mut db).await?;
    let is_settled = cache::profile::get(&mut db).await?.is_some();
    drop(db);
    match enrolment {
        Some(enrolment) if asked.is(&enrolment) => Ok((cache, enrolment)),
        Some(enrolment) if !is_settled => Err(Error::new(
            "first_run_unfinished",
            format!("Another first run was begun in this folder, as {}, and is not finished.", enrolment.handle),
            "Give that command again, or choose another folder with --home.",
        )),
        _ => Err(inhabited()),
    }
}

/// A new home. Cut short anywhere, it leaves nothing that is taken for a member; nothing of it was told to anybody.
async fn begin(
    home: &Home,
    environment: &Environment,
    (slots, relay_key): (&NewSlots, Ed25519PublicKey),
    describe: impl FnOnce(&Prepared<'_>) -> Result<Enrolment>,
) -> Result<(Cache, Enrolment)> {
    vault::destroy(home).await?;
    home.begin_first_run()?;
    match prepare(home, environment, (slots, relay_key), describe).await {
        Ok(made) => {
            home.end_first_run()?;
            Ok(made)
        }
        Err(error) => {
            vault::destroy(home).await?;
            Err(error)
        }
    }
}

async fn prepare(
    home: &Home,
    environment: &Environment,
    (slots, relay_key): (&NewSlots, Ed25519PublicKey),
    describe: impl FnOnce(&Prepared<'_>) -> Result<Enrolment>,
) -> Result<(Cache, Enrolment)> {
    let now_ms = environment.clock.now_ms();
    let mut rng = bezel_crypto::SystemRng;
    let user = UserId::new(now_ms, vault::id_bytes(&mut rng)?);
    let device_id = DeviceId::new(now_ms, vault::id_bytes(&mut rng)?);
    let identity = vault::new_identity(&environment.identities).await?;
    let device = DeviceKeys::generate(device_id, &mut rng).map_err(|error| Error::new("keys", format!("{error}."), "Try again."))?;
    let keys = NewKeys { identity, device, vault: VaultKey::generate(&mut rng)? };
    let (master, recovery) = vault::create(home, device_id, slots).await?;
    let words = Zeroizing::new(recovery.expose().collect::<Vec<_>>().join(" "));
    let prepared = Prepared { keys: &keys, user, words, relay_key, recovery };
    let enrolment = describe(&prepared)?;

    let cache = Cache::open(&home.database(), &master.database_key()?, true).await?;
    let mut tx = cache.begin().await?;
    cache::keys::put_identity(&mut tx, &keys.identity, IdentityState::Current, now_ms).await?;
    cache::keys::put_device(&mut tx, &keys.device).await?;
    cache::keys::put_vault(&mut tx, &keys.vault, now_ms).await?;
    let data = Zeroizing::new(cbor::encode(&enrolment));
    sqlx::query("INSERT INTO enrolment (one, data) VALUES (1, $1)").bind(data.as_slice()).execute(&mut *tx).await?;
    tx.commit().await?;
    Ok((cache, enrolment))
}

/// What is kept of a first run, finished or not.
pub(super) async fn enrolment(db: &mut Connection) -> Result<Option<Enrolment>> {
    let row = sqlx::query("SELECT data FROM enrolment").fetch_optional(db).await?;
    row.map(|row| {
        let data = Zeroizing::new(row.try_get::<Vec<u8>, _>("data")?);
        cbor::decode(&data).map_err(|_| damaged("enrolment"))
    })
    .transpose()
}

pub(super) fn signing_failed() -> Error {
    Error::new("signing_failed", "The identity key could not sign.", "Try again.")
}
