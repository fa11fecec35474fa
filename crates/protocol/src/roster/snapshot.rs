//! The replayed roster as bytes, for a store that its owner trusts: a start then replays only what came since.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::RosterHead;
use super::state::{Device, Invite, Roster, Status, User};
use super::statement::InviteStatement;
use crate::key::IdentityPublicKey;
use crate::{DeviceId, Handle, Hash, Role, SignedCertificate, UserId, WorkspaceId, cbor};

/// Raised with every change of the rules or of what is kept: a snapshot by other rules is not believed.
const VERSION: u8 = 1;
const HASH_BYTES: usize = 32;

#[derive(Serialize, Deserialize)]
struct Snapshot {
    version: u8,
    workspace: WorkspaceId,
    name: String,
    head_at_ms: i64,
    /// 32 bytes each, without anything between: one long string is read at once.
    hashes: ByteBuf,
    used_keys: ByteBuf,
    users: Vec<KeptUser>,
    devices: Vec<KeptDevice>,
    invites: Vec<KeptInvite>,
}

#[derive(Serialize, Deserialize)]
struct KeptUser {
    id: UserId,
    handle: Handle,
    role: Role,
    status: Status,
    identity: IdentityPublicKey,
    identity_since_ms: i64,
    joined_at_ms: i64,
    first_device: Option<DeviceId>,
    turns: Vec<u64>,
}

#[derive(Serialize, Deserialize)]
struct KeptDevice {
    id: DeviceId,
    user: UserId,
    certificates: Vec<ByteBuf>,
    added_at_ms: i64,
    revoked_at_ms: Option<i64>,
    revoked_by: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct KeptInvite {
    statement: InviteStatement,
    inviter: UserId,
    uses_left: u32,
    revoked: bool,
}

impl Roster {
    /// Everything that the replay has found out. Whoever keeps it vouches for it: nothing in it is signed.
    #[must_use]
    pub fn snapshot(&self) -> Vec<u8> {
        let flat = |hashes: &mut dyn Iterator<Item = &[u8; HASH_BYTES]>| ByteBuf::from(hashes.flatten().copied().collect::<Vec<u8>>());
        cbor::encode(&Snapshot {
            version: VERSION,
            workspace: self.workspace,
            name: self.name.clone(),
            head_at_ms: self.head_at_ms,
            hashes: flat(&mut self.hashes.iter().map(Hash::as_bytes)),
            used_keys: flat(&mut self.used_keys.iter()),
            users: self.users.values().map(KeptUser::from).collect(),
            devices: self.devices.values().map(KeptDevice::from).collect(),
            invites: self.invites.values().map(KeptInvite::from).collect(),
        })
    }

    /// Reads a snapshot of the roster that begins with `genesis` and ends with `head`. `None` when it is damaged, by other rules, or of
    /// another roster or place: then only a whole replay helps.
    #[must_use]
    pub fn restore(snapshot: &[u8], genesis: Hash, head: RosterHead) -> Option<Self> {
        let kept: Snapshot = cbor::decode(snapshot).ok().filter(|kept: &Snapshot| kept.version == VERSION)?;
        let (hashes, rest) = kept.hashes.as_chunks::<HASH_BYTES>();
        let (used_keys, other_rest) = kept.used_keys.as_chunks::<HASH_BYTES>();
        if !rest.is_empty() || !other_rest.is_empty() {
            return None;
        }
        let devices = kept.devices.into_iter().map(|device| Some((device.id, device.read()?))).collect::<Option<_>>()?;
        let roster = Self {
            workspace: kept.workspace,
            name: kept.name,
            head_at_ms: kept.head_at_ms,
            hashes: hashes.iter().map(|hash| Hash::from_slice(hash)).collect::<Option<_>>()?,
            users: kept.users.into_iter().map(|user| (user.id, user.into())).collect(),
            devices,
            invites: kept.invites.into_iter().map(|invite| (invite.statement.invite, invite.into())).collect(),
            used_keys: used_keys.iter().copied().collect::<BTreeSet<_>>(),
        };
        (!roster.hashes.is_empty() && roster.genesis() == genesis && roster.head() == head).then_some(roster)
    }
}

impl From<&User> for KeptUser {
    fn from(user: &User) -> Self {
        Self {
            id: user.id,
            handle: user.handle.clone(),
            role: user.role,
            status: user.status,
            identity: user.identity.clone(),
            identity_since_ms: user.identity_since_ms,
            joined_at_ms: user.joined_at_ms,
            first_device: user.first_device,
            turns: user.turns.clone(),
        }
    }
}

impl From<KeptUser> for User {
    fn from(kept: KeptUser) -> Self {
        Self {
            id: kept.id,
            handle: kept.handle,
            role: kept.role,
            status: kept.status,
            identity: kept.identity,
            identity_since_ms: kept.identity_since_ms,
            joined_at_ms: kept.joined_at_ms,
            first_device: kept.first_device,
            turns: kept.turns,
        }
    }
}

impl From<&Device> for KeptDevice {
    fn from(device: &Device) -> Self {
        Self {
            id: device.id,
            user: device.user,
            certificates: device.certificates.iter().map(|certificate| ByteBuf::from(certificate.as_bytes())).collect(),
            added_at_ms: device.added_at_ms,
            revoked_at_ms: device.revoked_at_ms,
            revoked_by: device.revoked_by,
        }
    }
}

impl KeptDevice {
    fn read(self) -> Option<Device> {
        let certificates = self.certificates.iter().map(|bytes| SignedCertificate::parse(bytes));
        Some(Device {
            id: self.id,
            user: self.user,
            certificates: certificates.collect::<Result<_, _>>().ok()?,
            added_at_ms: self.added_at_ms,
            revoked_at_ms: self.revoked_at_ms,
            revoked_by: self.revoked_by,
        })
    }
}

impl From<&Invite> for KeptInvite {
    fn from(invite: &Invite) -> Self {
        Self { statement: invite.statement.clone(), inviter: invite.inviter, uses_left: invite.uses_left, revoked: invite.revoked }
    }
}

impl From<KeptInvite> for Invite {
    fn from(kept: KeptInvite) -> Self {
        Self { statement: kept.statement, inviter: kept.inviter, uses_left: kept.uses_left, revoked: kept.revoked }
    }
}
