//! One round: everything that the relay has comes in, everything that waits goes out.

use std::collections::BTreeSet;

use bezel_protocol::ConversationId;
use bezel_protocol::wire::{ConversationHead, Heads, SignedCheckpoint, path};

use super::backfill::backfill;
use super::connection::{self, ConnectionState};
use crate::cache::gaps::{self, Gap};
use crate::change::Change;
use crate::error::{Class, Error, Result};
use crate::member::Member;
use crate::{cache, group, message, roster};

/// Synchronises once.
///
/// # Errors
/// When the relay can't be reached, or says something that can't be true.
pub async fn once(member: &Member) -> Result<()> {
    let _work = member.work.lock().await;
    let done = round(member).await;
    connection::set(
        member,
        match &done {
            Err(error) if error.class == Class::Offline => ConnectionState::Offline { detail: error.message.clone() },
            Ok(()) | Err(_) => ConnectionState::Online,
        },
    );
    done
}

async fn round(member: &Member) -> Result<()> {
    let mut heads: Heads = member.client.get(path::HEADS).await?;
    if heads.roster != member.roster().head() {
        roster::fetch(member).await?;
    }
    if let Some(checkpoint) = &heads.audit {
        believe_checkpoint(member, checkpoint).await?;
    }
    if heads.welcomes > 0 {
        group::take_welcomes(member).await?;
        heads = member.client.get(path::HEADS).await?;
    }
    for head in &heads.conversations {
        take_head(member, head).await?;
    }
    notice_removals(member, &heads.conversations).await?;
    if message::retry_held(member).await? {
        member.changed([Change::Conversations, Change::Calls]);
    }
    backfill(member).await?;
    group::keep_locked(member).await?;
    message::pump(member).await?;
    backfill(member).await?;
    group::top_up_key_packages(member).await
}

/// Brings a conversation's group up to date and notes which messages are missing.
async fn take_head(member: &Member, head: &ConversationHead) -> Result<()> {
    let id = head.conversation;
    let known = cache::conversations::get(&mut *member.cache.read().await?, id).await?;
    let Some(known) = known.filter(|known| known.removed_at_ms.is_none()) else {
        return match group::rejoin(member, id).await {
            Err(error) if error.class == Class::Offline => Err(error),
            Err(error) => {
                tracing::warn!(code = error.code, "a conversation could not be rejoined");
                Ok(())
            }
            Ok(()) => Ok(()),
        };
    };
    if head.epoch > known.epoch {
        match group::catch_up(member, id).await {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(error) if error.class == Class::Offline => return Err(error),
            Err(error) => member.raise_alarm(&error).await?,
        }
    }
    if head.last_sequence > known.last_sequence {
        let mut tx = member.cache.begin().await?;
        gaps::open(&mut tx, id, Gap { first: known.last_sequence + 1, last: head.last_sequence }).await?;
        cache::conversations::set_last_sequence(&mut tx, id, head.last_sequence).await?;
        tx.commit().await?;
    } else if head.last_sequence < known.last_sequence {
        let error = Error::unverifiable(
            "log_truncated",
            "The relay has lost messages that it had stored before.",
            "Your copy is still here. Speak with whoever runs the relay before you go on.",
        );
        member.raise_alarm(&error).await?;
    }
    Ok(())
}

/// What is here and not in the heads is a conversation from which this member was removed.
async fn notice_removals(member: &Member, heads: &[ConversationHead]) -> Result<()> {
    let there: BTreeSet<ConversationId> = heads.iter().map(|head| head.conversation).collect();
    let here = cache::conversations::all(&mut *member.cache.read().await?).await?;
    for conversation in here.iter().filter(|known| known.removed_at_ms.is_none() && !there.contains(&known.id)) {
        group::catch_up(member, conversation.id).await?;
    }
    Ok(())
}

/// A checkpoint of the relay's audit log must be by the relay's key, and the log must never shrink or change.
async fn believe_checkpoint(member: &Member, checkpoint: &SignedCheckpoint) -> Result<()> {
    let message = SignedCheckpoint::to_be_signed(checkpoint.entries, checkpoint.head, checkpoint.at_ms);
    let is_signed = member.profile().relay_key.verify(&message, &checkpoint.signature.0).is_ok();
    let mut tx = member.cache.begin().await?;
    let before = cache::alarms::checkpoint(&mut tx).await?;
    let head = checkpoint.head.as_bytes().as_slice();
    let follows = before.is_none_or(|(entries, known)| checkpoint.entries > entries || (checkpoint.entries == entries && known == head));
    if is_signed && follows {
        cache::alarms::keep_checkpoint(&mut tx, checkpoint.entries, head).await?;
        tx.commit().await?;
        return Ok(());
    }
    tx.rollback().await?;
    let error = Error::unverifiable(
        "audit_rewritten",
        "The relay's audit log was rewritten, or its checkpoint is not signed by the relay.",
        "Export the audit log and have it verified; speak with whoever runs the relay.",
    );
    member.raise_alarm(&error).await
}
