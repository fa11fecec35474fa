//! Envelopes on the wire.

use serde::{Deserialize, Serialize};

use super::Bytes;
use crate::Hash;

/// How the relay treats an envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    /// Kept, with a sequence number.
    Stored,
    /// Only the newest of a device is kept, without a sequence number.
    Receipt,
    /// Passed on to those who are connected, and forgotten.
    Transient,
}

/// An envelope to send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewMessage {
    /// How to treat it.
    pub kind: MessageKind,
    /// The envelope.
    pub envelope: Bytes,
}

/// The envelope is on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageAccepted {
    /// Its place in the conversation; 0 for what is not [`MessageKind::Stored`].
    pub sequence: u64,
    /// When, by the relay's clock, milliseconds since the epoch.
    pub stored_at_ms: i64,
    /// SHA-256 of the envelope that is stored under this message id: an earlier attempt's, where one arrived before.
    pub sha256: Hash,
}

/// An envelope as the relay hands it out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredMessage {
    /// Its place.
    pub sequence: u64,
    /// When it was stored.
    pub stored_at_ms: i64,
    /// The envelope.
    pub envelope: Bytes,
}

/// Envelopes of a stretch, the newest first; at most [`super::MAX_PAGE`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Messages {
    /// The envelopes.
    pub messages: Vec<StoredMessage>,
}
