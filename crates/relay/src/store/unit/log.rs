//! The logs of conversations, by their hashes.

use async_trait::async_trait;
use bezel_protocol::log::{Generation, Place, Spine};
use bezel_protocol::{ConversationId, Hash};

use crate::store::StoreError;

/// The logs of conversations of which the caller's user is a member, or the device was removed.
#[async_trait]
pub trait Logs {
    /// The chain at a place: of [`Place::START`], or of an entry that is there.
    async fn hash_at(&mut self, conversation: ConversationId, sequence: u64) -> Result<Option<Hash>, StoreError>;

    /// How far the caller may see a log: to its end where the user is a member, to the commit that removed the device where it was one.
    async fn log_reach(&mut self, conversation: ConversationId) -> Result<Option<u64>, StoreError>;

    /// The hashes of a stretch, from `first` on, at most `limit` entries, as far as the caller may see it.
    async fn spine(&mut self, conversation: ConversationId, first: u64, last: u64, limit: u32) -> Result<Spine, StoreError>;

    /// Where the log ends for the caller's device, and the epoch there: with the commit that removed it, where one did. `None` where it never
    /// was in the conversation.
    async fn log_head(&mut self, conversation: ConversationId) -> Result<Option<(Place, u64)>, StoreError>;

    /// The same for every conversation that the caller's device is in.
    async fn log_heads(&mut self) -> Result<Vec<(ConversationId, Place, u64)>, StoreError>;

    /// The life of this data that goes on now; `None` before the first. Anybody.
    async fn generation(&mut self) -> Result<Option<Generation>, StoreError>;

    /// Whether this data was never put back from a copy. Anybody.
    async fn is_first_generation(&mut self) -> Result<bool, StoreError>;

    /// Begins another life. Only the relay itself.
    async fn begin_generation(&mut self, generation: Generation) -> Result<(), StoreError>;
}
