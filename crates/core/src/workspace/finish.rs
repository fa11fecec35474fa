//! Carries a first run out at the relay. Whatever answer is lost, it is looked first whether the roster names this device already.

use std::sync::Arc;

use bezel_crypto::{DeviceKeys, IdentityKeyPair, InviteKeyPair, Secret};
use bezel_protocol::InviteId;
use bezel_protocol::login::Subject;
use bezel_protocol::roster::{Join, Roster, SignedStatement, Statement};
use bezel_protocol::wire::{Bytes, Heads, NewStatements, NewWorkspace, RosterAppended, code, path};
use zeroize::Zeroizing;

use super::enrol::{Enrolment, How, enrolment, signing_failed};
use crate::cache;
use crate::cache::own_vault::OwnVault;
use crate::device::{DeviceLogin, OwnKeys};
use crate::error::{Error, Result, damaged};
use crate::member::Parts;
use crate::relay::{Client, KeyLogin, RelayError};
use crate::vault::{self, sign_vault};
use crate::{roster, spine};

/// Why a first run is not finished.
enum Unfinished {
    /// It will never be, and nobody knows of it: its home is taken back.
    Refused(Error),
    /// The next try may go on.
    Later(Error),
}

impl<E: Into<Error>> From<E> for Unfinished {
    fn from(error: E) -> Self {
        Self::Later(error.into())
    }
}

/// Carries out a first run that the relay has not confirmed yet, if there is one. One that is refused for good leaves an empty home.
///
/// # Errors
/// When the relay can't be reached, or refuses.
pub(crate) async fn finish_first_run(parts: Parts) -> Result<Parts> {
    match finish(&parts).await {
        Ok(()) => Ok(parts),
        Err(Unfinished::Later(error)) => Err(error),
        Err(Unfinished::Refused(error)) => {
            parts.cache.close().await;
            vault::destroy(&parts.home).await?;
            Err(error)
        }
    }
}

async fn finish(parts: &Parts) -> core::result::Result<(), Unfinished> {
    let mut db = parts.cache.read().await?;
    let Some(enrolment) = enrolment(&mut db).await? else { return Ok(()) };
    if cache::profile::get(&mut db).await?.is_some() {
        return Ok(());
    }
    let identity = cache::keys::identity(&mut db, enrolment.fingerprint).await?.ok_or_else(|| damaged("identity key"))?;
    let device = cache::keys::device(&mut db, enrolment.device).await?;
    drop(db);
    let (identity, device) = (Arc::new(identity), Arc::new(device));
    let keys = OwnKeys::new(Arc::clone(&device), Some(Arc::clone(&identity)));
    let login = DeviceLogin::new(keys, enrolment.relay_key, parts.cache.handle(), Arc::clone(&parts.environment.clock)).await?;
    let open = Client::new(&enrolment.relay)?;
    let client = open.clone().logged_in(enrolment.workspace, Arc::new(login));
    match &enrolment.how {
        How::Create(statements, setup_token) => create(&open, statements, setup_token.as_ref()).await?,
        How::Join { invite, seed } => {
            let seed = Secret::from_slice(seed).ok_or_else(|| damaged("invitation"))?;
            let invite = InviteKeyPair::from_seed(*invite, seed).map_err(|_| damaged("invitation"))?;
            join(parts, &enrolment, Arc::new(invite), (&identity, &device), &client).await?;
        }
    }
    let (believed, statements) = roster::fetch_whole(&client, enrolment.genesis).await?;
    if believed.user(enrolment.user).is_none() || believed.device(enrolment.device).is_none() {
        return Err(Unfinished::Later(Error::unverifiable(
            "not_enrolled",
            "The relay says that it let you in, but the workspace's roster does not name you.",
            "Do not go on: speak with whoever runs the relay.",
        )));
    }
    let vault = sign_vault(&device, (enrolment.workspace, enrolment.user), 1, &enrolment.vault.0)?;
    client.put(path::VAULT, &vault).await?;
    note_generation(parts, &enrolment, &client).await?;
    Ok(settle(parts, &enrolment, (&believed, &statements)).await?)
}

/// A relay that is put back from a copy later is in another generation than the one in which this device came.
async fn note_generation(parts: &Parts, enrolment: &Enrolment, client: &Client) -> Result<()> {
    let heads: Heads = client.get(path::HEADS).await?;
    if !heads.generation.is_by(&enrolment.relay_key) {
        return Err(spine::head_forged());
    }
    let mut tx = parts.cache.begin().await?;
    cache::healing::set_first_generation(&mut tx, heads.generation.generation).await?;
    tx.commit().await
}

async fn create(open: &Client, statements: &[Bytes], setup_token: Option<&Zeroizing<String>>) -> core::result::Result<(), Unfinished> {
    let body = NewWorkspace { statements: statements.to_vec(), setup_token: setup_token.map(|token| token.to_string()) };
    match open.post_openly::<()>(path::WORKSPACES, &body).await {
        Ok(()) => Ok(()),
        // Said before, and heard: the answer was lost.
        Err(error) if error.is(code::CONFLICT) => Ok(()),
        Err(error) if is_final(&error) => Err(Unfinished::Refused(error.into())),
        Err(error) => Err(error.into()),
    }
}

