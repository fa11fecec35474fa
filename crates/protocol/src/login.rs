//! The statement by which a device, or the holder of an invite, logs in.

use serde::{Deserialize, Serialize};

use crate::key::{BadSignature, Ed25519PublicKey};
use crate::wire::Bytes;
use crate::{DeviceId, InviteId, UserId, WorkspaceId, cbor};

/// Who logs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A device, by its message key.
    Device(DeviceId),
    /// Someone who holds an invite's private key; may only read the roster and join.
    Invite(InviteId),
    /// A user by the identity key, where no device can speak; may only read the roster, and say which devices there are.
    User(UserId),
}

/// What the relay asks to be signed, for one log-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginChallenge {
    /// The relay's public key.
    pub relay: Ed25519PublicKey,
    /// The workspace.
    pub workspace: WorkspaceId,
    /// Who logs in.
    pub subject: Subject,
    /// The relay's random challenge.
    #[serde(with = "serde_bytes")]
    pub nonce: [u8; 32],
    /// When the relay made it, milliseconds since the epoch.
    pub issued_at_ms: i64,
}

/// What is signed: the relay's challenge, bound to relay, workspace, subject and time, so that it serves nowhere else; and a number, so that
/// two copies of one device notice each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginStatement {
    /// The challenge as it came.
    pub challenge: LoginChallenge,
    /// A device's log-ins are numbered from 1, gaps allowed; the number of an invite or a user is 0. The relay takes no number twice, and none below the last.
    pub number: u64,
}

impl LoginStatement {
    /// The bytes to sign, with a label that no other signed thing begins with.
    #[must_use]
    pub fn to_be_signed(&self) -> Vec<u8> {
        let mut bytes = b"bezel/login/2\0".to_vec();
        bytes.extend_from_slice(&cbor::encode(self));
        bytes
    }
}

/// A log-in that a device signed: what the relay shows as the last one that it took.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedLogin {
    /// The statement.
    pub statement: LoginStatement,
    /// Ed25519 by the device's message key over [`LoginStatement::to_be_signed`].
    pub signature: Bytes,
}

impl SignedLogin {
    /// Checks the signature.
    ///
    /// # Errors
    /// When it is not by `key`.
    pub fn verify(&self, key: &Ed25519PublicKey) -> Result<(), BadSignature> {
        key.verify(&self.statement.to_be_signed(), &self.signature.0)
    }
}
