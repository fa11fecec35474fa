//! Whether a commit's author may do what it does: the difference between the members before and after, judged by the author's role.
//! Every member checks the same against the group itself; here it is checked so that the relay's own enforcement stays true.

use std::collections::BTreeMap;

use bezel_protocol::roster::{Roster, Status};
use bezel_protocol::wire::CommitUpload;
use bezel_protocol::{DeviceId, Role, UserId};

use crate::clock::now_ms;
use crate::http::Refusal;
use crate::store::{Conversation, Membership};

/// The devices after the commit, with their users.
pub(super) fn authorise(
    roster: &Roster,
    author: (UserId, DeviceId),
    conversation: &Conversation,
    before: &Membership,
    upload: &CommitUpload,
) -> Result<Vec<(DeviceId, UserId)>, Refusal> {
    let role = conversation.role;
    let members_before: BTreeMap<UserId, Role> = before.members.iter().copied().collect();
    let members_after: BTreeMap<UserId, Role> = upload.members.iter().map(|member| (member.user, member.role)).collect();
    let devices_before: BTreeMap<DeviceId, UserId> = before.devices.iter().copied().collect();
    let devices_after = devices(roster, upload, &members_after)?;
    if members_after.len() != upload.members.len() || devices_after.len() != upload.devices.len() {
        return Err(Refusal::malformed("a member or a device is named twice"));
    }
    members(roster, role, &members_before, &members_after)?;
    let is_shut_out = |device: &DeviceId| !roster.stands(*device, now_ms());
    for (device, user) in devices_after.iter().filter(|(device, _)| !devices_before.contains_key(device)) {
        if is_shut_out(device) {
            return Err(Refusal::refused("only devices that stand in the roster can be added"));
        }
        let is_newcomer = !members_before.contains_key(user);
        if !is_newcomer && *user != author.0 && !role.administers() {
            return Err(Refusal::forbidden(format!("a {role} may not add device {device}")));
        }
    }
    for (device, user) in devices_before.iter().filter(|(device, _)| !devices_after.contains_key(device)) {
        let goes_with_user = !members_after.contains_key(user);
        let may = goes_with_user || *user == author.0 || role.administers() || (role.may_remove_revoked() && is_shut_out(device));
        if !may {
            return Err(Refusal::forbidden(format!("a {role} may not remove device {device}")));
        }
    }
    if !devices_after.contains_key(&author.1) {
        return Err(Refusal::refused("nobody can remove their own device"));
    }
    if upload.welcomes.iter().any(|welcome| !devices_after.contains_key(&welcome.device)) {
        return Err(Refusal::refused("a welcome is for a device that is not added"));
    }
    Ok(devices_after.into_iter().collect())
}

/// People and roles: owners and admins only, but for those whom the roster has shut out.
fn members(roster: &Roster, role: Role, before: &BTreeMap<UserId, Role>, after: &BTreeMap<UserId, Role>) -> Result<(), Refusal> {
    for (user, new) in after {
        let old = before.get(user).copied();
        if old != Some(*new) && !role.may_assign(old, *new) {
            return Err(Refusal::forbidden(format!("a {role} may not make somebody {new}")));
        }
        if old.is_none() && roster.user(*user).is_none_or(|user| user.status != Status::Active) {
            return Err(Refusal::refused("only active members of the workspace can be added"));
        }
    }
    for (user, old) in before.iter().filter(|(user, _)| !after.contains_key(user)) {
        let is_shut_out = roster.user(*user).is_none_or(|user| user.status != Status::Active);
        let may = role.may_remove(*old) || (is_shut_out && role.may_remove_revoked());
        if !may {
            return Err(Refusal::forbidden(format!("a {role} may not remove a {old}")));
        }
    }
    Ok(())
}

/// Every device is in the roster, and its user is a member.
fn devices(roster: &Roster, upload: &CommitUpload, members: &BTreeMap<UserId, Role>) -> Result<BTreeMap<DeviceId, UserId>, Refusal> {
    upload
        .devices
        .iter()
        .map(|device| {
            let user = roster.device(*device).map(|device| device.user).filter(|user| members.contains_key(user));
            user.map(|user| (*device, user)).ok_or_else(|| Refusal::refused("a device is not of a member"))
        })
        .collect()
}
