//! Changes a group: build, keep, upload, apply where the log holds it; whoever loses the race takes the winner and tries again.

use bezel_crypto::Rng as _;
use bezel_crypto::group::{Change, Group, NewCommit};
use bezel_protocol::log::{EntryKind, Place};
use bezel_protocol::wire::{self, Bytes, CommitAccepted, NewConversation, WelcomeUpload, code, path};
use bezel_protocol::{ConversationId, Hash, Suite};

use super::advance::catch_up;
use super::join::rejoin;
use super::{Began, is_former, judge, load, no_longer_member, own_certificate, store, withheld};
use crate::cache;
use crate::cache::conversations::Conversation;
use crate::change::Change as Changed;
use crate::error::{Error, Result};
use crate::member::Member;
use crate::relay::RelayError;
use crate::{roster, spine};

/// How often a lost race is run again.
const ATTEMPTS: usize = 16;

/// What became of a commit that was sent.
enum Outcome {
    /// It began this epoch.
    Accepted(u64),
    /// Another was faster, or the roster has grown.
    Stale,
}

/// Carries out what `describe` asks of the group as it then is. `None` means that nothing is left to do.
///
/// # Errors
/// When the rules forbid it, this member is no longer inside, or the relay can't be reached.
pub(crate) async fn change<'a>(
    member: &Member,
    conversation: ConversationId,
    describe: impl Fn(&Group) -> Result<Option<Change<'a>>>,
) -> Result<u64> {
    if cache::healing::heals(&mut *member.cache.read().await?, conversation).await? {
        return Err(spine::healing());
    }
    change_healed(member, conversation, describe).await
}

/// The same, where this device has still to say what the relay lost of the conversation.
///
/// # Errors
/// As for [`change`].
pub(crate) async fn change_healed<'a>(
    member: &Member,
    conversation: ConversationId,
    describe: impl Fn(&Group) -> Result<Option<Change<'a>>>,
) -> Result<u64> {
    for _ in 0..ATTEMPTS {
        if !catch_up(member, conversation, None).await? {
            return Err(no_longer_member());
        }
        member.copied.refuse()?;
        if is_former(member, &mut *member.cache.read().await?, conversation).await? {
            rejoin(member, conversation).await?;
        }
        let mut tx = member.cache.begin().await?;
        let group = load(&mut tx, conversation, judge(member)).await?;
        // What has no answer yet may be on its way: it is the same bytes that are sent again.
        if let Some(upload) = cache::pending::unanswered(&mut tx, conversation, group.epoch()).await? {
            drop(tx);
            send(member, conversation, &upload).await?;
            continue;
        }
        let Some(change) = describe(&group)? else { return Ok(group.epoch()) };
        let seen = spine::seen(&mut tx, conversation).await?;
        let commit = group.commit(change, &member.device_keys(), seen)?;
        let upload = wire(&commit);
        cache::pending::put(&mut tx, conversation, commit.epoch, &upload, &commit.secrets).await?;
        tx.commit().await?;
        if let Outcome::Accepted(epoch) = send(member, conversation, &upload).await? {
            return Ok(epoch);
        }
    }
    Err(Error::refused("stale_epoch", "Others kept changing the conversation at the same moment.", "Try again."))
}

async fn send(member: &Member, conversation: ConversationId, upload: &wire::CommitUpload) -> Result<Outcome> {
    let sha256 = Hash::of(upload.entry.as_ref());
    let answer = member.client.post::<CommitAccepted>(&path::of(path::COMMITS, conversation), upload).await;
    let error = match answer {
        Ok(accepted) => return accepted_at(member, conversation, sha256, &accepted).await.map(Outcome::Accepted),
        Err(error) => error,
    };
    if let RelayError::Refused(refusal) = &error {
        // A relay that is behind, or full, has not judged it.
        if ![code::AHEAD, code::FORKED, code::NO_ROOM, code::INTERNAL, code::TOO_MANY, code::UNAUTHENTICATED]
            .contains(&refusal.code.as_str())
        {
            let mut tx = member.cache.begin().await?;
            cache::pending::set_refused(&mut tx, conversation, sha256).await?;
            tx.commit().await?;
        }
    }
    if error.is(code::STALE_ROSTER) {
        roster::fetch(member).await?;
    }
    if error.is(code::STALE_EPOCH) || error.is(code::STALE_ROSTER) { Ok(Outcome::Stale) } else { Err(error.into()) }
}

/// The relay took the commit: it is applied where the log holds it.
async fn accepted_at(member: &Member, conversation: ConversationId, sha256: Hash, accepted: &CommitAccepted) -> Result<u64> {
    catch_up(member, conversation, None).await?;
    let mut db = member.cache.read().await?;
    let entry = cache::spine::get(&mut db, conversation, accepted.place.sequence).await?;
    if entry.map(|entry| (entry.kind, entry.sha256)) != Some((EntryKind::Commit, sha256)) {
        return Err(withheld());
    }
    Ok(accepted.epoch)
}

/// Begins a conversation with this device alone in it. Its id follows from its first entry.
///
/// # Errors
/// When this member may not, or the relay can't be reached.
pub(crate) async fn begin(member: &Member, suite: Suite, title: &str) -> Result<ConversationId> {
    member.copied.refuse()?;
    let certificate = own_certificate(member)?;
    let mut random = [0; 32];
    member.rng().fill(&mut random).map_err(|error| Error::new("random", format!("{error}."), "Start again."))?;
    let (mut group, begin) = Group::create(&random, suite, &member.device_keys(), &certificate, judge(member))?;
    let (conversation, begin) = (group.conversation(), begin.encode());
    member.client.post::<()>(path::CONVERSATIONS, &NewConversation { begin: Bytes(begin.clone()) }).await?;
    let now_ms = member.now_ms();
    let new = Conversation {
        id: conversation,
        suite,
        title: title.into(),
        epoch: group.epoch(),
        authenticator: group.epoch_authenticator()?,
        created_at_ms: now_ms,
        rotated_at_ms: now_ms,
        removed_at_ms: None,
        first_sequence: FIRST,
        last: Place::START,
        judged_sequence: 0,
        read_sequence: FIRST,
        updated_at_ms: now_ms,
    };
    let mut tx = member.cache.begin().await?;
    cache::conversations::insert(&mut tx, &new).await?;
    let began = Began { sequence: FIRST, roster: member.roster().head().sequence, at_ms: now_ms };
    store(&mut tx, &mut group, began, now_ms).await?;
    tx.commit().await?;
    member.changed([Changed::Conversations]);
    spine::extend(member, conversation, None).await?;
    let mut tx = member.cache.begin().await?;
    let first = cache::spine::get(&mut tx, conversation, FIRST).await?;
    let Some(first) = first.filter(|entry| (entry.kind, entry.sha256) == (EntryKind::Begin, Hash::of(&begin))) else {
        return Err(withheld());
    };
    cache::entries::keep(&mut tx, conversation, (FIRST, first.stored_at_ms), &begin).await?;
    tx.commit().await?;
    Ok(conversation)
}

/// The place of the entry by which a conversation begins.
const FIRST: u64 = 1;

/// A commit as it travels.
pub(super) fn wire(commit: &NewCommit) -> wire::CommitUpload {
    wire::CommitUpload {
        entry: Bytes(commit.entry.clone()),
        group_info: Bytes(commit.group_info.clone()),
        welcomes: commit
            .welcomes
            .iter()
            .map(|(device, welcome)| WelcomeUpload { device: *device, welcome: Bytes(welcome.clone()) })
            .collect(),
    }
}
