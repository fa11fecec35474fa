//! The groups behind the conversations: brought up to date, changed, kept young.
//!
//! The one invariant: what a commit changes (group state, epoch key, members) is stored in one transaction, and only where the log's spine
//! holds the commit. A crash at any moment leaves a state from which [`catch_up`] goes on.

mod advance;
mod backup;
mod change;
mod follow;
mod join;
mod key_packages;
mod leave;
mod lost;
mod publish;
mod upkeep;
mod used;

pub(crate) use advance::catch_up;
pub(crate) use backup::back_up;
pub(crate) use change::{begin, change, change_healed};
pub(crate) use join::{rejoin, take_welcomes};
pub(crate) use key_packages::{NO_KEY_PACKAGE, claim, renew_all as renew_key_packages, top_up as top_up_key_packages};
pub(crate) use leave::leave;
pub(crate) use lost::since;
pub(crate) use publish::publish_info;
pub(crate) use upkeep::{keep as upkeep, keep_locked};

use std::collections::BTreeMap;
use std::sync::Arc;

use bezel_crypto::group::{Group, GroupError, Judge, Refused};
use bezel_protocol::roster::Roster;
use bezel_protocol::{ConversationId, Role, SignedCertificate, UserId};

use crate::cache::epochs::Epoch;
use crate::cache::{self, Connection};
use crate::clock::DAY_MS;
use crate::error::{Error, Result};
use crate::member::Member;

/// The age at which the keys of a conversation change by themselves.
pub(crate) const CONVERSATION_KEY_LIFETIME_MS: i64 = 30 * DAY_MS;

/// The newest roster, and now.
fn judge(member: &Member) -> Judge {
    Judge::new(member.roster(), member.now_ms())
}

/// The roster as it was up to statement `sequence`.
async fn roster_as_of(member: &Member, db: &mut Connection, sequence: u64) -> Result<Arc<Roster>> {
    let newest = member.roster();
    if sequence >= newest.head().sequence {
        return Ok(newest);
    }
    let statements = cache::roster::up_to(db, sequence).await?;
    let roster = Roster::replay(newest.genesis(), statements.iter().map(Vec::as_slice))?;
    Ok(Arc::new(roster))
}

/// The certificate of this device in force.
fn own_certificate(member: &Member) -> Result<SignedCertificate> {
    let roster = member.roster();
    roster
        .device(member.device())
        .and_then(|device| device.current().cloned())
        .ok_or_else(|| Error::refused("device_unknown", "This device is not in the workspace's roster.", "Ask an admin of the workspace."))
}

/// The conversations into which this home has yet to come as the device that it is now.
///
/// # Errors
/// When the local database fails.
pub(crate) async fn with_former_leaf(member: &Member) -> Result<Vec<ConversationId>> {
    let mut db = member.cache.read().await?;
    let mut former = Vec::new();
    for conversation in cache::conversations::all(&mut db).await?.iter().filter(|known| known.removed_at_ms.is_none()) {
        if is_former(member, &mut db, conversation.id).await? && !cache::healing::heals(&mut db, conversation.id).await? {
            former.push(conversation.id);
        }
    }
    Ok(former)
}

/// Whether the leaf in a group is that of the device which this home was before, not of the one that it is now.
///
/// # Errors
/// When the local database fails.
pub(crate) async fn is_former(member: &Member, db: &mut Connection, conversation: ConversationId) -> Result<bool> {
    Ok(cache::groups::device(db, conversation).await?.is_some_and(|device| device != member.device()))
}

async fn load(db: &mut Connection, conversation: ConversationId, judge: Judge) -> Result<Group> {
    let state = cache::groups::get(db, conversation).await?.ok_or_else(no_longer_member)?;
    let left = cache::leaves::standing(db, conversation).await?;
    Ok(Group::load(&state, conversation, judge.without(left))?)
}

/// The entry that began an epoch.
#[derive(Clone, Copy)]
struct Began {
    /// Its place in the log.
    sequence: u64,
    /// Number of the newest roster statement by which it was judged.
    roster: u64,
    /// When it was stored, by the relay's clock, milliseconds since the epoch.
    at_ms: i64,
}

