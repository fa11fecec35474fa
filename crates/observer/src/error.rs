//! Why something is refused in a group: by the roster, by the rules, by the library.

use bezel_protocol::roster::LeafRefused;
use bezel_protocol::{ConversationId, DeviceId, Role, UserId};
use mls_rs::error::{AnyError, IntoAnyError, MlsError};

/// Why an entry of a log is no step of its group.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ObserveError {
    /// A leaf or a commit breaks the rules.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The commit starts from another epoch than the group is in.
    #[error("the commit starts from epoch {found}, the group is in epoch {expected}")]
    WrongEpoch {
        /// The group's.
        expected: u64,
        /// The commit's.
        found: u64,
    },
    /// The entry belongs to another conversation, or to another group of it.
    #[error("the group message does not belong to conversation {0}")]
    WrongConversation(ConversationId),
    /// It is not signed by the device that it says it is of.
    #[error("the entry is not signed by its device")]
    Signature,
    /// The group info is not of the epoch that the commit begins, not the one that the author signed, or holds more than it may.
    #[error("the group info does not belong to the commit")]
    GroupInfo,
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
    /// A key to which nobody can seal: it would stop every commit of everybody else.
    #[error("a key is none to which the members can seal")]
    UnusableKey,
    /// A leaf that holds more than a device's keys and certificate: everybody would keep it.
    #[error("a leaf is larger than any may be")]
    LargeLeaf,
    /// A proposal of a kind that is not used here.
    #[error("a commit may hold nothing but additions, removals and roles")]
    ForeignProposal,
}

/// A right in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Right {
    /// To begin a conversation.
    #[error("begin")]
    Begin,
    /// To let a person in with a role.
    #[error("add {0} as {1}")]
    AddPerson(UserId, Role),
    /// To let in another device.
    #[error("add device {0}")]
    AddDevice(DeviceId),
    /// To remove a person.
    #[error("remove {0}")]
    RemovePerson(UserId),
    /// To remove a device that the roster has not shut out.
    #[error("remove device {0}")]
    RemoveDevice(DeviceId),
    /// To change a role.
    #[error("make {0} {1}")]
    ChangeRole(UserId, Role),
    /// To come back by an external commit.
    #[error("rejoin")]
    Rejoin,
}

impl ObserveError {
    pub(crate) fn from_library(error: MlsError) -> Self {
        match &error {
            MlsError::IdentityProviderError(inner) | MlsError::MlsRulesError(inner) => {
                Refused::inside(inner).map_or_else(|| Self::Library(error.to_string()), Self::Refused)
            }
            MlsError::InvalidGroupInfo => Self::GroupInfo,
            _ => Self::Library(error.to_string()),
        }
    }
}

impl Refused {
    /// What the rules said, inside of an error of the library.
    #[must_use]
    pub fn inside(error: &AnyError) -> Option<Self> {
        error.inner_dyn_error().downcast_ref::<Self>().cloned()
    }
}

impl IntoAnyError for Refused {
    fn into_dyn_error(self) -> Result<Box<dyn core::error::Error + Send + Sync>, Self> {
        Ok(self.into())
    }
}

impl From<LeafRefused> for ObserveError {
    fn from(refused: LeafRefused) -> Self {
        Self::Refused(Refused::Leaf(refused))
    }
}
