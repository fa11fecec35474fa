//! Fetches the messages that are missing, the newest of every conversation first.

use bezel_protocol::ConversationId;
use bezel_protocol::wire::MAX_PAGE;

use crate::cache::gaps;
use crate::change::Change;
use crate::error::{Error, Result};
use crate::member::Member;
use crate::relay::RelayError;
use crate::{cache, message, roster};

/// Fetches until nothing is missing: a page of each conversation, then the next of each.
///
/// # Errors
/// When the relay can't be reached, or hands out something else than was asked for.
pub(super) async fn backfill(member: &Member) -> Result<()> {
    loop {
        let conversations = cache::conversations::all(&mut *member.cache.read().await?).await?;
        let mut fetched = false;
        for conversation in conversations.iter().filter(|conversation| conversation.removed_at_ms.is_none()) {
            fetched |= page(member, conversation.id).await?;
        }
        if !fetched {
            return Ok(());
        }
    }
}

async fn page(member: &Member, id: ConversationId) -> Result<bool> {
    let Some(gap) = gaps::newest(&mut *member.cache.read().await?, id).await? else { return Ok(false) };
    let first = gap.first.max(gap.last.saturating_sub(u64::from(MAX_PAGE) - 1));
    let page = match member.client.messages(id, first, gap.last).await {
        // Removed meanwhile: the next round notices.
        Err(RelayError::Refused(refusal)) if refusal.code == bezel_protocol::wire::code::NOT_FOUND => return Ok(false),
        other => other?,
    };
    let expected = gap.last - first + 1;
    let in_place = page.messages.iter().all(|message| (first..=gap.last).contains(&message.sequence));
    let mut sequences: Vec<u64> = page.messages.iter().map(|message| message.sequence).collect();
    sequences.sort_unstable();
    sequences.dedup();
    if !in_place || sequences.len() as u64 != expected {
        let error = Error::unverifiable(
            "messages_withheld",
            "The relay does not hand out all messages of a conversation.",
            "Speak with whoever runs the relay; what came so far is here.",
        );
        member.raise_alarm(&error).await?;
        return Err(error);
    }
    if page.messages.iter().any(|message| refers_to_news(member, &message.envelope.0)) {
        roster::fetch(member).await?;
    }
    let mut tx = member.cache.begin().await?;
    let alarm = match cache::conversations::get(&mut tx, id).await? {
        Some(conversation) => message::receive(member, &mut tx, &conversation, &page.messages).await?,
        None => None,
    };
    gaps::close_from(&mut tx, id, gap, first).await?;
    tx.commit().await?;
    if let Some(alarm) = alarm {
        member.raise_alarm(&alarm).await?;
    }
    member.changed([Change::Messages(id), Change::Conversations, Change::Files, Change::Calls]);
    Ok(true)
}

/// Whether the sender knows more of the roster than is known here.
fn refers_to_news(member: &Member, envelope: &[u8]) -> bool {
    bezel_protocol::envelope::Envelope::parse(envelope)
        .is_ok_and(|envelope| envelope.header().roster.sequence > member.roster().head().sequence)
}
