//! Why something does not work in a group.

use bezel_observer::{ObserveError, Refused};
use bezel_protocol::ConversationId;
use bezel_protocol::roster::{LeafRefused, RosterError};
use mls_rs::error::MlsError;

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
    /// An entry is not signed by its device.
    #[error("the entry is not signed by its device")]
    Signature,
    /// The welcome is for key packages that are not here.
    #[error("the private part of the key package is not on this device")]
    NoKeyPackage,
    /// A welcome, a tree or group info is not of the group that the log leads to.
    #[error("this is not the group that the conversation's log leads to")]
    OtherGroup,
    /// A commit of our own, whose secrets are not here: another copy of this device made it, or this one forgot it.
    #[error("the commit is by this device, which does not know of it")]
    OwnUnknown,
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

impl GroupError {
    pub(super) fn from_library(error: MlsError) -> Self {
        match &error {
            MlsError::IdentityProviderError(inner) | MlsError::MlsRulesError(inner) => {
                Refused::inside(inner).map_or_else(|| Self::Library(error.to_string()), Self::Refused)
            }
            MlsError::WelcomeKeyPackageNotFound => Self::NoKeyPackage,
            MlsError::TreeHashMismatch | MlsError::InvalidGroupInfo => Self::OtherGroup,
            MlsError::CantProcessMessageFromSelf => Self::OwnUnknown,
            _ => Self::Library(error.to_string()),
        }
    }

    /// The author of the commit knows more of the roster than we do: fetch it before the commit is judged.
    #[must_use]
    pub const fn roster_is_behind(&self) -> bool {
        matches!(self, Self::Roster(RosterError::Truncated { .. }))
    }
}

impl From<ObserveError> for GroupError {
    fn from(error: ObserveError) -> Self {
        match error {
            ObserveError::Refused(refused) => Self::Refused(refused),
            ObserveError::WrongEpoch { expected, found } => Self::WrongEpoch { expected, found },
            ObserveError::WrongConversation(conversation) => Self::WrongConversation(conversation),
            ObserveError::Signature => Self::Signature,
            ObserveError::GroupInfo => Self::OtherGroup,
            ObserveError::Malformed(what) => Self::Malformed(what),
            ObserveError::Library(text) => Self::Library(text),
        }
    }
}

impl From<LeafRefused> for GroupError {
    fn from(refused: LeafRefused) -> Self {
        Self::Refused(Refused::Leaf(refused))
    }
}
