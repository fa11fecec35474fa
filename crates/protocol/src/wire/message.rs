//! Envelopes on the wire.

use serde::{Deserialize, Serialize};

use super::{Bytes, ErrorBody};
use crate::Hash;
use crate::log::{Place, SignedHead};

/// The most envelopes in one request.
pub const MAX_ENVELOPES: usize = 64;

/// How the relay treats envelopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    /// Kept: each gets the next place of the log.
    Stored,
    /// Only the newest of a device is kept, outside the log.
    Receipt,
    /// Passed on to those who are connected, and forgotten.
    Transient,
}

/// Envelopes to send: 1 to [`MAX_ENVELOPES`] of [`MessageKind::Stored`], in order, or one of another kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewMessages {
    /// How to treat them.
    pub kind: MessageKind,
    /// The envelopes.
    pub envelopes: Vec<Bytes>,
}

/// Those that are on disk: all of them, or the first ones up to one that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessagesAccepted {
    /// One for each, in order.
    pub accepted: Vec<MessageAccepted>,
    /// The relay's word for the last of those places; none for what is not [`MessageKind::Stored`].
    pub head: Option<SignedHead>,
    /// Why the next one was refused. Where the first one is, the answer is an error instead.
    pub refused: Option<ErrorBody>,
}

/// An envelope is on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageAccepted {
    /// Its place; [`Place::START`] for what is not [`MessageKind::Stored`].
    pub place: Place,
    /// When, by the relay's clock, milliseconds since the epoch.
    pub stored_at_ms: i64,
    /// The number of the newest roster statement then.
    pub roster: u64,
    /// SHA-256 of the envelope that is stored under this message id or counter of the device: an earlier attempt's, where one arrived
    /// before.
    pub sha256: Hash,
}

/// An envelope as the relay hands it out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredMessage {
    /// Its place in the log; 0 for a receipt.
    pub sequence: u64,
    /// When it was stored.
    pub stored_at_ms: i64,
    /// The envelope.
    pub envelope: Bytes,
}

/// Envelopes of a stretch, the newest first: at least one, at most [`super::MAX_PAGE`] and [`super::MAX_PAGE_BYTES`]. The rest of the stretch is
/// asked for again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Messages {
    /// The envelopes.
    pub messages: Vec<StoredMessage>,
    /// Places of the stretch, as far as this page goes down, of which only the hash is left: the relay was put back from a copy, and nobody kept
    /// the bytes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<u64>,
}
