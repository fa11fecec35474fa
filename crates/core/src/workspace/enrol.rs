//! A first run: keys are made and kept before anything is said to the relay, so that a crash at any moment loses nothing.

use std::sync::Arc;

use bezel_crypto::vault::VaultKey;
use bezel_crypto::{DeviceKeys, IdentityKeyPair, InviteKeyPair, Secret};
use bezel_protocol::cose::{Signer as _, SigningFailed};
use bezel_protocol::key::Ed25519PublicKey;
use bezel_protocol::login::Subject;
use bezel_protocol::roster::{Join, Roster, Statement};
use bezel_protocol::wire::{Bytes, NewStatements, NewWorkspace, RosterAppended, RosterPage, StoredVault, code, path};
use bezel_protocol::{DeviceId, Handle, Hash, InviteId, UserId, WorkspaceId, cbor};
use serde::{Deserialize, Serialize};
use sqlx::Row as _;
use url::Url;
use zeroize::Zeroizing;

use crate::cache::keys::IdentityState;
use crate::cache::{self, Cache, Connection};
use crate::error::{Class, Error, Result, damaged};
use crate::home::Home;
use crate::member::{Environment, Member, MemberKeys, Parts};
use crate::relay::{Client, LoginKeys};
use crate::roster;
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
    /// The recovery words: shown once, to be written down.
    pub recovery_words: Vec<String>,
}

/// What is kept until the relay has confirmed.
#[derive(Serialize, Deserialize)]
pub(super) struct Enrolment {
    pub(super) workspace: WorkspaceId,
    pub(super) genesis: Hash,
    pub(super) user: UserId,
    pub(super) device: DeviceId,
    pub(super) handle: Handle,
    pub(super) fingerprint: Hash,
    pub(super) relay: Url,
    pub(super) hosts_relay: bool,
    pub(super) words: Zeroizing<String>,
    /// The vault key under the recovery words.
    pub(super) vault: Bytes,
    pub(super) how: How,
}

/// How a member comes into a workspace.
#[derive(Serialize, Deserialize)]
pub(super) enum How {
    /// By beginning it: the genesis and the first device, signed.
    Create(Vec<Bytes>),
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
    pub(super) vault: Bytes,
}

