//! The statement by which a device, or the holder of an invite, logs in.

use serde::{Deserialize, Serialize};

use crate::key::Ed25519PublicKey;
use crate::{DeviceId, InviteId, WorkspaceId, cbor};

/// Who logs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A device, by its message key.
    Device(DeviceId),
    /// Someone who holds an invite's private key; may only read the roster and join.
    Invite(InviteId),
}

/// What is signed: the relay's challenge, bound to relay, workspace, subject and time, so that it serves nowhere else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginStatement {
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

impl LoginStatement {
    /// The bytes to sign, with a label that no other signed thing begins with.
    #[must_use]
    pub fn to_be_signed(&self) -> Vec<u8> {
        let mut bytes = b"bezel/login/1\0".to_vec();
        bytes.extend_from_slice(&cbor::encode(self));
        bytes
    }
}
