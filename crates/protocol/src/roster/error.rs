//! Why a roster, or a statement, is refused.

use crate::role::Role;
use crate::{CertificateError, Handle};

/// A log of statements that can't be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RosterError {
    /// Not a statement.
    #[error("a roster statement can't be read; it may come from a newer version")]
    Malformed,
    /// A statement of more than 64 KiB.
    #[error("a roster statement is larger than 64 KiB")]
    TooLarge,
    /// It speaks of another workspace.
    #[error("the statement belongs to another workspace")]
    WrongWorkspace,
    /// The first statement is not the one that the invitation names.
    #[error("the roster does not begin with the statement that the invitation names: this is another workspace, or a forgery")]
    GenesisMismatch,
    /// A statement is missing, repeated or out of order.
    #[error("the roster is out of order: statement {expected} should follow, but {found} came")]
    OutOfOrder {
        /// The number that should have come.
        expected: u64,
        /// The number that came.
        found: u64,
    },
    /// It does not follow what we know: two histories exist.
    #[error("the roster is forked at statement {sequence}: it does not follow the statement before it that is known here")]
    Forked {
        /// The statement that does not fit.
        sequence: u64,
    },
    /// Fewer statements came than are known to exist.
    #[error("the roster is cut short: statement {known} is known to exist, but only statements up to {given} came")]
    Truncated {
        /// The newest statement known to exist.
        known: u64,
        /// The newest statement that came.
        given: u64,
    },
    /// Nothing came.
    #[error("the roster is empty")]
    Empty,
    /// The statement itself is not allowed.
    #[error("roster statement {sequence} ({kind}) is refused: {fault}")]
    Refused {
        /// Its number.
        sequence: u64,
        /// Its kind.
        kind: &'static str,
        /// What is wrong.
        fault: Fault,
    },
}

/// What is wrong with one statement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A signature is missing, superfluous, or not by the key that must sign.
    #[error("it is not signed by the key that must sign it")]
    BadSignature,
    /// The signer is not known, or not active.
    #[error("its signer is not an active member of the workspace")]
    UnknownSigner,
    /// The signer has not the right.
    #[error("a signer with the role {role} may not do this")]
    NotAllowed {
        /// What the signer is.
        role: Role,
    },
    /// A second genesis.
    #[error("a workspace begins only once")]
    SecondGenesis,
    /// A name of 1 to 80 characters is wanted.
    #[error("a workspace's name has 1 to 80 characters and no control characters")]
    BadName,
    /// Dated before the statement that it follows.
    #[error("it is dated before the statement that it follows")]
    TimeWentBack,
    /// An id that was used before.
    #[error("its id was used before")]
    DuplicateId,
    /// A handle that was used before.
    #[error("the handle {0} is taken")]
    HandleTaken(Handle),
    /// A key that was used before.
    #[error("its key was used before")]
    KeyReused,
    /// No such invite.
    #[error("there is no such invitation")]
    UnknownInvite,
    /// The invite is over, used up or withdrawn.
    #[error("the invitation has expired, was used up or withdrawn")]
    InviteOver,
    /// An invite for nobody or for ever.
    #[error("an invitation is for 1 to 1000 people and ends within 90 days")]
    BadInvite,
    /// No such user.
    #[error("there is no such user")]
    UnknownUser,
    /// The user is suspended or removed, or was not suspended when reinstated.
    #[error("the user's state does not permit it")]
    WrongStatus,
    /// No such device.
    #[error("there is no such device")]
    UnknownDevice,
    /// The device was revoked.
    #[error("the device was revoked")]
    DeviceRevoked,
    /// The certificate is not good.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The certificate names another workspace or user, or lasts too long.
    #[error("the device certificate names another user or workspace, or lasts longer than 400 days")]
    CertificateMismatch,
    /// Twenty devices are the most.
    #[error("a user has at most 20 devices: revoke one that is no longer used")]
    TooManyDevices,
    /// A thousand statements are the most.
    #[error("a device has at most 1000 statements: revoke it and add it under new keys")]
    TooManyStatements,
    /// Nobody would be left to own the workspace.
    #[error("a workspace keeps at least one owner")]
    LastOwner,
}

impl RosterError {
    /// A stable code for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed => "roster_malformed",
            Self::TooLarge => "roster_too_large",
            Self::WrongWorkspace => "roster_wrong_workspace",
            Self::GenesisMismatch => "roster_genesis_mismatch",
            Self::OutOfOrder { .. } => "roster_out_of_order",
            Self::Forked { .. } => "roster_forked",
            Self::Truncated { .. } => "roster_truncated",
            Self::Empty => "roster_empty",
            Self::Refused { .. } => "roster_refused",
        }
    }
}
