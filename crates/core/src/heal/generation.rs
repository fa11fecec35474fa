//! Notices that the relay is in another life of its data.

use bezel_protocol::log::SignedHead;
use bezel_protocol::wire::{Heads, SignedGeneration};

use crate::alarm::Cause;
use crate::cache::entries::KEPT_MS;
use crate::cache::{self, Connection};
use crate::change::Change;
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::member::Member;

/// Looks in which life of its data the relay is. In another than the known one all is compared and asked again, and the loss is told once.
///
/// # Errors
/// When the relay did not sign it.
pub(crate) async fn begins(member: &Member, heads: &Heads) -> Result<()> {
    let SignedGeneration { generation, .. } = heads.generation;
    if !heads.generation.is_by(&member.profile().relay_key) {
        return Err(crate::spine::head_forged());
    }
    let mut tx = member.cache.begin().await?;
    cache::healing::set_first_generation(&mut tx, generation).await?;
    if cache::healing::generation(&mut tx).await? == Some(generation) {
        return tx.commit().await;
    }
    let loss = loss(&mut tx, &heads.conversations).await?;
    cache::healing::begin(&mut tx, generation, member.now_ms() - KEPT_MS).await?;
    cache::alarms::raise(&mut tx, &restored(loss), Cause::WORKSPACE, member.now_ms()).await?;
    tx.commit().await?;
    tracing::warn!("the relay was put back from a copy");
    member.changed([Change::Alarm, Change::Conversations]);
    Ok(())
}

/// What the relay lost of what is known here: how many entries, and the times between which they were stored.
struct Loss {
    entries: u64,
    after_ms: i64,
    until_ms: i64,
}

async fn loss(db: &mut Connection, heads: &[SignedHead]) -> Result<Loss> {
    let mut loss = Loss { entries: 0, after_ms: i64::MIN, until_ms: i64::MIN };
    for head in heads {
        let Some(known) = cache::conversations::get(db, head.conversation).await? else { continue };
        loss.entries += known.last.sequence.saturating_sub(head.place.sequence);
        for (sequence, time_ms) in [(head.place.sequence, &mut loss.after_ms), (known.last.sequence, &mut loss.until_ms)] {
            let entry = cache::spine::get(db, head.conversation, sequence).await?;
            *time_ms = (*time_ms).max(entry.map_or(i64::MIN, |entry| entry.stored_at_ms));
        }
    }
    Ok(loss)
}

fn restored(loss: Loss) -> Error {
    let what = if loss.entries == 0 {
        "This device knows of nothing that it lost.".to_owned()
    } else {
        let (after, until) = (Timestamp::from_ms(loss.after_ms.max(0)), Timestamp::from_ms(loss.until_ms.max(0)));
        format!(
            "It had lost {} entries that this device knows, stored after {} and until {}.",
            loss.entries,
            after.as_str(),
            until.as_str()
        )
    };
    Error::new(
        "relay_restored",
        format!("The relay was put back from a copy. {what}"),
        "Members bring back what they have. What nobody brings is marked “not on the relay”; whoever was removed since the copy was made is let in until somebody who knows it comes by.",
    )
}
