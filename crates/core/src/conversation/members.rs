//! Changes who is in a conversation, and with which role; and its keys.

use bezel_crypto::group::{Change, Group, KeyPackage};
use bezel_protocol::roster::{Roster, Status};
use bezel_protocol::{ConversationId, Role, Suite, UserId};

use super::NewMember;
use super::describe::describe;
use crate::cache::conversations::known;
use crate::error::{Error, Result};
use crate::member::Member;
use crate::{group, log, roster};

/// Adds a person, and tells the newcomer what the conversation is about.
///
/// # Errors
/// When this member may not, the person can't be added, or the relay can't be reached.
pub async fn add(member: &Member, conversation: ConversationId, new: NewMember) -> Result<()> {
    let _work = member.work.lock().await;
    add_locked(member, conversation, &[new]).await?;
    describe(member, conversation).await?;
    log::pump(member).await
}

/// People who are to be added, with a key package of each device.
pub(super) struct Newcomers(Vec<(NewMember, Vec<KeyPackage>)>);

impl Newcomers {
    /// Claims the key packages of all of them.
    ///
    /// # Errors
    /// When somebody can't be added: all such people are named, with the reason, and how to go on without them.
    pub(super) async fn claim(member: &Member, new: &[NewMember], suite: Suite) -> Result<Self> {
        // Their key packages name the newest certificates: a roster that lags behind would not know them.
        roster::fetch(member).await?;
        let roster = member.roster();
        let mut newcomers = Vec::with_capacity(new.len());
        let mut refused = Vec::new();
        for person in new {
            let user = roster.user(person.user);
            let handle = user.map_or_else(|| "?".to_owned(), |user| user.handle.to_string());
            if user.is_none_or(|user| user.status != Status::Active) {
                let message = format!("{handle} is not an active member of the workspace.");
                refused.push((handle, Error::new("not_active", message, "Look at the list of people.")));
                continue;
            }
            match group::claim(member, &roster, person.user, suite).await {
                Ok(key_packages) => newcomers.push((*person, key_packages)),
                Err(error) if error.code == group::NO_KEY_PACKAGE => refused.push((handle, error)),
                Err(error) => return Err(error),
            }
        }
        match (refused.len(), new.len()) {
            (0, _) => Ok(Self(newcomers)),
            (_, 1) => Err(refused.remove(0).1),
            _ => Err(somebody_refused(&roster, &newcomers, &refused)),
        }
    }
}

/// Says who can't be added and why, and how to begin with the others.
fn somebody_refused(roster: &Roster, others: &[(NewMember, Vec<KeyPackage>)], refused: &[(String, Error)]) -> Error {
    let reasons: Vec<&str> = refused.iter().map(|(_, error)| error.message.as_str()).collect();
    let kept: Vec<String> =
        others.iter().filter_map(|(person, _)| roster.user(person.user)).map(|user| format!("--with {}", user.handle)).collect();
    let without = if kept.is_empty() { "without --with".to_owned() } else { format!("with only {}", kept.join(" ")) };
    let next_step = format!("Ask them to open Bezel once while online and try again; or go on now {without}, and add them later.");
    let code = refused.first().map_or(group::NO_KEY_PACKAGE, |(_, error)| error.code);
    Error::refused(code, format!("Nothing was changed. {}", reasons.join(" ")), next_step)
}

/// Adds people with one commit.
pub(super) async fn add_locked(member: &Member, conversation: ConversationId, new: &[NewMember]) -> Result<()> {
    let suite = known(&mut *member.cache.read().await?, conversation).await?.suite;
    add_claimed(member, conversation, &Newcomers::claim(member, new, suite).await?).await
}

/// The same, of people whose key packages are there.
pub(super) async fn add_claimed(member: &Member, conversation: ConversationId, Newcomers(devices): &Newcomers) -> Result<()> {
    if devices.is_empty() {
        return Ok(());
    }
    let roster = member.roster();
    group::change(member, conversation, |group| {
        let mut change = Change::rotate();
        for (person, key_packages) in devices {
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

/// Removes a person: what is sent from now on is in keys that the person never had.
///
/// # Errors
/// When this member may not, or the relay can't be reached.
pub async fn remove(member: &Member, conversation: ConversationId, user: UserId) -> Result<()> {
    if user == member.user() {
        return Err(Error::refused(
            "not_yourself",
            "Nobody can remove themselves: the keys would not change.",
            "Leave the conversation instead.",
        ));
    }
    change(member, conversation, |_| Ok(Some(Change::rotate().remove_user(user)))).await.map(|_| ())
}

/// Leaves: from then on nothing of this member counts there, and the others change the keys. What was said so far stays readable here.
///
/// # Errors
/// For the last owner, and when the relay can't be reached.
pub async fn leave(member: &Member, conversation: ConversationId) -> Result<()> {
    let _work = member.work.lock().await;
    known(&mut *member.cache.read().await?, conversation).await?;
    group::leave(member, conversation).await
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
