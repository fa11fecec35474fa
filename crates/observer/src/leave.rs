//! A user leaves: judged alike by whoever follows from outside and by members.

use bezel_protocol::log::Leave;
use bezel_protocol::{Role, Suite, UserId};

use crate::error::{ObserveError, Refused};
use crate::group_id::GroupId;
use crate::judge::Judge;
use crate::leaf::Leaf;
use crate::roles::ConversationRoles;

/// Where a group stands, as everyone can see it.
pub struct Standing<'a> {
    /// The group.
    pub group: GroupId,
    /// The epoch of the conversation.
    pub epoch: u64,
    /// The suite.
    pub suite: Suite,
    /// Every leaf.
    pub leaves: &'a [Leaf],
    /// Everyone's role.
    pub roles: &'a ConversationRoles,
}

/// Judges an entry by which a user leaves, and tells who does.
///
/// # Errors
/// [`ObserveError::WrongConversation`] and [`ObserveError::WrongEpoch`] where it was written for elsewhere, [`ObserveError::Signature`],
/// [`ObserveError::Refused`] when the device has no say there, or its user is the last owner.
pub fn check_leave(leave: &Leave, standing: &Standing<'_>, judge: &Judge) -> Result<UserId, ObserveError> {
    if leave.conversation != standing.group.conversation {
        return Err(ObserveError::WrongConversation(standing.group.conversation));
    }
    if leave.epoch != standing.epoch {
        return Err(ObserveError::WrongEpoch { expected: standing.epoch, found: leave.epoch });
    }
    let leaf = standing.leaves.iter().find(|leaf| leaf.device() == leave.device);
    let leaf = leaf.ok_or(ObserveError::Malformed("leave: its device has no leaf"))?;
    judge.stands(leaf, standing.suite)?;
    leaf.certificate().certificate().message_key.verify(&leave.signed(), &leave.signature.0).map_err(|_| ObserveError::Signature)?;
    let user = leaf.user();
    let role = standing.roles.get(user).ok_or(Refused::WithoutRole(user))?;
    let is_other_owner = |(other, role): (UserId, Role)| other != user && role == Role::Owner && judge.is_active(other);
    if role == Role::Owner && !standing.roles.iter().any(is_other_owner) {
        return Err(Refused::LastOwner.into());
    }
    Ok(user)
}
