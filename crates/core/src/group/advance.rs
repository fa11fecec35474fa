//! Brings a group up to date with the commits that the relay accepted.

use bezel_crypto::group::{Applied, CommitHeader, Group, Judge};
use bezel_protocol::ConversationId;
use bezel_protocol::wire::{MemberRole, StoredCommit, code};

use super::{load, roster_as_of, store};
use crate::cache;
use crate::change::Change;
use crate::error::{Error, Result};
use crate::member::Member;
use crate::relay::RelayError;
use crate::roster;

/// Applies every commit that is not applied yet. Returns whether this member is still inside.
///
/// # Errors
/// When the relay can't be reached, or a commit is forged or forbidden: then nothing of it is applied.
pub(crate) async fn catch_up(member: &Member, conversation: ConversationId) -> Result<bool> {
    loop {
        let known = {
            let mut db = member.cache.read().await?;
            cache::conversations::get(&mut db, conversation).await?
        };
        let Some(known) = known.filter(|known| known.removed_at_ms.is_none()) else { return Ok(false) };
        let page = match member.client.commits(conversation, known.epoch).await {
            Err(RelayError::Refused(refusal)) if refusal.code == code::NOT_FOUND => {
                removed(member, conversation).await?;
                return Ok(false);
            }
            other => other?,
        };
        if page.commits.is_empty() {
            return Ok(true);
        }
        for commit in &page.commits {
            if !apply(member, conversation, commit).await? {
                return Ok(false);
            }
        }
    }
}

/// This member is not inside any more; what it could read so far stays readable.
pub(super) async fn removed(member: &Member, conversation: ConversationId) -> Result<()> {
    let mut tx = member.cache.begin().await?;
    cache::conversations::set_removed(&mut tx, conversation, Some(member.now_ms())).await?;
    cache::groups::delete(&mut tx, conversation).await?;
    tx.commit().await?;
    member.changed([Change::Conversations, Change::Conversation(conversation)]);
    Ok(())
}

async fn apply(member: &Member, conversation: ConversationId, commit: &StoredCommit) -> Result<bool> {
    let header = CommitHeader::parse(&commit.commit.0)?;
    if member.roster().hash_at(header.roster.sequence).is_none() {
        roster::fetch(member).await?;
    }
    let mut tx = member.cache.begin().await?;
    // A commit is judged by the roster of its own time: who was shut out later was right then.
    let before = cache::conversations::get(&mut tx, conversation).await?.map_or(0, |known| known.epoch);
    let floor = cache::epochs::get(&mut tx, conversation, before).await?.map_or(0, |epoch| epoch.roster);
    let as_of = header.roster.sequence.max(floor);
    let judge = Judge::new(roster_as_of(member, &mut tx, as_of).await?, commit.created_at_ms);
    let mut group = load(member, &mut tx, conversation, judge).await?;
    let applied = group.process(&commit.commit.0)?;
    if applied.removed_self {
        tx.rollback().await?;
        removed(member, conversation).await?;
        return Ok(false);
    }
    compare(&group, commit)?;
    store(&mut tx, &mut group, as_of, commit.created_at_ms, member.now_ms()).await?;
    tx.commit().await?;
    announce(member, conversation, &applied);
    Ok(true)
}

/// The relay's view of members and devices must be the group's: it enforces by it.
fn compare(group: &Group, commit: &StoredCommit) -> Result<()> {
    let members: Vec<MemberRole> = group.members()?.into_iter().map(|(user, role)| MemberRole { user, role }).collect();
    let devices: Vec<_> = group.devices()?.into_iter().map(|(_, device)| device).collect();
    let mut said = (commit.members.clone(), commit.devices.clone());
    said.0.sort_unstable();
    said.1.sort_unstable();
    if said == (members, devices) {
        return Ok(());
    }
    Err(Error::unverifiable(
        "members_mismatch",
        "What the relay was told about the conversation's members is not what its group says.",
        "Do not write here: speak with the conversation's owner outside Bezel.",
    ))
}

pub(super) fn announce(member: &Member, conversation: ConversationId, applied: &Applied) {
    tracing::info!(
        epoch = applied.epoch,
        added = applied.added.len(),
        removed = applied.removed.len(),
        own = applied.own,
        "a commit was applied"
    );
    member.changed([Change::Conversations, Change::Conversation(conversation)]);
}
