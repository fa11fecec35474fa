//! Which group of which conversation.

use bezel_protocol::ConversationId;

use crate::ObserveError;

/// The id of an MLS group: the conversation, and the epoch of the conversation with which the group begins. A conversation has one group at a
/// time; its epochs are counted on through all of them, so an epoch's number names the group as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupId {
    /// The conversation.
    pub conversation: ConversationId,
    /// The epoch of the conversation that is epoch 0 of the group.
    pub first_epoch: u64,
}

const BYTES: usize = 16 + 8;

impl GroupId {
    /// The first group of a conversation.
    #[must_use]
    pub const fn first(conversation: ConversationId) -> Self {
        Self { conversation, first_epoch: 0 }
    }

    /// The id as the library knows it.
    #[must_use]
    pub fn to_bytes(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(BYTES);
        bytes.extend_from_slice(self.conversation.as_bytes());
        bytes.extend_from_slice(&self.first_epoch.to_be_bytes());
        bytes
    }

    /// Reads an id.
    ///
    /// # Errors
    /// [`ObserveError::Malformed`] when it is none of ours.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, ObserveError> {
        let malformed = ObserveError::Malformed("group id");
        let Some((conversation, first_epoch)) = bytes.split_first_chunk::<16>() else { return Err(malformed) };
        let first_epoch = first_epoch.try_into().map(u64::from_be_bytes).ok().filter(|epoch| i64::try_from(*epoch).is_ok());
        first_epoch.map(|first_epoch| Self { conversation: ConversationId::from_bytes(*conversation), first_epoch }).ok_or(malformed)
    }

    /// The epoch of the conversation that is this epoch of the group.
    #[must_use]
    pub const fn epoch(self, of_group: u64) -> u64 {
        self.first_epoch.saturating_add(of_group)
    }
}
