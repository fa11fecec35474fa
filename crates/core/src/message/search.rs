//! Search over everything that this member can read, as one types.

use serde::Serialize;
use ts_rs::TS;

use super::list::{MessageView, brought, view};
use crate::cache;
use crate::error::{Error, Result};
use crate::member::Member;
use crate::search::{NothingToFind, Query};

/// The most hits of one search.
const MAX_HITS: u32 = 200;

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

/// Finds messages that hold all the words of `query`; the last one may be a beginning. The newest first, then those that hold a single
/// word of four letters or more inside another: up to `limit` (at most 200), behind the first `skip`.
///
/// # Errors
/// When `query` holds no letter, digit or emoji, or the local database fails.
pub async fn search(member: &Member, query: &str, skip: u32, limit: u32) -> Result<Vec<SearchHit>> {
    let query = Query::parse(query).map_err(|NothingToFind| {
        Error::new("nothing_to_find", "There is nothing in this that can be searched for.", "Type at least one letter, digit or emoji.")
    })?;
    let mut db = member.cache.read().await?;
    let found = cache::messages::search(&mut db, &query, skip, limit.clamp(1, MAX_HITS)).await?;
    let roster = member.roster();
    let mut hits = Vec::with_capacity(found.len());
    for (message, conversation_title) in found {
        let brought = brought(member, &mut db, message.conversation, std::slice::from_ref(&message)).await?.pop().unwrap_or_default();
        let snippet = query.snippet(message.text.as_deref().unwrap_or_default());
        hits.push(SearchHit { message: view(member, &roster, &message, brought), conversation_title, snippet });
    }
    Ok(hits)
}
