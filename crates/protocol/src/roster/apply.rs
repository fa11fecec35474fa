//! The checks that a statement must pass, and what it changes.

use super::error::{Fault, RosterError};
use super::signed::SignedStatement;
use super::state::{Device, Invite, Roster, Status, User};
use super::statement::{Genesis, IdentityRotate, InviteStatement, Join, RoleChange, Statement};
use crate::certificate::CERTIFICATE_LIFETIME_MS;
use crate::{DeviceId, Hash, InviteId, Role, SignedCertificate, UserId};

const MAX_INVITE_LIFETIME_MS: i64 = 90 * 24 * 60 * 60 * 1000;
const MAX_INVITE_USES: u32 = 1000;
/// So many devices of a user may be unrevoked at once. Whether their certificates are in force is a question of time and not asked.
const MAX_DEVICES: usize = 20;
/// So many statements may be made of one device: its certificates, and the one that revokes it.
const MAX_STATEMENTS_OF_DEVICE: usize = 1000;
/// A certificate may be dated a little ahead of the statement that carries it.
const CLOCK_SLACK_MS: i64 = 60 * 60 * 1000;

impl Roster {
    /// The roster of a genesis statement alone.
    ///
    /// # Errors
    /// When it is not a genesis, or not signed by the key that it names.
    pub fn begin(genesis: &SignedStatement) -> Result<Self, RosterError> {
        let body = genesis.body();
        let Statement::Genesis(Genesis { name, owner, handle, identity_key }) = &body.statement else {
            return Err(RosterError::GenesisMismatch);
        };
        if body.sequence != 0 || body.previous != Hash::ZERO {
            return Err(RosterError::OutOfOrder { expected: 0, found: body.sequence });
        }
        let refused = |fault| RosterError::Refused { sequence: 0, kind: "genesis", fault };
        if name.trim().is_empty() || name.chars().count() > 80 || name.chars().any(char::is_control) {
            return Err(refused(Fault::BadName));
        }
        genesis.expect_signatures(1).map_err(refused)?;
        genesis.verify_identity(0, identity_key).map_err(refused)?;
        let owner = User {
            id: *owner,
            handle: handle.clone(),
            role: Role::Owner,
            status: Status::Active,
            identity: identity_key.clone(),
            identity_since_ms: body.at_ms,
            joined_at_ms: body.at_ms,
            first_device: None,
            turns: Vec::new(),
        };
        Ok(Self {
            workspace: body.workspace,
            name: name.clone(),
            head_at_ms: body.at_ms,
            hashes: vec![genesis.hash()],
            used_keys: [*identity_key.fingerprint().as_bytes()].into(),
            users: [(owner.id, owner)].into(),
            devices: Default::default(),
            invites: Default::default(),
        })
    }

    /// Checks a statement and applies it; refused, it changes nothing.
    ///
    /// # Errors
    /// When it does not follow the newest one, or is not allowed.
    pub fn append(&mut self, signed: &SignedStatement) -> Result<(), RosterError> {
        let body = signed.body();
        let head = self.head();
        if body.workspace != self.workspace {
            return Err(RosterError::WrongWorkspace);
        }
        if body.sequence != head.sequence + 1 {
            return Err(RosterError::OutOfOrder { expected: head.sequence + 1, found: body.sequence });
        }
        if body.previous != head.hash {
            return Err(RosterError::Forked { sequence: body.sequence });
        }
        self.check_and_apply(signed).map_err(|fault| RosterError::Refused {
            sequence: body.sequence,
            kind: body.statement.kind(),
            fault,
        })?;
        self.head_at_ms = body.at_ms;
        self.hashes.push(signed.hash());
        Ok(())
    }

    /// Every check of a statement comes before its first change.
    fn check_and_apply(&mut self, signed: &SignedStatement) -> Result<(), Fault> {
        let at_ms = signed.body().at_ms;
        if at_ms < self.head_at_ms {
            return Err(Fault::TimeWentBack);
        }
        match &signed.body().statement {
            Statement::Genesis(_) => Err(Fault::SecondGenesis),
            Statement::Invite(invite) => self.invite_given(signed, invite, at_ms),
            Statement::InviteRevoke(invite) => self.invite_revoked(signed, *invite),
            Statement::Join(join) => self.joined(signed, join, at_ms),
            Statement::DeviceAdd(certificate) => self.device_added(signed, certificate, at_ms),
            Statement::DeviceRevoke(device) => self.device_revoked(signed, *device, at_ms),
            Statement::IdentityRotate(rotate) => self.identity_rotated(signed, rotate, at_ms),
            Statement::Role(change) => self.role_changed(signed, change),
            Statement::Suspend(user) => self.status_changed(signed, *user, Status::Suspended),
            Statement::Reinstate(user) => self.status_changed(signed, *user, Status::Active),
            Statement::Remove(user) => self.status_changed(signed, *user, Status::Removed),
        }
    }