/// Makes keys, slots and the database of a new home, keeps the enrolment there, and then carries it out.
pub(super) async fn enrol(
    home: &Home,
    environment: Environment,
    slots: &NewSlots,
    describe: impl FnOnce(&Prepared<'_>) -> Result<Enrolment>,
) -> Result<(Member, Enrolled)> {
    if home.is_inhabited() {
        return Err(Error::new(
            "home_inhabited",
            "A member lives in this folder already.",
            "Open it, or choose another folder with --home.",
        ));
    }
    let lock = home.lock()?;
    let made = prepare(home, &environment, slots, describe).await;
    let (cache, enrolment) = match made {
        Ok(made) => made,
        Err(error) => {
            vault::destroy(home).await;
            return Err(error);
        }
    };
    let enrolled = Enrolled {
        workspace: enrolment.workspace.to_string(),
        user: enrolment.user.to_string(),
        device: enrolment.device.to_string(),
        fingerprint: enrolment.fingerprint.to_string(),
        recovery_words: enrolment.words.split(' ').map(str::to_owned).collect(),
    };
    let parts = Parts { home: home.clone(), lock, cache, environment };
    if let Err(error) = finish_enrolment(&parts).await {
        if error.class == Class::Refused || error.class == Class::Unverifiable {
            parts.cache.close().await;
            vault::destroy(home).await;
        }
        return Err(error);
    }
    let member = Member::load(parts).await?;
    crate::group::top_up_key_packages(&member).await?;
    Ok((member, enrolled))
}

async fn prepare(
    home: &Home,
    environment: &Environment,
    slots: &NewSlots,
    describe: impl FnOnce(&Prepared<'_>) -> Result<Enrolment>,
) -> Result<(Cache, Enrolment)> {
    let now_ms = environment.clock.now_ms();
    let mut rng = bezel_crypto::SystemRng;
    let user = UserId::new(now_ms, vault::id_bytes(&mut rng)?);
    let device_id = DeviceId::new(now_ms, vault::id_bytes(&mut rng)?);
    let identity = tokio::task::spawn_blocking(IdentityKeyPair::generate)
        .await
        .map_err(|error| Error::new("keys", format!("The identity key could not be made: {error}."), "Try again."))?
        .map_err(|error| Error::new("keys", format!("{error}."), "Try again."))?;
    let device = DeviceKeys::generate(device_id, &mut rng).map_err(|error| Error::new("keys", format!("{error}."), "Try again."))?;
    let keys = NewKeys { identity, device, vault: VaultKey::generate(&mut rng)? };
    let (master, words) = vault::create(home, device_id, slots).await?;
    let wrapped = keys.vault.wrap_under(&words, user, &mut rng)?;
    let words = Zeroizing::new(words.expose().collect::<Vec<_>>().join(" "));
    let prepared = Prepared { keys: &keys, user, words, vault: Bytes(cbor::encode(&wrapped)) };
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

/// Carries out an enrolment that the relay has not confirmed yet, if there is one.
///
/// # Errors
/// When the relay can't be reached, or refuses.
pub(crate) async fn finish_enrolment(parts: &Parts) -> Result<()> {
    let mut db = parts.cache.read().await?;
    let Some(enrolment) = pending(&mut db).await? else { return Ok(()) };
    let identity = cache::keys::identity(&mut db, enrolment.fingerprint).await?.ok_or_else(|| damaged("identity key"))?;
    let device = Arc::new(cache::keys::device(&mut db).await?);
    drop(db);
    let identity = Arc::new(identity);
    let open = Client::new(&enrolment.relay)?;
    if let How::Create(statements) = &enrolment.how {
        let body = NewWorkspace { statements: statements.clone() };
        match open.post_openly::<()>(path::WORKSPACES, &body).await {
            // Said before, and heard: the answer was lost.
            Err(error) if error.is(code::CONFLICT) => {}
            other => other?,
        }
    }
    if let How::Join { invite, seed } = &enrolment.how {
        let seed = Secret::from_slice(seed).ok_or_else(|| damaged("invitation"))?;
        let invite = InviteKeyPair::from_seed(*invite, seed).map_err(|_| damaged("invitation"))?;
        join(parts, &enrolment, Arc::new(invite), &identity, &device).await?;
    }
    let keys = MemberKeys { device: Arc::clone(&device), identity: Some(Arc::clone(&identity)) };
    let client = open.logged_in(enrolment.workspace, Arc::new(keys));
    let page = client.roster_after(None).await?;
    let believed = roster::join_replay(enrolment.genesis, &page)?;
    if believed.user(enrolment.user).is_none() || believed.device(enrolment.device).is_none() {
        return Err(Error::unverifiable(
            "not_enrolled",
            "The relay says that it let you in, but the workspace's roster does not name you.",
            "Ask for a new invitation.",
        ));
    }
    client.put(path::VAULT, &StoredVault { vault: enrolment.vault.clone() }).await?;
    let relay_key = client.info().await?.key;
    settle(parts, &enrolment, relay_key, &page).await
}

/// Joins by the invite, unless the roster names this user already.
async fn join(
    parts: &Parts,
    enrolment: &Enrolment,
    invite: Arc<InviteKeyPair>,
    identity: &IdentityKeyPair,
    device: &DeviceKeys,
) -> Result<()> {
    let keys = InviteLogin { invite: enrolment_invite(enrolment)?, key: Arc::clone(&invite) };
    let client = Client::new(&enrolment.relay)?.logged_in(enrolment.workspace, Arc::new(keys));
    for _ in 0..8 {
        let page = match client.roster_after(None).await {
            // A used-up invite logs nobody in; if it was used by us, the device can log in already.
            Err(error) if error.is(code::UNAUTHENTICATED) || error.is(code::FORBIDDEN) => return Err(invite_over()),
            other => other?,
        };
        let mut believed = roster::join_replay(enrolment.genesis, &page)?;
        if believed.user(enrolment.user).is_some() {
            return Ok(());
        }
        let statements = statements(&mut believed, parts.environment.clock.now_ms(), enrolment, &invite, identity, device)?;
        match client.post::<RosterAppended>(path::ROSTER, &NewStatements { statements }).await {
            Ok(_) => return Ok(()),
            Err(error) if error.is(code::STALE_ROSTER) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Error::refused("stale_roster", "Others kept changing the workspace at the same moment.", "Try again."))
}

fn statements(
    roster: &mut Roster,
    now_ms: i64,
    enrolment: &Enrolment,
    invite: &InviteKeyPair,
    identity: &IdentityKeyPair,
    device: &DeviceKeys,
) -> Result<Vec<Bytes>> {
    if !roster.invite_open(enrolment_invite(enrolment)?, now_ms) {
        return Err(invite_over());
    }
    let join = Join {
        invite: enrolment_invite(enrolment)?,
        user: enrolment.user,
        handle: enrolment.handle.clone(),
        identity_key: identity.public().clone(),
    };
    let certificate = device.certify(identity, enrolment.workspace, enrolment.user, now_ms).map_err(|_| signing_failed())?;
    let joined = roster.next(now_ms, Statement::Join(join)).sign(&[invite, identity]).map_err(|_| signing_failed())?;
    roster.append(&joined).map_err(roster::refused)?;
    let added =
        roster.next(now_ms, Statement::DeviceAdd(certificate.as_bytes().to_vec())).sign(&[identity]).map_err(|_| signing_failed())?;
    roster.append(&added).map_err(roster::refused)?;
    Ok(vec![Bytes(joined.as_bytes().to_vec()), Bytes(added.as_bytes().to_vec())])
}

fn enrolment_invite(enrolment: &Enrolment) -> Result<InviteId> {
    match &enrolment.how {
        How::Join { invite, .. } => Ok(*invite),
        How::Create(_) => Err(damaged("invitation")),
    }
}

async fn pending(db: &mut Connection) -> Result<Option<Enrolment>> {
    let row = sqlx::query("SELECT data FROM enrolment").fetch_optional(db).await?;
    row.map(|row| {
        let data = Zeroizing::new(row.try_get::<Vec<u8>, _>("data")?);
        cbor::decode(&data).map_err(|_| damaged("enrolment"))
    })
    .transpose()
}

/// The relay has confirmed: the enrolment becomes the profile.
async fn settle(parts: &Parts, enrolment: &Enrolment, relay_key: Ed25519PublicKey, page: &RosterPage) -> Result<()> {
    let profile = cache::profile::Profile {
        workspace: enrolment.workspace,
        genesis: enrolment.genesis,
        user: enrolment.user,
        device: enrolment.device,
        relay: enrolment.relay.clone(),
        relay_key,
        hosts_relay: enrolment.hosts_relay,
    };
    let mut tx = parts.cache.begin().await?;
    cache::profile::put(&mut tx, &profile, &enrolment.words).await?;
    for (sequence, statement) in (0..).zip(&page.statements) {
        cache::roster::append(&mut tx, sequence, &statement.0).await?;
    }
    sqlx::query("DELETE FROM enrolment").execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(())
}

pub(super) fn signing_failed() -> Error {
    Error::new("signing_failed", "The identity key could not sign.", "Try again.")
}

fn invite_over() -> Error {
    Error::refused("invite_over", "The invitation has expired, was used up or withdrawn.", "Ask for a new one.")
}

/// How the holder of an invite answers challenges.
struct InviteLogin {
    invite: InviteId,
    key: Arc<InviteKeyPair>,
}

impl LoginKeys for InviteLogin {
    fn subject(&self) -> Subject {
        Subject::Invite(self.invite)
    }

    fn sign(&self, statement: &[u8]) -> core::result::Result<Vec<u8>, SigningFailed> {
        self.key.sign(statement)
    }

    fn sign_identity(&self, _: &[u8]) -> Option<core::result::Result<Vec<u8>, SigningFailed>> {
        None
    }
}
