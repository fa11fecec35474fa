//! Ids of files and calls say where they were made, and by which device: they are known by their id alone, so nobody else may take one first.

use sha2::{Digest as _, Sha256};

use crate::{CallId, ConversationId, DeviceId, FileId};

/// Half of an id is random; the other half follows from it, the conversation and the device.
fn bound(label: &[u8], conversation: ConversationId, device: DeviceId, random: [u8; 8]) -> [u8; 16] {
    let hash = Sha256::new()
        .chain_update(label)
        .chain_update(conversation.as_bytes())
        .chain_update(device.as_bytes())
        .chain_update(random)
        .finalize();
    let mut id = [0; 16];
    let (first, second) = id.split_at_mut(8);
    first.copy_from_slice(&random);
    second.copy_from_slice(hash.split_at(8).0);
    id
}

fn random_of(id: &[u8; 16]) -> [u8; 8] {
    let [a, b, c, d, e, f, g, h, ..] = *id;
    [a, b, c, d, e, f, g, h]
}

impl FileId {
    /// The id of a file that a device sends into a conversation.
    #[must_use]
    pub fn of(conversation: ConversationId, device: DeviceId, random: [u8; 8]) -> Self {
        Self::from_bytes(bound(b"bezel/file-id", conversation, device, random))
    }

    /// Whether the device made it, for the conversation.
    #[must_use]
    pub fn is_of(&self, conversation: ConversationId, device: DeviceId) -> bool {
        Self::of(conversation, device, random_of(self.as_bytes())) == *self
    }
}

impl CallId {
    /// The id of a call that a device begins in a conversation.
    #[must_use]
    pub fn of(conversation: ConversationId, device: DeviceId, random: [u8; 8]) -> Self {
        Self::from_bytes(bound(b"bezel/call-id", conversation, device, random))
    }

    /// Whether the device made it, for the conversation.
    #[must_use]
    pub fn is_of(&self, conversation: ConversationId, device: DeviceId) -> bool {
        Self::of(conversation, device, random_of(self.as_bytes())) == *self
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_id_is_of_its_device_and_conversation_alone(conversation: [u8; 16], device: [u8; 16], other: [u8; 16], random: [u8; 8]) {
            prop_assume!(conversation != other && device != other);
            let (conversation, device) = (ConversationId::from_bytes(conversation), DeviceId::from_bytes(device));
            let file = FileId::of(conversation, device, random);
            prop_assert!(file.is_of(conversation, device));
            prop_assert!(!file.is_of(ConversationId::from_bytes(other), device));
            prop_assert!(!file.is_of(conversation, DeviceId::from_bytes(other)));
            prop_assert!(!CallId::from_bytes(*file.as_bytes()).is_of(conversation, device), "nor is it another kind of thing");
        }
    }
}