/// Whether the relay has looked at what was said and will never take it.
fn is_final(error: &RelayError) -> bool {
    match error {
        RelayError::Refused(refusal) => {
            matches!(refusal.code.as_str(), code::FULL | code::REFUSED | code::FORBIDDEN | code::MALFORMED | code::SETUP_TOKEN)
                || refusal.code.starts_with("roster_")
        }
        _ => false,
    }
}

/// Joins by the invite, unless the roster names this user already.
async fn join(
    parts: &Parts,
    enrolment: &Enrolment,
    invite: Arc<InviteKeyPair>,
    (identity, keys): (&IdentityKeyPair, &DeviceKeys),
    device: &Client,
) -> core::result::Result<(), Unfinished> {
    let by_invite = KeyLogin {
        subject: Subject::Invite(enrolment_invite(enrolment)?),
        key: Arc::<InviteKeyPair>::clone(&invite),
        relay_key: enrolment.relay_key,
        clock: Arc::clone(&parts.environment.clock),
    };
    let client = Client::new(&enrolment.relay)?.logged_in(enrolment.workspace, Arc::new(by_invite));
    for _ in 0..8 {
        let (mut believed, _) = match roster::fetch_whole(&client, enrolment.genesis).await {
            Err(error) if is_shut(error.code) => return joined_before(enrolment, device).await,
            Err(error) if error.code == GENESIS_MISMATCH => return Err(Unfinished::Refused(error)),
            replayed => replayed?,
        };
        if believed.user(enrolment.user).is_some() {
            return Ok(());
        }
        // The roster does not name this user: what it forbids now was never taken.
        let statements =
            statements(&mut believed, parts.environment.clock.now_ms(), enrolment, &invite, identity, keys).map_err(Unfinished::Refused)?;
        match client.post::<RosterAppended>(path::ROSTER, &NewStatements { statements }).await {
            Ok(_) => return Ok(()),
            Err(error) if error.is(code::STALE_ROSTER) => {}
            Err(error) if error.is(code::UNAUTHENTICATED) || error.is(code::FORBIDDEN) => return joined_before(enrolment, device).await,
            Err(error) if is_final(&error) => return Err(Unfinished::Refused(error.into())),
            Err(error) => return Err(error.into()),
        }
    }
    Err(Unfinished::Later(Error::refused("stale_roster", "Others kept changing the workspace at the same moment.", "Try again.")))
}

/// The code of a roster that is not the invitation's.
const GENESIS_MISMATCH: &str = "roster_genesis_mismatch";

/// Whether the invite opens nothing any more.
fn is_shut(code: &str) -> bool {
    [code::UNAUTHENTICATED, code::FORBIDDEN].contains(&code)
}

/// The invite is over. If it was this device that used it and only the answer was lost, the device can log in.
async fn joined_before(enrolment: &Enrolment, device: &Client) -> core::result::Result<(), Unfinished> {
    match roster::fetch_whole(device, enrolment.genesis).await {
        Ok((believed, _)) if believed.device(enrolment.device).is_some() => Ok(()),
        Ok(_) => Err(Unfinished::Refused(invite_over())),
        Err(error) if is_shut(error.code) => Err(Unfinished::Refused(invite_over())),
        Err(error) => Err(error.into()),
    }
}

fn statements(
    roster: &mut Roster,
    now_ms: i64,
    enrolment: &Enrolment,
    invite: &InviteKeyPair,
    identity: &IdentityKeyPair,
    device: &DeviceKeys,
) -> Result<Vec<Bytes>> {
    // In the roster's time, as everybody will judge it: a clock that ran ahead may have left that in the future.
    if !roster.invite_open(enrolment_invite(enrolment)?, now_ms.max(roster.head_at_ms())) {
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
        How::Create(..) => Err(damaged("invitation")),
    }
}

/// The relay has confirmed: the enrolment becomes the profile. It stays beside it until the recovery words are confirmed.
async fn settle(parts: &Parts, enrolment: &Enrolment, (believed, statements): (&Roster, &[SignedStatement])) -> Result<()> {
    let profile = cache::profile::Profile {
        workspace: enrolment.workspace,
        genesis: enrolment.genesis,
        user: enrolment.user,
        device: enrolment.device,
        relay: enrolment.relay.clone(),
        relay_key: enrolment.relay_key,
        hosts_relay: enrolment.hosts_relay,
    };
    let mut tx = parts.cache.begin().await?;
    cache::profile::put(&mut tx, &profile, &enrolment.words).await?;
    cache::own_vault::put(&mut tx, &OwnVault { version: 1, vault: enrolment.vault.0.clone() }).await?;
    for statement in statements {
        cache::roster::append(&mut tx, statement.body().sequence, statement.as_bytes()).await?;
    }
    roster::keep(&mut tx, believed).await?;
    tx.commit().await?;
    Ok(())
}

fn invite_over() -> Error {
    Error::refused("invite_over", "The invitation has expired, was used up or withdrawn.", "Ask for a new one.")
}
