//! What heals after the relay was put back from a copy: logs of conversations, and rosters of workspaces.

use async_trait::async_trait;
use bezel_protocol::envelope::EnvelopeHeader;
use bezel_protocol::log::{Place, SpineEntry};
use bezel_protocol::wire::Bytes;
use bezel_protocol::{ConversationId, DeviceId, Hash, UserId, WorkspaceId};

use crate::store::{Caller, HealingLog, HealingState, JudgedCommit, Membership, NewGroup, StoreError};

/// Healing. Only for the relay itself: whoever offers may have lost the right to see what is healed.
#[async_trait]
pub trait Healing {
    /// Whether this data was copied, so that another generation must begin.
    async fn is_copy(&mut self) -> Result<bool, StoreError>;

    /// Marks this data as a copy.
    async fn mark_as_copy(&mut self) -> Result<(), StoreError>;

    /// Everything that is there heals, from the beginning: in another generation.
    async fn begin_healing(&mut self) -> Result<(), StoreError>;

    /// The logs and rosters that still take back what was lost.
    async fn open_healings(&mut self) -> Result<Vec<[u8; 16]>, StoreError>;

    /// How far the healing of a log or roster went; `None` where it was not there when this generation began.
    async fn healing(&mut self, subject: [u8; 16]) -> Result<Option<HealingState>, StoreError>;

    /// A device compared. Its user is who the roster says.
    async fn note_compared(&mut self, subject: [u8; 16], device: (DeviceId, UserId), follows: bool, now_ms: i64) -> Result<(), StoreError>;

    /// Whose devices compared, and whether each follows. Who came into the conversation since follows from there.
    async fn compared(&mut self, subject: [u8; 16]) -> Result<Vec<(DeviceId, UserId, bool)>, StoreError>;

    /// New entries are taken again: of a log, behind this place.
    async fn end_healing(&mut self, subject: [u8; 16], now_ms: i64, place: Option<Place>) -> Result<(), StoreError>;

    /// The log of a conversation of a workspace.
    async fn healing_log(&mut self, conversation: ConversationId, workspace: WorkspaceId) -> Result<Option<HealingLog>, StoreError>;

    /// Who is in it.
    async fn healing_members(&mut self, conversation: ConversationId) -> Result<Membership, StoreError>;

    /// The chain at a place of it.
    async fn chain_at(&mut self, conversation: ConversationId, sequence: u64) -> Result<Option<Hash>, StoreError>;

    /// Whether a message of the device of `header` bears its id or its counter.
    async fn is_message_taken(&mut self, header: &EnvelopeHeader) -> Result<bool, StoreError>;

    /// Appends an envelope that was judged.
    async fn put_back_envelope(
        &mut self,
        log: &HealingLog,
        entry: &SpineEntry,
        envelope: (&EnvelopeHeader, &[u8]),
    ) -> Result<Place, StoreError>;

    /// The group of a log as an observer sees it, and whether its group info is there.
    async fn healing_group(&mut self, conversation: ConversationId) -> Result<Option<(Vec<u8>, bool)>, StoreError>;

    /// Begins a conversation that was lost whole, in the name of its author; it heals from its first entry on.
    async fn put_back_conversation(&mut self, author: Caller, group: &NewGroup, stamp: (i64, u64)) -> Result<Place, StoreError>;

    /// Appends a commit that was judged, in the name of its author. `None` where that author is no member, or the epoch another one.
    async fn put_back_commit(
        &mut self,
        author: Caller,
        log: &HealingLog,
        commit: &JudgedCommit,
        stamp: (i64, u64),
    ) -> Result<Option<Place>, StoreError>;

    /// Appends a leave that was judged, with the group as it is seen then, in the name of who leaves. `None` as for a commit.
    async fn put_back_leave(
        &mut self,
        author: Caller,
        log: &HealingLog,
        leave: (&Bytes, &[u8]),
        stamp: (i64, u64),
    ) -> Result<Option<Place>, StoreError>;

    /// Keeps group info of an epoch where it is the newest and there is none. Returns whether it was kept.
    async fn put_group_info(&mut self, conversation: ConversationId, epoch: u64, group_info: &[u8]) -> Result<bool, StoreError>;

    /// Appends an entry that is kept with its bytes and is nobody's message, or of which only the hash is known.
    async fn put_back_entry(&mut self, log: &HealingLog, entry: &SpineEntry, bytes: Option<&[u8]>) -> Result<Place, StoreError>;

    /// From here on entries are taken back on trial.
    async fn begin_trial(&mut self) -> Result<(), StoreError>;

    /// Ends the trial: keeps what was taken back in it, or not.
    async fn end_trial(&mut self, keep: bool) -> Result<(), StoreError>;
}
