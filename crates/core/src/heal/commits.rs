//! Commits that were verified here and that the healed log lacks: they are brought to a later place of it, as they were.

use bezel_protocol::ConversationId;
use bezel_protocol::wire::{Bytes, CommitAccepted, CommitAgain, code, path};

use crate::cache;
use crate::error::{Error, Result};
use crate::member::Member;
use crate::relay::RelayError;
use crate::spine;

/// A relay may say without end that it took one.
const MAX_STEPS: usize = 1000;

/// Finds the places of lost commits in the log, and brings those that are missing. Returns whether all have one.
///
/// # Errors
/// When the relay can't be reached, or the log goes on by another commit, or can't take one of them: this device does not go behind it.
pub(super) async fn find(member: &Member, conversation: ConversationId) -> Result<bool> {
    let mut overtaken_at = None;
    for _ in 0..MAX_STEPS {
        match spine::extend(member, conversation, None).await {
            // By the log that is there, this device is not in yet: the commit that adds it is among those that were lost.
            Err(error) if error.code == "not_found" => {}
            extended => drop(extended?),
        }
        let mut tx = member.cache.begin().await?;
        let here = cache::conversations::known(&mut tx, conversation).await?;
        let Some(lost) = cache::lost_commits::first(&mut tx, conversation).await? else { return Ok(true) };
        if let Some((place, entry)) = cache::spine::change_after(&mut tx, conversation, here.judged_sequence).await? {
            if entry.sha256 != lost.sha256 {
                return Err(commit_lost());
            }
            cache::lost_commits::found(&mut tx, conversation, &lost, place.sequence).await?;
            tx.commit().await?;
            continue;
        }
        drop(tx);
        let Some(entry) = lost.entry else { return Err(commit_lost()) };
        let body = CommitAgain { entry: Bytes(entry) };
        match member.client.post::<CommitAccepted>(&path::of(path::COMMIT_AGAIN, conversation), &body).await {
            Ok(_) => {}
            // Somebody else was faster, by this commit or another: the log says which.
            Err(error) if error.is(code::STALE_EPOCH) && overtaken_at != Some(here.last) => overtaken_at = Some(here.last),
            Err(error) if error.is(code::HEALING) => return Ok(false),
            Err(RelayError::Refused(refusal)) => {
                tracing::warn!(code = refusal.code, "a lost commit has no place in the healed log");
                return Err(commit_lost());
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(commit_lost())
}

pub(super) fn commit_lost() -> Error {
    Error::unverifiable(
        "commit_lost",
        "The relay was put back from a copy and has lost a change of this conversation's members or keys that this device verified.",
        "Nothing is sent there. Ask an owner of the conversation to synchronise; it then continues by itself. If it doesn't, start a new conversation.",
    )
}
