//! Search over everything that this member can read, as one types.

use serde::Serialize;
use ts_rs::TS;

use super::list::{MessageView, brought, view};
use crate::cache;
use crate::error::Result;
use crate::member::Member;

/// A message that was found.
#[derive(Debug, Clone, Serialize, TS)]
pub struct SearchHit {
    /// The message.
    pub message: MessageView,
    /// Where it was found.
    pub conversation_title: String,
    /// The words around the match, which stands between U+0001 and U+0002.
    pub snippet: String,
}

/// Finds messages that hold all the words of `query`; the last one may be a beginning. The newest first.
///
/// # Errors
/// When the local database fails.
pub async fn search(member: &Member, query: &str, limit: u32) -> Result<Vec<SearchHit>> {
    let mut db = member.cache.read().await?;
    let found = cache::messages::search(&mut db, query, limit.clamp(1, 200)).await?;
    let roster = member.roster();
    let mut hits = Vec::with_capacity(found.len());
    for (message, conversation_title, snippet) in found {
        let brought = brought(member, &mut db, &roster, &message).await?;
        hits.push(SearchHit { message: view(member, &roster, &message, brought), conversation_title, snippet });
    }
    Ok(hits)
}