    /// The one active user who signed.
    fn signer(&self, signed: &SignedStatement, signatures: usize) -> Result<(UserId, Role), Fault> {
        signed.expect_signatures(signatures)?;
        let key_id = signed.signer(0).ok_or(Fault::BadSignature)?;
        let user = self
            .users
            .values()
            .find(|user| user.identity.fingerprint().as_bytes() == key_id)
            .filter(|user| user.status == Status::Active)
            .ok_or(Fault::UnknownSigner)?;
        signed.verify_identity(0, &user.identity)?;
        Ok((user.id, user.role))
    }

    fn invite_given(&mut self, signed: &SignedStatement, invite: &InviteStatement, at_ms: i64) -> Result<(), Fault> {
        let (inviter, role) = self.signer(signed, 1)?;
        if !role.may_assign(None, invite.role) {
            return Err(Fault::NotAllowed { role });
        }
        if self.invites.contains_key(&invite.invite) {
            return Err(Fault::DuplicateId);
        }
        let lifetime_ms = invite.expires_at_ms.saturating_sub(at_ms);
        if !(1..=MAX_INVITE_USES).contains(&invite.uses) || !(1..=MAX_INVITE_LIFETIME_MS).contains(&lifetime_ms) {
            return Err(Fault::BadInvite);
        }
        if !self.used_keys.insert(*invite.key.as_bytes()) {
            return Err(Fault::KeyReused);
        }
        let given = Invite { statement: invite.clone(), inviter, uses_left: invite.uses, revoked: false };
        self.invites.insert(invite.invite, given);
        Ok(())
    }

    fn invite_revoked(&mut self, signed: &SignedStatement, invite: InviteId) -> Result<(), Fault> {
        let (_, role) = self.signer(signed, 1)?;
        if !role.administers() {
            return Err(Fault::NotAllowed { role });
        }
        self.invites.get_mut(&invite).ok_or(Fault::UnknownInvite)?.revoked = true;
        Ok(())
    }

    fn joined(&mut self, signed: &SignedStatement, join: &Join, at_ms: i64) -> Result<(), Fault> {
        let invite = self.invite(join.invite).ok_or(Fault::UnknownInvite)?;
        signed.expect_signatures(2)?;
        signed.verify_invite(0, join.invite, &invite.statement.key)?;
        signed.verify_identity(1, &join.identity_key)?;
        if !self.invite_open(join.invite, at_ms) {
            return Err(Fault::InviteOver);
        }
        if self.users.contains_key(&join.user) {
            return Err(Fault::DuplicateId);
        }
        if self.user_by_handle(&join.handle).is_some() {
            return Err(Fault::HandleTaken(join.handle.clone()));
        }
        let role = invite.statement.role;
        if !self.used_keys.insert(*join.identity_key.fingerprint().as_bytes()) {
            return Err(Fault::KeyReused);
        }
        if let Some(invite) = self.invites.get_mut(&join.invite) {
            invite.uses_left -= 1;
        }
        let user = User {
            id: join.user,
            handle: join.handle.clone(),
            role,
            status: Status::Active,
            identity: join.identity_key.clone(),
            identity_since_ms: at_ms,
            joined_at_ms: at_ms,
            first_device: None,
            turns: Vec::new(),
        };
        self.users.insert(user.id, user);
        Ok(())
    }

    fn device_added(&mut self, signed: &SignedStatement, bytes: &[u8], at_ms: i64) -> Result<(), Fault> {
        let (user, _) = self.signer(signed, 1)?;
        let signed_certificate = SignedCertificate::parse(bytes)?;
        let certificate = signed_certificate.certificate();
        // One that has ended already is let in: after a clock ran ahead, `at_ms` may lie beyond the end of an honest certificate.
        if certificate.workspace != self.workspace
            || certificate.user != user
            || certificate.not_after_ms > at_ms.saturating_add(CERTIFICATE_LIFETIME_MS + CLOCK_SLACK_MS)
        {
            return Err(Fault::CertificateMismatch);
        }
        signed_certificate.verify(&self.users.get(&user).ok_or(Fault::UnknownUser)?.identity)?;
        let message_key = *certificate.message_key.as_bytes();
        if let Some(device) = self.devices.get_mut(&certificate.device) {
            if device.user != user {
                return Err(Fault::DuplicateId);
            }
            if device.revoked_at_ms.is_some() {
                return Err(Fault::DeviceRevoked);
            }
            // A renewal certifies the same keys anew; a device with new keys is a new device.
            let same = device.current().is_some_and(|current| current.certificate().message_key == certificate.message_key);
            if !same {
                return Err(Fault::KeyReused);
            }
            // The last one is left for the revocation.
            if device.certificates.len() + 1 >= MAX_STATEMENTS_OF_DEVICE {
                return Err(Fault::TooManyStatements);
            }
            device.certificates.push(signed_certificate);
            return Ok(());
        }
        if self.unrevoked_devices(user).count() >= MAX_DEVICES {
            return Err(Fault::TooManyDevices);
        }
        if !self.used_keys.insert(message_key) {
            return Err(Fault::KeyReused);
        }
        let id = certificate.device;
        let device = Device { id, user, certificates: vec![signed_certificate], added_at_ms: at_ms, revoked_at_ms: None, revoked_by: None };
        self.devices.insert(id, device);
        if let Some(user) = self.users.get_mut(&user) {
            user.first_device.get_or_insert(id);
        }
        Ok(())
    }

