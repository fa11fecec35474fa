//! Changes a group: build, upload, apply on acceptance; whoever loses the race takes the winner and tries again.

use bezel_crypto::group::{Change, CommitUpload, Group};
use bezel_protocol::wire::{self, Bytes, CommitAccepted, MemberRole, NewConversation, WelcomeUpload, code, path};
use bezel_protocol::{ConversationId, Suite};

use super::advance::{announce, catch_up};
use super::{judge, load, no_longer_member, own_certificate, store};
use crate::cache::conversations::Conversation;
use crate::cache::{self};
use crate::change::Change as Changed;
use crate::error::{Error, Result};
use crate::member::Member;

/// How often a lost race is run again.
const ATTEMPTS: usize = 16;

/// Carries out what `describe` asks of the group as it then is. `None` means that nothing is left to do.
///
/// # Errors
/// When the rules forbid it, this member is no longer inside, or the relay can't be reached.
pub(crate) async fn change<'a>(
    member: &Member,
    conversation: ConversationId,
    describe: impl Fn(&Group) -> Result<Option<Change<'a>>>,
) -> Result<u64> {
    for _ in 0..ATTEMPTS {
        if !catch_up(member, conversation).await? {
            return Err(no_longer_member());
        }
        let mut tx = member.cache.begin().await?;
        let mut group = load(member, &mut tx, conversation, judge(member)).await?;
        // A commit whose answer was lost and that the log does not hold never arrived.
        group.discard();
        let Some(change) = describe(&group)? else { return Ok(group.epoch()) };
        let upload = group.commit(change)?;
        cache::groups::put(&mut tx, conversation, group.state()?.expose()).await?;
        tx.commit().await?;

        let accepted = member.client.post::<CommitAccepted>(&path::of(path::COMMITS, conversation), &wire(&upload)).await;
        match accepted {
            Err(error) if error.is(code::STALE_EPOCH) => {}
            Err(error) => return Err(error.into()),
            Ok(accepted) => return accept(member, conversation, accepted.created_at_ms).await,
        }
    }
    Err(Error::refused("stale_epoch", "Others kept changing the conversation at the same moment.", "Try again."))
}

async fn accept(member: &Member, conversation: ConversationId, at_ms: i64) -> Result<u64> {
    let mut tx = member.cache.begin().await?;
    let mut group = load(member, &mut tx, conversation, judge(member)).await?;
    let applied = group.accept()?;
    store(&mut tx, &mut group, member.roster().head().sequence, at_ms, member.now_ms()).await?;
    tx.commit().await?;
    announce(member, conversation, &applied);
    Ok(applied.epoch)
}

/// Begins a conversation with this device alone in it.
///
/// # Errors
/// When this member may not, or the relay can't be reached.
pub(crate) async fn begin(member: &Member, conversation: ConversationId, suite: Suite, title: &str) -> Result<()> {
    let certificate = own_certificate(member)?;
    let mut group = Group::create(conversation, suite, &member.device_keys, &certificate, judge(member))?;
    let published = group.published()?;
    let body = NewConversation {
        conversation,
        suite,
        group_info: Bytes(published.group_info),
        ratchet_tree: Bytes(published.ratchet_tree),
        members: group.members()?.into_iter().map(|(user, role)| MemberRole { user, role }).collect(),
        devices: group.devices()?.into_iter().map(|(_, device)| device).collect(),
    };
    member.client.post::<()>(path::CONVERSATIONS, &body).await?;
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
        first_sequence: 0,
        last_sequence: 0,
        read_sequence: 0,
        updated_at_ms: now_ms,
    };
    let mut tx = member.cache.begin().await?;
    cache::conversations::insert(&mut tx, &new).await?;
    store(&mut tx, &mut group, member.roster().head().sequence, now_ms, now_ms).await?;
    tx.commit().await?;
    member.changed([Changed::Conversations]);
    Ok(())
}

/// A commit as it travels.
pub(super) fn wire(upload: &CommitUpload) -> wire::CommitUpload {
    wire::CommitUpload {
        epoch: upload.epoch,
        commit: Bytes(upload.commit.clone()),
        group_info: Bytes(upload.published.group_info.clone()),
        ratchet_tree: Bytes(upload.published.ratchet_tree.clone()),
        welcomes: upload
            .welcomes
            .iter()
            .map(|(device, welcome)| WelcomeUpload { device: *device, welcome: Bytes(welcome.clone()) })
            .collect(),
        members: upload.members.iter().map(|(user, role)| MemberRole { user: *user, role: *role }).collect(),
        devices: upload.devices.iter().map(|(_, device)| *device).collect(),
    }
}
