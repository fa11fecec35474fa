//! Why something is refused in a group: by the roster, by the roles, by the library.

use bezel_protocol::roster::{LeafRefused, RosterError};
use bezel_protocol::{ConversationId, DeviceId, Role, UserId};
use mls_rs::error::{AnyError, IntoAnyError, MlsError};

/// Why a group can't be made, joined, changed or advanced.
#[derive(Debug, thiserror::Error)]
pub enum GroupError {
    /// A leaf or a commit breaks the rules.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The commit starts from another epoch than the group is in: a race was lost, or commits were missed.
    #[error("the commit starts from epoch {found}, the group is in epoch {expected}")]
    WrongEpoch {
        /// The group's.
        expected: u64,
        /// The commit's.
        found: u64,
    },
    /// The message belongs to another group.
    #[error("the group message does not belong to conversation {0}")]
    WrongConversation(ConversationId),
    /// The author of the commit knows another roster, or a newer one that must be fetched first.
    #[error(transparent)]
    Roster(RosterError),
    /// The welcome is for key packages that are not here.
    #[error("the private part of the key package is not on this device")]
    NoKeyPackage,
    /// The ratchet tree is not the one of the group info.
    #[error("the ratchet tree does not belong to the group")]
    WrongTree,
    /// A commit of ours waits for its answer.
    #[error("a change of this conversation is on its way already")]
    Pending,
    /// No commit of ours waits.
    #[error("no change of this conversation is on its way")]
    NothingPending,
    /// Nobody with such a device, or such a user, is in the group.
    #[error("{0} is not in the conversation")]
    NotInGroup(String),
    /// Not what it should be.
    #[error("malformed {0}")]
    Malformed(&'static str),
    /// The library refuses.
    #[error("the group library refuses: {0}")]
    Library(String),
}

/// What the rules refuse, and who tried it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The roster does not vouch for a leaf.
    #[error(transparent)]
    Leaf(#[from] LeafRefused),
    /// Somebody lacks the right.
    #[error("{user} ({}) has no right to {right} in this conversation", role.map_or("no member", Role::as_str))]
    NotAllowed {
        /// Who tried.
        user: UserId,
        /// What that person is in the conversation.
        role: Option<Role>,
        /// What is missing.
        right: Right,
    },
    /// The roles can't be read.
    #[error("the conversation's roles can't be read")]
    MalformedRoles,
    /// A device of someone who would have no role.
    #[error("{0} would be in the conversation without a role")]
    WithoutRole(UserId),
    /// A role for someone without a device, who is new or shut out.
    #[error("{0} would have a role in the conversation without a device")]
    WithoutDevice(UserId),
    /// Nobody would own the conversation.
    #[error("the conversation would lose its last owner")]
    LastOwner,
    /// An external commit that leaves the device's old leaf in, or takes another's.
    #[error("device {0} may only replace its own leaf")]
    ForeignLeaf(DeviceId),
    /// A group-context extension other than the roles.
    #[error("a commit may change nothing of the group's context but the roles")]
    ForeignExtension,
    /// A proposal of a kind that is not used here.
    #[error("a commit may hold nothing but additions, removals and roles")]
    ForeignProposal,
}

/// A right in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Right {
    /// To let a person in with a role.
    #[error("add {0} as {1}")]
    AddPerson(UserId, Role),
    /// To let in another device of somebody else.
    #[error("add device {0}")]
    AddDevice(DeviceId),
    /// To remove a person.
    #[error("remove {0}")]
    RemovePerson(UserId),
    /// To remove a device of somebody else that the roster has not shut out.
    #[error("remove device {0}")]
    RemoveDevice(DeviceId),
    /// To change a role.
    #[error("make {0} {1}")]
    ChangeRole(UserId, Role),
    /// To come back by an external commit.
    #[error("rejoin")]
    Rejoin,
}

impl GroupError {
    pub(super) fn from_library(error: MlsError) -> Self {
        match &error {
            MlsError::IdentityProviderError(inner) | MlsError::MlsRulesError(inner) => {
                ours(inner).map_or_else(|| Self::Library(error.to_string()), Self::Refused)
            }
            MlsError::ExistingPendingCommit => Self::Pending,
            MlsError::PendingCommitNotFound => Self::NothingPending,
            MlsError::WelcomeKeyPackageNotFound => Self::NoKeyPackage,
            MlsError::TreeHashMismatch => Self::WrongTree,
            _ => Self::Library(error.to_string()),
        }
    }
}

impl IntoAnyError for Refused {
    fn into_dyn_error(self) -> Result<Box<dyn core::error::Error + Send + Sync>, Self> {
        Ok(self.into())
    }
}

fn ours(error: &AnyError) -> Option<Refused> {
    error.inner_dyn_error().downcast_ref::<Refused>().cloned()
}

impl From<LeafRefused> for GroupError {
    fn from(refused: LeafRefused) -> Self {
        Self::Refused(Refused::Leaf(refused))
    }
}