    fn device_revoked(&mut self, signed: &SignedStatement, device: DeviceId, at_ms: i64) -> Result<(), Fault> {
        let (signer, role) = self.signer(signed, 1)?;
        let owner = self.devices.get(&device).ok_or(Fault::UnknownDevice)?.user;
        let target = self.users.get(&owner).ok_or(Fault::UnknownUser)?.role;
        if signer != owner && !role.may_remove(target) {
            return Err(Fault::NotAllowed { role });
        }
        let device = self.devices.get_mut(&device).ok_or(Fault::UnknownDevice)?;
        if device.revoked_at_ms.is_some() {
            return Err(Fault::DeviceRevoked);
        }
        device.revoked_at_ms = Some(at_ms);
        device.revoked_by = Some(signed.body().sequence);
        Ok(())
    }

    fn identity_rotated(&mut self, signed: &SignedStatement, rotate: &IdentityRotate, at_ms: i64) -> Result<(), Fault> {
        let (signer, role) = self.signer(signed, 2)?;
        if signer != rotate.user {
            return Err(Fault::NotAllowed { role });
        }
        signed.verify_identity(1, &rotate.identity_key)?;
        if !self.used_keys.insert(*rotate.identity_key.fingerprint().as_bytes()) {
            return Err(Fault::KeyReused);
        }
        let user = self.users.get_mut(&signer).ok_or(Fault::UnknownUser)?;
        user.identity = rotate.identity_key.clone();
        user.identity_since_ms = at_ms;
        Ok(())
    }

    fn role_changed(&mut self, signed: &SignedStatement, change: &RoleChange) -> Result<(), Fault> {
        let (_, role) = self.signer(signed, 1)?;
        let user = self.users.get(&change.user).ok_or(Fault::UnknownUser)?;
        if !role.may_assign(Some(user.role), change.role) {
            return Err(Fault::NotAllowed { role });
        }
        if user.status == Status::Removed {
            return Err(Fault::WrongStatus);
        }
        if change.role != Role::Owner {
            self.keep_an_owner(change.user)?;
        }
        if let Some(user) = self.users.get_mut(&change.user) {
            user.role = change.role;
        }
        Ok(())
    }

    fn status_changed(&mut self, signed: &SignedStatement, user: UserId, status: Status) -> Result<(), Fault> {
        let (signer, role) = self.signer(signed, 1)?;
        let target = self.users.get(&user).ok_or(Fault::UnknownUser)?;
        let leaves = signer == user && status == Status::Removed;
        if !leaves && !role.may_remove(target.role) {
            return Err(Fault::NotAllowed { role });
        }
        let permitted = match status {
            Status::Active => target.status == Status::Suspended,
            Status::Suspended => target.status == Status::Active,
            Status::Removed => target.status != Status::Removed,
        };
        if !permitted {
            return Err(Fault::WrongStatus);
        }
        if status != Status::Active {
            self.keep_an_owner(user)?;
        }
        if let Some(user) = self.users.get_mut(&user) {
            if (user.status == Status::Active) != (status == Status::Active) {
                user.turns.push(signed.body().sequence);
            }
            user.status = status;
        }
        Ok(())
    }

    /// Refuses to lose the last active owner.
    fn keep_an_owner(&self, losing: UserId) -> Result<(), Fault> {
        let remains = self.users.values().any(|user| user.id != losing && user.role == Role::Owner && user.status == Status::Active);
        let owns = self.users.get(&losing).is_some_and(|user| user.role == Role::Owner);
        if owns && !remains { Err(Fault::LastOwner) } else { Ok(()) }
    }
}
