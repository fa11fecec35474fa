//! The groups behind the conversations: brought up to date, changed, kept young.
//!
//! The one invariant: what a commit changes (group state, epoch key, members) is stored in one transaction, and only after the relay
//! has accepted it. A crash at any moment leaves a state from which [`catch_up`] goes on.

mod advance;
mod backup;
mod change;
mod join;
mod key_packages;
mod upkeep;

pub(crate) use advance::catch_up;
pub(crate) use backup::back_up;
pub(crate) use change::{begin, change};
pub(crate) use join::{rejoin, take_welcomes};
pub(crate) use key_packages::{claim, top_up as top_up_key_packages};
pub(crate) use upkeep::{keep as upkeep, keep_locked};

use std::collections::BTreeMap;
use std::sync::Arc;

use bezel_crypto::group::{Group, GroupError, Judge};
use bezel_protocol::roster::Roster;
use bezel_protocol::{ConversationId, SignedCertificate, UserId};

use crate::cache::epochs::Epoch;
use crate::cache::{self, Connection};
use crate::clock::DAY_MS;
use crate::error::{Error, Result, damaged};
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
    let statements = cache::roster::all(db).await?;
    let count = usize::try_from(sequence).unwrap_or(usize::MAX).saturating_add(1);
    let roster = Roster::replay(newest.genesis(), statements.iter().take(count).map(Vec::as_slice))?;
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

async fn load(member: &Member, db: &mut Connection, conversation: ConversationId, judge: Judge) -> Result<Group> {
    let state = cache::groups::get(db, conversation).await?.ok_or_else(no_longer_member)?;
    let _ = member;
    Ok(Group::load(&state, conversation, judge)?)
}

/// Stores where a group now stands: state, epoch, key, members. All in the caller's transaction.
async fn store(db: &mut Connection, group: &mut Group, roster: u64, at_ms: i64, now_ms: i64) -> Result<()> {
    let conversation = group.conversation();
    let authenticator = group.epoch_authenticator()?;
    let roles: BTreeMap<_, _> = group.members()?.into_iter().collect();
    let devices = devices_by_user(group)?;
    cache::groups::put(db, conversation, group.state()?.expose()).await?;
    cache::conversations::set_epoch(db, conversation, group.epoch(), authenticator, at_ms).await?;
    cache::conversations::set_members(db, conversation, &roles, &devices).await?;
    let epoch = Epoch { key: group.epoch_key()?, authenticator, roles, roster };
    cache::epochs::put(db, &epoch, now_ms).await
}

fn devices_by_user(group: &Group) -> Result<BTreeMap<UserId, u32>> {
    let mut devices = BTreeMap::new();
    for (user, _) in group.devices()? {
        *devices.entry(user).or_insert(0) += 1;
    }
    Ok(devices)
}

fn no_longer_member() -> Error {
    Error::refused("not_a_member", "You are no longer a member of this conversation.", "Ask one of its owners or admins to add you again.")
}

impl From<GroupError> for Error {
    fn from(error: GroupError) -> Self {
        match &error {
            GroupError::Refused(refused) => {
                Self::refused("not_allowed", format!("Not allowed: {refused}."), "Ask an owner or admin of the conversation.")
            }
            GroupError::NotInGroup(_) => Self::new("not_in_conversation", format!("{error}."), "Look at the conversation's members."),
            GroupError::Roster(roster) => roster.clone().into(),
            GroupError::Pending | GroupError::NothingPending => damaged("pending change"),
            GroupError::WrongEpoch { .. }
            | GroupError::WrongConversation(_)
            | GroupError::NoKeyPackage
            | GroupError::WrongTree
            | GroupError::Malformed(_)
            | GroupError::Library(_) => Self::unverifiable(
                "group",
                format!("The conversation's group state does not fit: {error}."),
                "Synchronise again; if it stays so, ask to be added anew.",
            ),
        }
    }
}