/// Stores where a group now stands: state, epoch, key, members. All in the caller's transaction. A relay's time that lies ahead of this machine's
/// is not taken for the age of the keys, or they would never grow old.
async fn store(db: &mut Connection, group: &mut Group, began: Began, now_ms: i64) -> Result<()> {
    let conversation = group.conversation();
    let authenticator = group.epoch_authenticator()?;
    let roles: BTreeMap<_, _> = group.members()?.into_iter().collect();
    for user in cache::leaves::standing(db, conversation).await?.iter().filter(|user| !roles.contains_key(user)) {
        cache::leaves::end(db, conversation, *user, began.sequence).await?;
    }
    cache::groups::put(db, conversation, group.own_leaf()?.device(), group.state()?.expose()).await?;
    cache::conversations::set_epoch(db, conversation, group.epoch(), authenticator, began.at_ms.min(now_ms)).await?;
    put_members(db, group).await?;
    if let Some(before) = group.epoch().checked_sub(1) {
        cache::epochs::set_ended(db, conversation, before, began.sequence).await?;
    }
    cache::conversations::set_judged(db, conversation, began.sequence).await?;
    cache::pending::forget_before(db, conversation, group.epoch()).await?;
    let Began { sequence, roster, .. } = began;
    let epoch = Epoch { key: group.epoch_key()?, authenticator, roles, roster, began_at: sequence, ended_at: None };
    cache::epochs::put(db, &epoch, now_ms).await
}

/// Whether this member acts as owner of a conversation.
///
/// # Errors
/// When the local database fails.
pub(crate) async fn acts_as_owner(member: &Member, conversation: ConversationId) -> Result<bool> {
    let mut db = member.cache.read().await?;
    let judge = judge(member).without(cache::leaves::standing(&mut db, conversation).await?);
    let group = load(&mut db, conversation, judge.clone()).await?;
    Ok(group.roles()?.acting(member.user(), &group.leaves()?, &judge) == Some(Role::Owner))
}

/// Writes down who is in a group and has not left.
async fn put_members(db: &mut Connection, group: &Group) -> Result<()> {
    let conversation = group.conversation();
    let left = cache::leaves::standing(db, conversation).await?;
    let staying = group.members()?.into_iter().filter(|(user, _)| !left.contains(user)).collect();
    cache::conversations::set_members(db, conversation, &staying, &devices_by_user(group)?).await
}

/// The same for a conversation of which it is known otherwise by now who left.
///
/// # Errors
/// When the local database fails.
pub(crate) async fn show_members(member: &Member, db: &mut Connection, conversation: ConversationId) -> Result<()> {
    let group = load(db, conversation, judge(member)).await?;
    put_members(db, &group).await
}

fn devices_by_user(group: &Group) -> Result<BTreeMap<UserId, u32>> {
    let mut devices = BTreeMap::new();
    for (user, _) in group.devices()? {
        *devices.entry(user).or_insert(0) += 1;
    }
    Ok(devices)
}

fn withheld() -> Error {
    Error::unverifiable(
        "commits_withheld",
        "The relay hands out other changes of a conversation's group than its log holds.",
        "Speak with whoever runs the relay; what came so far is here.",
    )
}

fn no_longer_member() -> Error {
    Error::refused("not_a_member", "You are no longer a member of this conversation.", "Ask one of its owners or admins to add you again.")
}

impl From<GroupError> for Error {
    fn from(error: GroupError) -> Self {
        match &error {
            GroupError::Refused(Refused::LastOwner) => Self::refused(
                "last_owner",
                "The conversation would be left without an owner.",
                "Make somebody else an owner first: in the conversation's members.",
            ),
            GroupError::Refused(refused) => {
                Self::refused("not_allowed", format!("Not allowed: {refused}."), "Ask an owner or admin of the conversation.")
            }
            GroupError::NotInGroup(_) => Self::new("not_in_conversation", format!("{error}."), "Look at the conversation's members."),
            GroupError::Roster(roster) => roster.clone().into(),
            GroupError::WrongEpoch { .. }
            | GroupError::WrongConversation(_)
            | GroupError::Signature
            | GroupError::NoKeyPackage
            | GroupError::OtherGroup
            | GroupError::OwnUnknown
            | GroupError::Malformed(_)
            | GroupError::Library(_) => Self::unverifiable(
                "group",
                format!("The conversation's group state does not fit: {error}."),
                "Synchronise again; if it stays so, ask to be added anew.",
            ),
        }
    }
}
