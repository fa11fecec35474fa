//! Conversations: their members, their commits, the welcomes into them.

use async_trait::async_trait;
use bezel_protocol::wire::{CommitUpload, ConversationHead, GroupState, NewConversation, StoredCommit, Welcome};
use bezel_protocol::{ConversationId, DeviceId, UserId};

use crate::store::{Conversation, Membership, StoreError};

/// Conversations. Every method is for devices; others get [`StoreError::WrongCaller`].
#[async_trait]
pub trait Conversations {
    /// Whether a conversation with this id exists, for whomever.
    async fn is_conversation(&mut self, conversation: ConversationId) -> Result<bool, StoreError>;

    /// Begins a conversation in epoch 0, with the caller as its owner and the caller's device alone.
    async fn insert_conversation(&mut self, new: &NewConversation, now_ms: i64) -> Result<(), StoreError>;

    /// A conversation that the caller's device is in.
    async fn conversation(&mut self, conversation: ConversationId) -> Result<Option<Conversation>, StoreError>;

    /// The same for a device that has no leaf (any more) but whose user is a member: it may come back.
    async fn conversation_of_member(&mut self, conversation: ConversationId) -> Result<Option<Conversation>, StoreError>;

    /// Every conversation that the caller's device is in.
    async fn heads(&mut self) -> Result<Vec<ConversationHead>, StoreError>;

    /// Who is in a conversation of which the caller's user is a member; nobody in any other.
    async fn membership(&mut self, conversation: ConversationId) -> Result<Membership, StoreError>;

    /// Applies a commit that was authorised: the log, the newest group, the members, the welcomes. Returns whether the conversation was
    /// still in the epoch of `conversation` and the caller's user a member of it; if not, nothing was done.
    async fn apply_commit(
        &mut self,
        conversation: &Conversation,
        upload: &CommitUpload,
        before: &Membership,
        devices: &[(DeviceId, UserId)],
        now_ms: i64,
    ) -> Result<bool, StoreError>;

    /// Commits from an epoch on, in order: at most `limit` of them, and no more than `max_bytes` of commits but for the first.
    async fn commits(
        &mut self,
        conversation: ConversationId,
        from: u64,
        limit: u32,
        max_bytes: usize,
    ) -> Result<Vec<StoredCommit>, StoreError>;

    /// The newest group info and tree of a conversation of which the caller's user is a member.
    async fn group_state(&mut self, conversation: ConversationId) -> Result<Option<GroupState>, StoreError>;

    /// Welcomes that wait for the caller's device, the oldest first.
    async fn welcomes(&mut self) -> Result<Vec<Welcome>, StoreError>;

    /// How many welcomes wait for the caller's device.
    async fn count_welcomes(&mut self) -> Result<u64, StoreError>;

    /// The caller's device took a welcome.
    async fn delete_welcome(&mut self, conversation: ConversationId) -> Result<(), StoreError>;
}
