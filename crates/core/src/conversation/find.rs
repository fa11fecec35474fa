//! Conversations by their titles.

use bezel_protocol::ConversationId;

use super::list::{ConversationSummary, list};
use crate::cache;
use crate::error::{Error, Result};
use crate::member::Member;
use crate::search::{Needle, Rank};

/// Conversations with `typed` in their titles: those with the same title first, then those that begin so.
///
/// # Errors
/// When the local database fails.
pub async fn find(member: &Member, typed: &str) -> Result<Vec<ConversationSummary>> {
    let all = list(member).await?;
    let Some(needle) = Needle::new(typed) else { return Ok(all) };
    let mut found: Vec<(Rank, ConversationSummary)> = all.into_iter().filter_map(|each| Some((needle.rank(&each.title)?, each))).collect();
    found.sort_by_key(|(rank, _)| *rank);
    Ok(found.into_iter().map(|(_, each)| each).collect())
}

/// The conversation that a person names by its id, or by a title that no other one has.
///
/// # Errors
/// When no conversation is called so, or more than one.
pub async fn named(member: &Member, name: &str) -> Result<ConversationId> {
    if let Ok(id) = name.trim().parse() {
        return Ok(id);
    }
    let all = cache::conversations::all(&mut *member.cache.read().await?).await?;
    let needle = Needle::new(name);
    let is_called_so = |title: &str| needle.as_ref().is_some_and(|needle| needle.rank(title) == Some(Rank::Whole));
    let mut called = all.iter().filter(|each| is_called_so(&each.title));
    match (called.next(), called.next()) {
        (Some(one), None) => Ok(one.id),
        (None, _) => Err(Error::new(
            "no_conversation",
            format!("No conversation is called {name:?}."),
            "List the conversations: bezel conversation list.",
        )),
        (Some(_), Some(_)) => Err(Error::new(
            "ambiguous_title",
            format!("More than one conversation is called {name:?}."),
            "Name it by its id: bezel conversation list shows it.",
        )),
    }
}
