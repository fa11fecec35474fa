//! One round: everything that the relay has comes in, everything that waits goes out.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use bezel_protocol::ConversationId;
use bezel_protocol::envelope::RosterHead;
use bezel_protocol::log::SignedHead;
use bezel_protocol::wire::{Heads, code, path};

use super::audit::follow_audit;
use super::backfill::backfill;
use super::connection::{self, ConnectionState};
use crate::alarm::Cause;
use crate::error::{Class, Error, Result};
use crate::member::Member;
use crate::relay::RelayError;
use crate::{cache, conversation, device, group, heal, keys, log, roster, vault};

/// Synchronises once.
///
/// # Errors
/// When the relay can't be reached, or says something that can't be true.
pub async fn once(member: &Member) -> Result<()> {
    let _work = member.work.lock().await;
    let mut done = round(member).await;
    if let Err(error) = &done {
        match device::goes_on(member, error).await {
            Ok(true) => done = round(member).await,
            Ok(false) => {}
            Err(error) => done = Err(error),
        }
    }
    connection::set(member, ConnectionState::after(&done));
    done
}

async fn round(member: &Member) -> Result<()> {
    member.copied.refuse()?;
    let mut heads = match ask_heads(member).await {
        Err(error) if error.is(code::LAPSED) => {
            keys::renew_lapsed(member).await?;
            ask_heads(member).await?
        }
        Err(error) if error.is(code::UNAUTHENTICATED) && heal::roster_from_outside(member).await? => ask_heads(member).await?,
        answer => answer?,
    };
    heal::begins(member, &heads).await?;
    if bring_back_roster(member, heads.roster).await? != heads.roster {
        heads = ask_heads(member).await?;
    }
    heal::redo(member).await?;
    if heads.roster != member.roster().head() {
        roster::fetch(member).await?;
    }
    follow_audit(member, heads.audit.as_ref()).await?;
    vault::check_on_relay(member).await?;
    if heads.welcomes > 0 {
        group::take_welcomes(member, heads.welcomes).await?;
        heads = ask_heads(member).await?;
    }
    let mut faults = Faults::default();
    let healing = cache::healing::all(&mut *member.cache.read().await?).await?;
    for conversation in &healing {
        faults.note(member, Cause::conversation(*conversation), heal::log(member, *conversation).await).await?;
    }
    for head in heads.conversations.iter().filter(|head| !healing.contains(&head.conversation)) {
        faults.note(member, Cause::conversation(head.conversation), take_head(member, head).await).await?;
    }
    for lost in &heads.lost {
        faults.note(member, Cause::conversation(*lost), heal::answer(member, *lost).await).await?;
    }
    for gone in gone(member, &heads.conversations).await?.into_iter().filter(|gone| !healing.contains(gone)) {
        faults.note(member, Cause::conversation(gone), group::catch_up(member, gone, None).await.map(drop)).await?;
    }
    log::retry_held(member).await?;
    backfill(member, &mut faults).await?;
    // What the former leaf could read has come: from here on it is read by the new one.
    for former in group::with_former_leaf(member).await? {
        faults.note(member, Cause::conversation(former), group::rejoin(member, former).await).await?;
    }
    prune(member).await?;
    faults.keep(group::keep_locked(member).await)?;
    conversation::describe_again(member).await?;
    faults.keep(log::pump(member).await)?;
    group::top_up_key_packages(member).await?;
    faults.first()
}

async fn ask_heads(member: &Member) -> core::result::Result<Heads, RelayError> {
    member.client.get(&format!("{}?roster={}", path::HEADS, member.roster().head().sequence)).await
}

/// Where the relay may have lost statements, they are brought back. A relay that says nothing of a copy, or takes none, gets none: what its
/// roster lacks is then told as ever.
async fn bring_back_roster(member: &Member, head: RosterHead) -> Result<RosterHead> {
    match heal::roster(member, head).await {
        Err(error) if error.class != Class::Offline => Ok(head),
        other => other,
    }
}

/// The bytes of entries are looked through so often.
const PRUNE_EVERY_MS: i64 = 60 * 60 * 1000;

/// Deletes the bytes of entries that are too old or too many.
async fn prune(member: &Member) -> Result<()> {
    let now_ms = member.now_ms();
    if now_ms.saturating_sub(member.entries_pruned_at_ms.load(Ordering::Relaxed)) < PRUNE_EVERY_MS {
        return Ok(());
    }
    let mut tx = member.cache.begin().await?;
    cache::entries::prune(&mut tx, now_ms, cache::entries::MAX_BYTES).await?;
    tx.commit().await?;
    member.entries_pruned_at_ms.store(now_ms, Ordering::Relaxed);
    Ok(())
}

/// What went wrong in single conversations: it stops no other, and the first of it is told at the end.
#[derive(Default)]
pub(super) struct Faults(Option<Error>);

impl Faults {
    /// Notes the outcome of a step in one conversation. What can't be verified is an alarm.
    ///
    /// # Errors
    /// When the relay can't be reached, or this computer's disk refuses: that ends the round.
    pub(super) async fn note(&mut self, member: &Member, cause: Cause, outcome: Result<()>) -> Result<()> {
        if let Err(error) = &outcome
            && error.class == Class::Unverifiable
        {
            member.raise_alarm(error, cause).await?;
        }
        self.keep(outcome)
    }

    /// Notes the outcome of a step in all conversations, which raises its alarms itself.
    ///
    /// # Errors
    /// As for [`Self::note`].
    pub(super) fn keep(&mut self, outcome: Result<()>) -> Result<()> {
        let Err(error) = outcome else { return Ok(()) };
        if matches!(error.class, Class::Offline | Class::Disk) {
            return Err(error);
        }
        // A relay that was put back from a copy takes new entries later.
        if error.code == "healing" {
            return Ok(());
        }
        tracing::warn!(code = error.code, "a step of the synchronisation failed in a conversation");
        self.0.get_or_insert(error);
        Ok(())
    }

    fn first(self) -> Result<()> {
        self.0.map_or(Ok(()), Err)
    }
}

/// Brings a conversation's log and group up to date.
async fn take_head(member: &Member, head: &SignedHead) -> Result<()> {
    let id = head.conversation;
    let known = cache::conversations::get(&mut *member.cache.read().await?, id).await?;
    if known.is_some_and(|known| known.removed_at_ms.is_none()) {
        return group::catch_up(member, id, Some(head)).await.map(drop);
    }
    // Who left comes back by a welcome alone: a relay that was put back from a copy may have lost the leave.
    if cache::leaves::standing(&mut *member.cache.read().await?, id).await?.contains(&member.user()) {
        return Ok(());
    }
    group::rejoin(member, id).await?;
    group::catch_up(member, id, None).await.map(drop)
}

/// What is here and not in the heads: conversations from which this member was removed.
async fn gone(member: &Member, heads: &[SignedHead]) -> Result<Vec<ConversationId>> {
    let there: BTreeSet<ConversationId> = heads.iter().map(|head| head.conversation).collect();
    let here = cache::conversations::all(&mut *member.cache.read().await?).await?;
    Ok(here.iter().filter(|known| known.removed_at_ms.is_none() && !there.contains(&known.id)).map(|known| known.id).collect())
}
