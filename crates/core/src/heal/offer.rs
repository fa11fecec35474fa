//! Offers the relay the entries that it lost.

use bezel_protocol::ConversationId;
use bezel_protocol::log::{EntryKind, Generation, Place};
use bezel_protocol::wire::{Bytes, MAX_OFFERS, Offer, Offered, Offers, OffersTaken, path};

use crate::cache;
use crate::cache::entries::KEPT_MS;
use crate::error::Result;
use crate::member::Member;
use crate::relay::RelayError;

/// So many bytes are offered at once, unless the first entry alone has more.
const MAX_OFFER_BYTES: usize = 8 << 20;

/// Offers what follows the relay's head, as far as it is here. Returns whether the relay took something.
pub(super) async fn offer(member: &Member, conversation: ConversationId, generation: Generation, after: Place) -> Result<bool> {
    let entries = next(member, conversation, after).await?;
    if entries.is_empty() {
        return Ok(false);
    }
    let body = Offers { generation, after, entries };
    let answer: OffersTaken = match member.client.post(&path::of(path::OFFERS, conversation), &body).await {
        // It takes nothing back any more, or has another log than this device knows of.
        Err(RelayError::Refused(refusal)) => {
            tracing::info!(code = refusal.code, "the relay took back nothing");
            return Ok(false);
        }
        answer => answer?,
    };
    if let Some(refused) = &answer.refused {
        tracing::info!(code = refused.code, taken = answer.taken, "the relay did not take back all that was offered");
    }
    Ok(answer.taken > 0)
}

/// The entries behind a place: their bytes, or, where they are too old to be kept, their hash.
async fn next(member: &Member, conversation: ConversationId, after: Place) -> Result<Vec<Offer>> {
    let mut db = member.cache.read().await?;
    let stretch = cache::spine::stretch(&mut db, conversation, after.sequence + 1, MAX_OFFERS).await?;
    let (mut offers, mut size) = (Vec::with_capacity(stretch.len()), 0);
    for (place, entry) in stretch {
        let is_old = entry.kind == EntryKind::Envelope && member.now_ms().saturating_sub(entry.stored_at_ms) > KEPT_MS;
        let content = match cache::entries::get(&mut db, conversation, place.sequence).await? {
            Some(bytes) => Offered::Bytes(Bytes(bytes)),
            None if is_old => Offered::Hash(entry.sha256),
            None => break,
        };
        size += if let Offered::Bytes(bytes) = &content { bytes.0.len() } else { 0 };
        if size > MAX_OFFER_BYTES && !offers.is_empty() {
            break;
        }
        offers.push(Offer { kind: entry.kind, stored_at_ms: entry.stored_at_ms, roster: entry.roster, hash: place.hash, content });
    }
    Ok(offers)
}
