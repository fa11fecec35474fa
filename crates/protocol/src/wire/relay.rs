//! What a relay says of itself.

use serde::{Deserialize, Serialize};

use crate::key::Ed25519PublicKey;

/// A relay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelayInfo {
    /// The key that signs its audit checkpoints; log-ins are bound to it.
    pub key: Ed25519PublicKey,
    /// Its version.
    pub version: String,
    /// Its clock, milliseconds since the epoch.
    pub now_ms: i64,
    /// Whether it takes another workspace.
    pub accepts_workspaces: bool,
    /// Whether a workspace is begun with its set-up token only.
    pub needs_setup_token: bool,
}
