//! Begins a workspace.

use bezel_protocol::roster::{Genesis, Roster, Statement, StatementBody};
use bezel_protocol::wire::Bytes;
use bezel_protocol::{Handle, WorkspaceId};
use url::Url;

use super::enrol::{Enrolled, Enrolment, How, Prepared, enrol, signing_failed};
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
    pub relay: Url,
    /// Whether that relay runs inside this app.
    pub hosts_relay: bool,
    /// The ways to unlock this device.
    pub slots: NewSlots,
}

/// Begins a workspace, with this device as its owner's first.
///
/// # Errors
/// When the home is inhabited, there is no way to keep the key, or the relay is away or full.
pub async fn create(home: &Home, environment: Environment, request: CreateRequest) -> Result<(Member, Enrolled)> {
    let info = Client::new(&request.relay)?.info().await?;
    if !info.accepts_workspaces {
        return Err(Error::refused(
            "relay_full",
            "This relay keeps a workspace already.",
            "Start another relay, or raise --max-workspaces.",
        ));
    }
    let now_ms = environment.clock.now_ms();
    let CreateRequest { name, handle, relay, hosts_relay, slots } = request;
    enrol(home, environment, &slots, |prepared| {
        let workspace = WorkspaceId::new(now_ms, vault::id_bytes(&mut bezel_crypto::SystemRng)?);
        let (genesis, statements) = statements(prepared, workspace, name, &handle, now_ms)?;
        Ok(Enrolment {
            workspace,
            genesis,
            user: prepared.user,
            device: prepared.keys.device.device(),
            handle,
            fingerprint: prepared.keys.identity.public().fingerprint(),
            relay,
            hosts_relay,
            words: prepared.words.clone(),
            vault: prepared.vault.clone(),
            how: How::Create(statements),
        })
    })
    .await
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
