//! What can be said in the roster.

use serde::{Deserialize, Serialize};

use crate::cose::{Signer, SigningFailed};
use crate::key::{Ed25519PublicKey, IdentityPublicKey};
use crate::roster::SignedStatement;
use crate::{DeviceId, Handle, Hash, InviteId, Role, UserId, WorkspaceId};

/// One link of the chain: what is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementBody {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The number of this statement; the genesis is 0.
    pub sequence: u64,
    /// SHA-256 of the signed bytes of the statement before; zero for the genesis.
    pub previous: Hash,
    /// When it was made, milliseconds since the epoch; never before the statement that it follows.
    pub at_ms: i64,
    /// What it says.
    pub statement: Statement,
}

/// What a statement says, and who must sign it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Statement {
    /// The workspace begins. Signed by the owner's identity key.
    Genesis(Genesis),
    /// Someone is invited. Signed by an admin.
    Invite(InviteStatement),
    /// An invite is withdrawn. Signed by an admin.
    InviteRevoke(InviteId),
    /// Someone joins. Signed by the invite's key, then by the new identity key.
    Join(Join),
    /// A device is added, or its certificate renewed: the bytes of a certificate. Signed by the user's identity key.
    DeviceAdd(#[serde(with = "serde_bytes")] Vec<u8>),
    /// A device is shut out. Signed by its user, or an admin.
    DeviceRevoke(DeviceId),
    /// A user's identity key changes. Signed by the old key, then by the new one.
    IdentityRotate(IdentityRotate),
    /// A user's role changes. Signed by an admin.
    Role(RoleChange),
    /// A user is shut out for a time. Signed by an admin.
    Suspend(UserId),
    /// A suspended user is let in again. Signed by an admin.
    Reinstate(UserId),
    /// A user is shut out for good. Signed by an admin, or by the user who leaves.
    Remove(UserId),
}

/// The beginning of a workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Genesis {
    /// The name of the shop, 1 to 80 characters.
    pub name: String,
    /// The first owner.
    pub owner: UserId,
    /// The owner's handle.
    pub handle: Handle,
    /// The owner's identity key.
    pub identity_key: IdentityPublicKey,
}

/// An invitation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InviteStatement {
    /// The invite.
    pub invite: InviteId,
    /// The key whose private half is in the link.
    pub key: Ed25519PublicKey,
    /// The role that it gives.
    pub role: Role,
    /// When it ends, milliseconds since the epoch.
    pub expires_at_ms: i64,
    /// How many people may join by it.
    pub uses: u32,
}

/// Someone joins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Join {
    /// By which invite.
    pub invite: InviteId,
    /// The new user.
    pub user: UserId,
    /// The handle.
    pub handle: Handle,
    /// The identity key.
    pub identity_key: IdentityPublicKey,
}

/// A new identity key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityRotate {
    /// Whose.
    pub user: UserId,
    /// The new key.
    pub identity_key: IdentityPublicKey,
}

/// A new role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleChange {
    /// Whose.
    pub user: UserId,
    /// The role from now on.
    pub role: Role,
}

impl StatementBody {
    /// The first statement of a workspace.
    #[must_use]
    pub fn genesis(workspace: WorkspaceId, at_ms: i64, genesis: Genesis) -> Self {
        Self { workspace, sequence: 0, previous: Hash::ZERO, at_ms, statement: Statement::Genesis(genesis) }
    }

    /// Signs it, in the order that the kind of statement asks for.
    ///
    /// # Errors
    /// When a signer refuses.
    pub fn sign(self, signers: &[&dyn Signer]) -> Result<SignedStatement, SigningFailed> {
        SignedStatement::sign(self, signers)
    }
}

impl Statement {
    /// The kind, as in logs and audit entries.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Genesis(_) => "genesis",
            Self::Invite(_) => "invite",
            Self::InviteRevoke(_) => "invite_revoke",
            Self::Join(_) => "join",
            Self::DeviceAdd(_) => "device_add",
            Self::DeviceRevoke(_) => "device_revoke",
            Self::IdentityRotate(_) => "identity_rotate",
            Self::Role(_) => "role",
            Self::Suspend(_) => "suspend",
            Self::Reinstate(_) => "reinstate",
            Self::Remove(_) => "remove",
        }
    }
}
