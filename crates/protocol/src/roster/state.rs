//! The roster as replayed: the questions that can be asked of it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::error::RosterError;
use super::signed::SignedStatement;
use super::statement::{InviteStatement, Statement, StatementBody};
use crate::envelope::RosterHead;
use crate::key::IdentityPublicKey;
use crate::{DeviceId, Handle, Hash, InviteId, Role, SignedCertificate, UserId, WorkspaceId};

/// The replayed and checked roster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roster {
    pub(super) workspace: WorkspaceId,
    pub(super) name: String,
    pub(super) head_at_ms: i64,
    /// Hash of every statement, by number; never empty.
    pub(super) hashes: Vec<Hash>,
    pub(super) users: BTreeMap<UserId, User>,
    pub(super) devices: BTreeMap<DeviceId, Device>,
    pub(super) invites: BTreeMap<InviteId, Invite>,
    /// Fingerprints of identity keys and bytes of message keys that were ever used.
    pub(super) used_keys: BTreeSet<[u8; 32]>,
}

/// Whether a user may do anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Yes.
    Active,
    /// Not for now.
    Suspended,
    /// Never again.
    Removed,
}

/// A person or headless member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The user.
    pub id: UserId,
    /// The handle, unique in the workspace for ever.
    pub handle: Handle,
    /// The role in the workspace.
    pub role: Role,
    /// Whether the user may do anything.
    pub status: Status,
    /// The identity key in force.
    pub identity: IdentityPublicKey,
    /// Since when that key is in force, milliseconds since the epoch.
    pub identity_since_ms: i64,
    /// When the user joined, milliseconds since the epoch.
    pub joined_at_ms: i64,
    /// The first device: it proves the identity key at its first log-in.
    pub first_device: Option<DeviceId>,
    /// The statements by which the user was shut out and let in again, in turn.
    pub(super) turns: Vec<u64>,
}

/// A device of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// The device.
    pub id: DeviceId,
    /// Whose it is.
    pub user: UserId,
    /// Every certificate that it had, the one in force last.
    pub certificates: Vec<SignedCertificate>,
    /// When it was added, milliseconds since the epoch.
    pub added_at_ms: i64,
    /// When it was revoked, milliseconds since the epoch.
    pub revoked_at_ms: Option<i64>,
    /// The number of the statement that revoked it.
    pub revoked_by: Option<u64>,
}

/// An invitation and what is left of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invite {
    /// What was said of it.
    pub statement: InviteStatement,
    /// Who gave it.
    pub inviter: UserId,
    /// How many may still join.
    pub uses_left: u32,
    /// Whether it was withdrawn.
    pub revoked: bool,
}

