//! Conversations: their members, their commits, the welcomes into them.

use async_trait::async_trait;
use bezel_protocol::ConversationId;
use bezel_protocol::log::Place;
use bezel_protocol::wire::{Bytes, GroupState, StoredCommit, StoredLeave, Welcome};

use crate::store::{Committed, Conversation, JudgedCommit, Membership, NewGroup, StoreError};

/// Conversations. Every method is for devices; others get [`StoreError::WrongCaller`].
#[async_trait]
pub trait Conversations {
    /// Whether a conversation with this id exists, for whomever.
    async fn is_conversation(&mut self, conversation: ConversationId) -> Result<bool, StoreError>;

    /// Begins a conversation in epoch 0, with the caller as its owner and the caller's device alone. Returns the place of its first entry.
    async fn insert_conversation(&mut self, new: &NewGroup, (now_ms, roster): (i64, u64)) -> Result<Place, StoreError>;

    /// A conversation that the caller's device is in.
    async fn conversation(&mut self, conversation: ConversationId) -> Result<Option<Conversation>, StoreError>;

    /// The same for a device that has no leaf (any more) but whose user is a member: it may come back.
    async fn conversation_of_member(&mut self, conversation: ConversationId) -> Result<Option<Conversation>, StoreError>;

    /// Who is in a conversation of which the caller's user is a member; nobody in any other.
    async fn membership(&mut self, conversation: ConversationId) -> Result<Membership, StoreError>;

    /// The group of the newest epoch as an observer sees it, of a conversation of which the caller's user is a member.
    async fn observer(&mut self, conversation: ConversationId) -> Result<Option<Vec<u8>>, StoreError>;

    /// How many commits of a conversation the caller's device has made from a time on.
    async fn count_commits(&mut self, conversation: ConversationId, from_ms: i64) -> Result<u64, StoreError>;

    /// Applies a commit that was judged as of `conversation`: the log, the newest group, the members, the welcomes. Where it does not follow
    /// any more, or somebody has left since, nothing is done.
    async fn apply_commit(
        &mut self,
        conversation: &Conversation,
        commit: &JudgedCommit,
        (now_ms, roster): (i64, u64),
    ) -> Result<Committed, StoreError>;

    /// The caller's user leaves, by an entry that was judged as of `conversation`; `observer` is the group as it is seen then. The user's devices
    /// see the log up to it.
    async fn apply_leave(
        &mut self,
        conversation: &Conversation,
        entry: &Bytes,
        observer: &[u8],
        (now_ms, roster): (i64, u64),
    ) -> Result<Committed, StoreError>;

    /// The entries behind place `after` and up to place `to` by which users left, in order.
    async fn leaves(&mut self, conversation: ConversationId, (after, to): (u64, u64), limit: u32) -> Result<Vec<StoredLeave>, StoreError>;

    /// The first entry of a log that the caller may see.
    async fn begin_entry(&mut self, conversation: ConversationId) -> Result<Option<Bytes>, StoreError>;

    /// Commits from an epoch on and up to place `to`, in order: at most `limit` of them, and no more than `max_bytes` of commits but for the
    /// first.
    async fn commits(
        &mut self,
        conversation: ConversationId,
        (from, to): (u64, u64),
        limit: u32,
        max_bytes: usize,
    ) -> Result<Vec<StoredCommit>, StoreError>;

    /// The newest group info of a conversation of which the caller's user is a member.
    async fn group_state(&mut self, conversation: ConversationId) -> Result<Option<GroupState>, StoreError>;

    /// Welcomes that wait for the caller's device, the oldest first: at most `limit` of them, and no more than `max_bytes` but for the first.
    async fn welcomes(&mut self, limit: u32, max_bytes: usize) -> Result<Vec<Welcome>, StoreError>;

    /// How many welcomes wait for the caller's device.
    async fn count_welcomes(&mut self) -> Result<u64, StoreError>;

    /// The caller's device took a welcome.
    async fn delete_welcome(&mut self, conversation: ConversationId) -> Result<(), StoreError>;
}
