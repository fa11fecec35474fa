//! What an envelope binds together.

use serde::{Deserialize, Serialize};

use crate::{Algorithm, ConversationId, DeviceId, Hash, MessageId};

/// The newest roster statement that someone knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RosterHead {
    /// Its number; the genesis is 0.
    pub sequence: u64,
    /// SHA-256 of its signed bytes.
    pub hash: Hash,
}

/// The protected header: readable by the relay, changed by no one. It binds the ciphertext to its place, so that a dropped, reordered,
/// replayed or moved message is noticed and named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvelopeHeader {
    /// The algorithm of the content.
    pub algorithm: Algorithm,
    /// The conversation.
    pub conversation: ConversationId,
    /// The epoch whose key encrypts the content.
    pub epoch: u64,
    /// The device that signs.
    pub device: DeviceId,
    /// The message.
    pub message: MessageId,
    /// How many messages this device sent in this conversation before.
    pub counter: u64,
    /// When it was sent, milliseconds since the epoch, by the sender's clock.
    pub sent_at_ms: i64,
    /// SHA-256 of the envelope of this device's message before, in this conversation; zero for the first.
    pub previous: Hash,
    /// The roster as the sender knows it.
    pub roster: RosterHead,
    /// SHA-256 of the epoch authenticator (RFC 9420 §8.7): the sender's view of the group.
    pub epoch_authenticator: Hash,
}
