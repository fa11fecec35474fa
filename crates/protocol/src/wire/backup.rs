//! What a user's devices keep on the relay for each other, wrapped. A token alone changes none of it: each upload is signed by a device.

use serde::{Deserialize, Serialize};

use super::Bytes;
use crate::key::{BadSignature, Ed25519PublicKey};
use crate::{ConversationId, DeviceId, Hash, UserId, WorkspaceId, cbor};

/// An epoch key, wrapped under the user's vault key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrappedEpochKey {
    /// The conversation.
    pub conversation: ConversationId,
    /// The epoch.
    pub epoch: u64,
    /// The wrapped key.
    pub wrapped: Bytes,
}

/// Epoch keys of a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EpochKeys {
    /// The keys.
    pub keys: Vec<WrappedEpochKey>,
}

/// Epoch keys to be kept; one that is there already stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedEpochKeys {
    /// The keys.
    pub keys: Vec<WrappedEpochKey>,
    /// Ed25519 by the calling device's message key over [`SignedEpochKeys::to_be_signed`].
    pub signature: Bytes,
}

impl SignedEpochKeys {
    /// The bytes that the device signs.
    #[must_use]
    pub fn to_be_signed(workspace: WorkspaceId, user: UserId, keys: &[WrappedEpochKey]) -> Vec<u8> {
        labelled(b"bezel/epoch-keys/1\0", &(workspace, user, Hash::of(&cbor::encode(keys))))
    }

    /// Checks that a device of `user` signed.
    ///
    /// # Errors
    /// When the signature is not by `key`.
    pub fn verify(&self, workspace: WorkspaceId, user: UserId, key: &Ed25519PublicKey) -> Result<(), BadSignature> {
        key.verify(&Self::to_be_signed(workspace, user, &self.keys), &self.signature.0)
    }
}

/// A version of the vault: what the recovery words open. Opaque to the relay, which keeps the newest three.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredVault {
    /// The version, from 1; each is higher than the one before.
    pub version: u64,
    /// The sealed vault.
    pub vault: Bytes,
    /// The device of the user that signed.
    pub device: DeviceId,
    /// Ed25519 by that device's message key over [`StoredVault::to_be_signed`].
    pub signature: Bytes,
}

impl StoredVault {
    /// The bytes that the device signs.
    #[must_use]
    pub fn to_be_signed(workspace: WorkspaceId, user: UserId, version: u64, vault: &[u8]) -> Vec<u8> {
        labelled(b"bezel/vault-version/1\0", &(workspace, user, version, Hash::of(vault)))
    }

    /// Checks that a device of `user` signed this very version.
    ///
    /// # Errors
    /// When the signature is not by `key`.
    pub fn verify(&self, workspace: WorkspaceId, user: UserId, key: &Ed25519PublicKey) -> Result<(), BadSignature> {
        key.verify(&Self::to_be_signed(workspace, user, self.version, &self.vault.0), &self.signature.0)
    }
}

fn labelled(label: &[u8], signed: &impl Serialize) -> Vec<u8> {
    let mut bytes = label.to_vec();
    bytes.extend_from_slice(&cbor::encode(signed));
    bytes
}
