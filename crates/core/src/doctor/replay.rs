//! Makes again what is derived from the log, where a screen shows less than was said.

use serde::Serialize;
use ts_rs::TS;

use crate::change::Change;
use crate::error::Result;
use crate::log;
use crate::member::Member;

/// What was made again.
#[derive(Debug, Clone, Copy, Serialize, TS)]
pub struct Replayed {
    /// How many messages of the log were read.
    #[ts(type = "number")]
    pub messages: u64,
}

/// Drops what is derived from the log (threads, titles, files, receipts, what search finds), and makes it again from there.
///
/// # Errors
/// When the local database fails; the next call goes on from what the log holds.
pub async fn replay(member: &Member) -> Result<Replayed> {
    let _work = member.work.lock().await;
    let messages = log::replay(member, true).await?;
    member.changed([Change::Conversations, Change::Files, Change::Calls]);
    Ok(Replayed { messages })
}
