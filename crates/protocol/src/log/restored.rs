//! The entry by which a relay says that it was put back from a copy, and that it is healed up to here.

use super::SignedHead;
use crate::key::Ed25519PublicKey;
use crate::{ConversationId, cbor};

/// What a `restored` entry holds: the relay's signed word for the place before it, in the life of its data that goes on there. So no
/// member can make one up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored(SignedHead);

impl Restored {
    /// The entry behind a head.
    #[must_use]
    pub const fn new(before: SignedHead) -> Self {
        Self(before)
    }

    /// Its bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        cbor::encode(&self.0)
    }

    /// Reads what this relay wrote into the log of a conversation, and nothing else.
    #[must_use]
    pub fn parse(bytes: &[u8], conversation: ConversationId, relay: &Ed25519PublicKey) -> Option<Self> {
        let before: SignedHead = cbor::decode(bytes).ok()?;
        let is_written_so = cbor::encode(&before) == bytes;
        (is_written_so && before.conversation == conversation && before.is_by(relay)).then_some(Self(before))
    }

    /// The place before it, as it was signed.
    #[must_use]
    pub const fn before(&self) -> &SignedHead {
        &self.0
    }
}