impl Roster {
    /// Replays a whole log, which must begin with the statement that hashes to `genesis`.
    ///
    /// # Errors
    /// At the first statement that can't be believed, with the reason.
    pub fn replay<'a>(genesis: Hash, statements: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, RosterError> {
        let mut statements = statements.into_iter();
        let first = SignedStatement::parse(statements.next().ok_or(RosterError::Empty)?)?;
        if first.hash() != genesis {
            return Err(RosterError::GenesisMismatch);
        }
        let mut roster = Self::begin(&first)?;
        for bytes in statements {
            roster.append(&SignedStatement::parse(bytes)?)?;
        }
        Ok(roster)
    }

    /// The workspace.
    #[must_use]
    pub const fn workspace(&self) -> WorkspaceId {
        self.workspace
    }

    /// The name of the shop.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The newest statement.
    #[must_use]
    pub fn head(&self) -> RosterHead {
        let sequence = self.hashes.len().saturating_sub(1) as u64;
        RosterHead { sequence, hash: self.hashes.last().copied().unwrap_or(Hash::ZERO) }
    }

    /// The time of the newest statement, milliseconds since the epoch. Once a clock ran ahead, it lies in the future.
    #[must_use]
    pub const fn head_at_ms(&self) -> i64 {
        self.head_at_ms
    }

    /// The hash of the genesis statement.
    #[must_use]
    pub fn genesis(&self) -> Hash {
        self.hashes.first().copied().unwrap_or(Hash::ZERO)
    }

    /// The hash of statement `sequence`, if it is known here.
    #[must_use]
    pub fn hash_at(&self, sequence: u64) -> Option<Hash> {
        usize::try_from(sequence).ok().and_then(|index| self.hashes.get(index)).copied()
    }

    /// Compares somebody's head with what is known here.
    ///
    /// # Errors
    /// [`RosterError::Forked`] when they know another history; [`RosterError::Truncated`] when they know more than is known here.
    pub fn compare(&self, head: RosterHead) -> Result<(), RosterError> {
        match self.hash_at(head.sequence) {
            Some(hash) if hash == head.hash => Ok(()),
            Some(_) => Err(RosterError::Forked { sequence: head.sequence }),
            None => Err(RosterError::Truncated { known: head.sequence, given: self.head().sequence }),
        }
    }

    /// A statement that follows the newest one; its time is never before that one's.
    #[must_use]
    pub fn next(&self, now_ms: i64, statement: Statement) -> StatementBody {
        let head = self.head();
        StatementBody {
            workspace: self.workspace,
            sequence: head.sequence + 1,
            previous: head.hash,
            at_ms: now_ms.max(self.head_at_ms),
            statement,
        }
    }

    /// Every user, removed ones included, by id.
    pub fn users(&self) -> impl Iterator<Item = &User> {
        self.users.values()
    }

    /// A user.
    #[must_use]
    pub fn user(&self, user: UserId) -> Option<&User> {
        self.users.get(&user)
    }

    /// The user who has, or had, a handle.
    #[must_use]
    pub fn user_by_handle(&self, handle: &Handle) -> Option<&User> {
        self.users.values().find(|user| user.handle == *handle)
    }

    /// A device.
    #[must_use]
    pub fn device(&self, device: DeviceId) -> Option<&Device> {
        self.devices.get(&device)
    }

    /// Every device of a user, revoked ones included.
    pub fn devices_of(&self, user: UserId) -> impl Iterator<Item = &Device> {
        self.devices.values().filter(move |device| device.user == user)
    }

    /// The devices of a user that may act at `now_ms`.
    pub fn standing_devices(&self, user: UserId, now_ms: i64) -> impl Iterator<Item = &Device> {
        self.devices_of(user).filter(move |device| self.stands(device.id, now_ms))
    }

    /// Whether a device may act at `now_ms`: known, not revoked, its certificate in force, its user active.
    #[must_use]
    pub fn stands(&self, device: DeviceId, now_ms: i64) -> bool {
        self.device(device).is_some_and(|device| {
            device.revoked_at_ms.is_none()
                && device.current().is_some_and(|current| now_ms < current.certificate().not_after_ms)
                && self.user(device.user).is_some_and(|user| user.status == Status::Active)
        })
    }

    /// Whether a device, or its user, was shut out as of statement `sequence`; so is a device that nobody knew then.
    #[must_use]
    pub fn was_shut_out(&self, device: DeviceId, sequence: u64) -> bool {
        let Some(device) = self.device(device) else { return true };
        let user_was_out =
            self.user(device.user).is_none_or(|user| user.turns.iter().take_while(|turn| **turn <= sequence).count() % 2 == 1);
        user_was_out || device.revoked_by.is_some_and(|revoked| revoked <= sequence)
    }

    /// Whether only the end of its certificate keeps a device from acting at `now_ms`: renewed, it stands again.
    #[must_use]
    pub fn is_lapsed(&self, device: DeviceId, now_ms: i64) -> bool {
        self.device(device).is_some_and(|device| {
            device.revoked_at_ms.is_none()
                && device.current().is_some_and(|current| now_ms >= current.certificate().not_after_ms)
                && self.user(device.user).is_some_and(|user| user.status == Status::Active)
        })
    }

    /// The devices of a user that were not revoked, those with an ended certificate included.
    pub fn unrevoked_devices(&self, user: UserId) -> impl Iterator<Item = &Device> {
        self.devices_of(user).filter(|device| device.revoked_at_ms.is_none())
    }

    /// An invite.
    #[must_use]
    pub fn invite(&self, invite: InviteId) -> Option<&Invite> {
        self.invites.get(&invite)
    }

    /// Every invite that was given, by id.
    pub fn invites(&self) -> impl Iterator<Item = &Invite> {
        self.invites.values()
    }

    /// Whether somebody may join by an invite at `now_ms`. An invite falls with the right of the one who gave it.
    #[must_use]
    pub fn invite_open(&self, invite: InviteId, now_ms: i64) -> bool {
        self.invite(invite).is_some_and(|invite| {
            !invite.revoked
                && invite.uses_left > 0
                && now_ms <= invite.statement.expires_at_ms
                && self
                    .user(invite.inviter)
                    .is_some_and(|inviter| inviter.status == Status::Active && inviter.role.may_assign(None, invite.statement.role))
        })
    }
}

impl Device {
    /// The certificate in force.
    #[must_use]
    pub fn current(&self) -> Option<&SignedCertificate> {
        self.certificates.last()
    }
}
