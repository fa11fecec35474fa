//! Begins a workspace.

use bezel_protocol::key::Ed25519PublicKey;
use bezel_protocol::roster::{Genesis, Roster, Statement, StatementBody};
use bezel_protocol::wire::Bytes;
use bezel_protocol::{Handle, RelayAddress, WorkspaceId};
use zeroize::Zeroizing;

use super::clocks;
use super::enrol::{Asked, Enrolled, Enrolment, How, Prepared, enrol, signing_failed};
use crate::error::{Error, Result};
use crate::home::Home;
use crate::member::{Environment, Member};
use crate::relay::Client;
use crate::roster;
use crate::vault::{self, NewSlots};

/// A workspace to begin.
#[derive(Debug)]
pub struct CreateRequest {
    /// The name of the shop.
    pub name: String,
    /// The owner's handle.
    pub handle: Handle,
    /// The relay that keeps it.
    pub relay: RelayAddress,
    /// Whether that relay runs inside this app.
    pub hosts_relay: bool,
    /// The relay's set-up token, where it wants one.
    pub setup_token: Option<Zeroizing<String>>,
    /// The ways to unlock this device.
    pub slots: NewSlots,
}

/// Begins a workspace, with this device as its owner's first. Cut short at any moment, the same call goes on.
///
/// # Errors
/// When the home is inhabited, there is no way to keep the key, the clocks are too far apart, or the relay is away
/// or full.
pub async fn create(home: &Home, environment: Environment, request: CreateRequest) -> Result<(Member, Enrolled)> {
    let now_ms = environment.clock.now_ms();
    let CreateRequest { name, handle, relay, hosts_relay, setup_token, slots } = request;
    let asked = Asked::Create { name: &name, handle: &handle, relay: relay.as_url() };
    let takes = takes_workspace(&relay, now_ms, setup_token.is_some());
    enrol(home, environment, (&slots, &asked), takes, |prepared| {
        let workspace = WorkspaceId::new(now_ms, vault::id_bytes(&mut bezel_crypto::SystemRng)?);
        let (genesis, statements) = statements(prepared, workspace, name.clone(), &handle, now_ms)?;
        Ok(Enrolment {
            workspace,
            genesis,
            user: prepared.user,
            device: prepared.keys.device.device(),
            handle: handle.clone(),
            fingerprint: prepared.keys.identity.public().fingerprint(),
            relay: relay.as_url().clone(),
            relay_key: prepared.relay_key,
            hosts_relay,
            words: prepared.words.clone(),
            vault: prepared.seal_vault(workspace, genesis)?,
            how: How::Create(statements, setup_token.clone()),
        })
    })
    .await
}

/// The relay must take a workspace, and its clock be close: not asked where it may have taken this one. Returns its key.
async fn takes_workspace(relay: &RelayAddress, now_ms: i64, has_token: bool) -> Result<Ed25519PublicKey> {
    let info = Client::new(relay.as_url())?.info().await?;
    if !info.accepts_workspaces {
        return Err(Error::refused(
            "relay_full",
            "This relay keeps a workspace already.",
            "Start another relay, or raise --max-workspaces.",
        ));
    }
    if info.needs_setup_token && !has_token {
        return Err(Error::refused(
            "setup_token",
            "This relay takes a workspace only with its set-up token.",
            "Whoever runs the relay finds it in the file setup.token of its data: give it with --setup-token or BEZEL_SETUP_TOKEN.",
        ));
    }
    clocks::compare(now_ms, info.now_ms)?;
    Ok(info.key)
}

/// The genesis and the first device, checked by the rules that everybody else will apply.
fn statements(
    prepared: &Prepared<'_>,
    workspace: WorkspaceId,
    name: String,
    handle: &Handle,
    now_ms: i64,
) -> Result<(bezel_protocol::Hash, Vec<Bytes>)> {
    let identity = &prepared.keys.identity;
    let genesis = Genesis { name, owner: prepared.user, handle: handle.clone(), identity_key: identity.public().clone() };
    let genesis = StatementBody::genesis(workspace, now_ms, genesis).sign(&[identity]).map_err(|_| signing_failed())?;
    let mut roster = Roster::begin(&genesis).map_err(roster::refused)?;
    let certificate = prepared.keys.device.certify(identity, workspace, prepared.user, now_ms).map_err(|_| signing_failed())?;
    let added =
        roster.next(now_ms, Statement::DeviceAdd(certificate.as_bytes().to_vec())).sign(&[identity]).map_err(|_| signing_failed())?;
    roster.append(&added).map_err(roster::refused)?;
    Ok((genesis.hash(), vec![Bytes(genesis.as_bytes().to_vec()), Bytes(added.as_bytes().to_vec())]))
}
