//! What is said in conversations: written into the log before it is sent, taken from it when it comes, and judged on the way.
//!
//! The one invariant: only what was verified, at its place, reaches the log; everything that is shown is derived from there, by the same
//! code for what was sent and what was received.

mod ahead;
mod judge;
mod missing;
mod outbox;
mod say;
mod take;
mod take_over;
mod withdraw;

pub(crate) use ahead::dated_ahead;
pub(crate) use outbox::{header, pump};
pub(crate) use say::{enqueue, may_post, queue};
pub(crate) use take::{refers_to_news, replay, retry_held, show_lost, take};
pub(crate) use withdraw::{not_waiting, withdraw};

use async_trait::async_trait;
use bezel_protocol::content::Content;

use crate::cache::Connection;
use crate::cache::confirmations::Confirmation;
use crate::cache::log::Row;
use crate::change::Change;
use crate::error::Result;
use crate::member::Member;

/// Why a message is not believed, in a sentence for people.
pub(crate) type Problem = String;

/// What is derived from the log. Implemented where the kinds of content are known.
#[async_trait]
pub(crate) trait Projections: Send + Sync {
    /// The number of the rules; it rises whenever they read more of a content than before.
    fn version(&self) -> u32;

    /// Whether the author of a message may say this, in this conversation, with this role.
    async fn judge(&self, member: &Member, db: &mut Connection, row: &Row, content: &Content) -> Result<Option<Problem>>;

    /// Writes what follows from a message, in the caller's transaction. Done again it changes nothing more, but for the place that the
    /// message got meanwhile.
    async fn apply(&self, member: &Member, db: &mut Connection, row: &Row, content: &Content) -> Result<Vec<Change>>;

    /// Forgets what follows from all messages, so that it can be made again.
    async fn forget(&self, member: &Member, db: &mut Connection) -> Result<()>;
}

/// The content of a message of the log. What can't be read is kept whole and shown as of a newer version.
pub(crate) fn content_of(bytes: &[u8]) -> Content {
    Content::decode(bytes).unwrap_or_else(|_| Content::Unknown { kind: "unreadable".into(), is_silent: false, bytes: bytes.to_vec() })
}

/// What the author of a message says by it about the log.
const fn confirmed(row: &Row) -> Confirmation {
    Confirmation { device: row.device, sequence: row.seen, at_ms: row.sent_at_ms }
}
