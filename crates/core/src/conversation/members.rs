//! Changes who is in a conversation, and with which role; and its keys.

use bezel_crypto::group::{Change, Group};
use bezel_protocol::content::Content;
use bezel_protocol::roster::Status;
use bezel_protocol::{ConversationId, Role, UserId};

use super::{NewMember, known};
use crate::error::{Error, Result};
use crate::member::Member;
use crate::{cache, group, message};

/// Adds a person, and tells the newcomer what the conversation is about.
///
/// # Errors
/// When this member may not, the person can't be added, or the relay can't be reached.
pub async fn add(member: &Member, conversation: ConversationId, new: NewMember) -> Result<()> {
    let _work = member.work.lock().await;
    add_locked(member, conversation, &[new]).await?;
    describe(member, conversation).await?;
    message::pump(member).await
}

/// Adds people with one commit.
pub(super) async fn add_locked(member: &Member, conversation: ConversationId, new: &[NewMember]) -> Result<()> {
    if new.is_empty() {
        return Ok(());
    }
    let roster = member.roster();
    for NewMember { user, .. } in new {
        if roster.user(*user).is_none_or(|user| user.status != Status::Active) {
            return Err(Error::new("not_active", "This person is not an active member of the workspace.", "Look at the list of people."));
        }
    }
    let suite = known(&mut *member.cache.read().await?, conversation).await?.suite;
    let mut devices = Vec::with_capacity(new.len());
    for person in new {
        devices.push((*person, group::claim(member, &roster, person.user, suite).await?));
    }
    group::change(member, conversation, |group| {
        let mut change = Change::rotate();
        for (person, key_packages) in &devices {
            if group.roles()?.get(person.user).is_some() {
                let who = roster.user(person.user).map_or_else(String::new, |user| user.handle.to_string());
                return Err(Error::new("already_member", format!("{who} is in this conversation already."), "Change the role instead."));
            }
            change = change.add_user(person.user, person.role, key_packages.iter().cloned());
        }
        Ok(Some(change))
    })
    .await?;
    Ok(())
}

/// Sends the description anew, in the epoch that the newcomer can read.
async fn describe(member: &Member, conversation: ConversationId) -> Result<()> {
    let description = cache::conversations::description(&mut *member.cache.read().await?, conversation).await?;
    if let Some(content) = description.and_then(|bytes| Content::decode(&bytes).ok()) {
        message::queue(member, conversation, &content).await?;
    }
    Ok(())
}

/// Removes a person: what is sent from now on is in keys that the person never had.
///
/// # Errors
/// When this member may not, or the relay can't be reached.
pub async fn remove(member: &Member, conversation: ConversationId, user: UserId) -> Result<()> {
    if user == member.user() {
        return Err(Error::refused(
            "not_yourself",
            "Nobody can remove themselves: the keys would not change.",
            "Ask another owner or admin of the conversation.",
        ));
    }
    change(member, conversation, |_| Ok(Some(Change::rotate().remove_user(user)))).await.map(|_| ())
}

/// Gives a person another role in the conversation.
///
/// # Errors
/// When this member may not, or the relay can't be reached.
pub async fn set_role(member: &Member, conversation: ConversationId, user: UserId, role: Role) -> Result<()> {
    change(member, conversation, |group| match group.roles()?.get(user) {
        None => Err(Error::new("not_in_conversation", "This person is not in the conversation.", "Add them first.")),
        Some(before) if before == role => Ok(None),
        Some(_) => Ok(Some(Change::rotate().role(user, role))),
    })
    .await
    .map(|_| ())
}

/// Rotates the keys now. Returns the new epoch.
///
/// # Errors
/// When this member is no longer inside, or the relay can't be reached.
pub async fn rotate(member: &Member, conversation: ConversationId) -> Result<u64> {
    change(member, conversation, |_| Ok(Some(Change::rotate()))).await
}

async fn change<'a>(member: &Member, conversation: ConversationId, describe: impl Fn(&Group) -> Result<Option<Change<'a>>>) -> Result<u64> {
    let _work = member.work.lock().await;
    known(&mut *member.cache.read().await?, conversation).await?;
    let epoch = group::change(member, conversation, describe).await?;
    group::back_up(member).await?;
    Ok(epoch)
}
