//! What a user's devices keep on the relay for each other, wrapped.

use serde::{Deserialize, Serialize};

use super::Bytes;
use crate::ConversationId;

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

/// Epoch keys; one that is there already stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EpochKeys {
    /// The keys.
    pub keys: Vec<WrappedEpochKey>,
}

/// The vault: what the recovery words open. Opaque to the relay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredVault {
    /// The wrapped vault.
    pub vault: Bytes,
}
