//! Withdraws files: from everyone, or from some.

use bezel_protocol::content::{Content, FileRevocation};
use bezel_protocol::wire::FileAccess;
use bezel_protocol::{FileId, UserId};

use super::access::{known, revoked};
use super::announce::deliver;
use super::{send, upload};
use crate::cache;
use crate::cache::conversations::role_of;
use crate::cache::entries::KEPT_MS;
use crate::cache::withdrawals::Withdrawal;
use crate::change::Change;
use crate::error::{Error, Result};
use crate::log::enqueue;
use crate::member::Member;

/// Withdraws a file: its blob is deleted on the relay at once, and everyone's device forgets the key and the thumbnail.
///
/// # Errors
/// When this member may not, or the relay can't be reached: then nothing is said to be withdrawn.
pub async fn revoke(member: &Member, id: FileId) -> Result<()> {
    let file = known(member, id).await?;
    if file.revoked_at_ms.is_some() {
        return Ok(());
    }
    let members = cache::conversations::members(&mut *member.cache.read().await?, file.conversation).await?;
    let is_admin =
        role_of(&members, member.user()).is_some_and(|role| matches!(role, bezel_protocol::Role::Owner | bezel_protocol::Role::Admin));
    if file.user != member.user() && !is_admin {
        return Err(Error::refused(
            "forbidden",
            "Only its sender, or an owner or admin of the conversation, withdraws a file.",
            "Ask one of them.",
        ));
    }
    match member.client.delete_file(id).await {
        Err(error) if !error.is_gone() => return Err(error.into()),
        Err(_) | Ok(()) => {}
    }
    let mut tx = member.cache.begin().await?;
    enqueue(member, &mut tx, file.conversation, &Content::FileRevocation(FileRevocation { file: id })).await?;
    let now_ms = member.now_ms();
    cache::withdrawals::note(&mut tx, Withdrawal::File(id), (now_ms, now_ms - KEPT_MS)).await?;
    tx.commit().await?;
    member.changed([Change::Files, Change::Messages(file.conversation)]);
    deliver(member).await
}

/// Withdraws a file from some people. The relay refuses them at once; then the file is sent anew to the others under another key,
/// since these people may hold the old one, and the old blob is deleted. Answers the new file.
///
/// # Errors
/// When this member did not send the file, nobody would be left, or the relay can't be reached. An interrupted call can be repeated.
pub async fn revoke_for(member: &Member, id: FileId, from: &[UserId]) -> Result<FileId> {
    let file = known(member, id).await?;
    if file.revoked_at_ms.is_some() {
        return Err(revoked());
    }
    if file.user != member.user() {
        return Err(Error::refused("forbidden", "Only its sender takes a file from some of its readers.", "Ask its sender."));
    }
    let members = cache::conversations::members(&mut *member.cache.read().await?, file.conversation).await?;
    let rest: Vec<UserId> = members
        .iter()
        .map(|member| member.user)
        .filter(|user| !from.contains(user) && file.named.as_ref().is_none_or(|named| named.contains(user)))
        .collect();
    if rest.iter().all(|user| *user == member.user()) {
        revoke(member, id).await?;
        return Ok(id);
    }
    let access = FileAccess { named: Some(rest), view_only: file.view_only, expires_at_ms: file.expires_at_ms };
    member.client.set_file_access(id, &access).await?;
    let new = send::queue_again(member, &file, access).await?;
    upload::run(member, new).await?;
    revoke(member, id).await?;
    Ok(new)
}
