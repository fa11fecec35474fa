//! One conversation: who can read it, with which rights, by which keys.

use bezel_protocol::{Algorithm, ConversationId, Role};
use serde::Serialize;
use ts_rs::TS;

use super::confirm::follow;
use crate::cache;
use crate::cache::conversations::{known, role_of};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::group::CONVERSATION_KEY_LIFETIME_MS;
use crate::member::Member;

/// A conversation in full.
#[derive(Debug, Clone, Serialize, TS)]
pub struct ConversationDetails {
    /// Id.
    pub id: String,
    /// Title.
    pub title: String,
    /// How its messages are encrypted.
    #[ts(as = "crate::view::AlgorithmName")]
    pub algorithm: Algorithm,
    /// The MLS cipher suite, by its registered name.
    pub suite: String,
    /// The epoch of the group.
    #[ts(type = "number")]
    pub epoch: u64,
    /// Since when.
    pub created_at: Timestamp,
    /// When its keys last changed.
    pub rotated_at: Timestamp,
    /// When they change at the latest.
    pub next_rotation_at: Timestamp,
    /// Who can read it.
    pub members: Vec<MemberView>,
    /// This member's role in it.
    #[ts(as = "crate::view::RoleName")]
    pub my_role: Role,
    /// Whether this member was removed.
    pub removed: bool,
    /// What this member may do in it.
    pub rights: Rights,
}

/// A member of a conversation.
#[derive(Debug, Clone, Serialize, TS)]
pub struct MemberView {
    /// Id.
    pub user: String,
    /// Handle.
    pub handle: String,
    /// Role in the conversation.
    #[ts(as = "crate::view::RoleName")]
    pub role: Role,
    /// Whether every device is vouched for by the roster.
    pub verified: bool,
    /// How many devices can read.
    pub devices: u32,
    /// When a device of this person last signed that it has computed the conversation's log, by that device's clock.
    pub confirmed_at: Option<Timestamp>,
    /// Whether the devices of this person confirm what they themselves have written; where one does not, somebody may keep it apart.
    pub confirms: bool,
    /// Whether it is this member.
    pub me: bool,
}

/// What this member may do.
#[derive(Debug, Clone, Copy, Serialize, TS)]
pub struct Rights {
    /// Send messages.
    pub post: bool,
    /// Add people.
    pub add: bool,
    /// Remove people.
    pub remove: bool,
    /// Change roles.
    pub change_roles: bool,
    /// Rotate the keys.
    pub rotate: bool,
    /// Leave: the last owner stays.
    pub leave: bool,
}

/// A conversation in full.
///
/// # Errors
/// When there is no such conversation.
pub async fn show(member: &Member, conversation: ConversationId) -> Result<ConversationDetails> {
    let mut db = member.cache.read().await?;
    let conversation = known(&mut db, conversation).await?;
    let members = cache::conversations::members(&mut db, conversation.id).await?;
    let roster = member.roster();
    let now_ms = member.now_ms();
    let my_role = role_of(&members, member.user()).unwrap_or(Role::ReadOnly);
    let inside = conversation.removed_at_ms.is_none();
    let follows = follow(&mut db, &roster, conversation.id).await?;
    let mut views: Vec<MemberView> = members
        .iter()
        .map(|each| MemberView {
            user: each.user.to_string(),
            handle: roster.user(each.user).map_or_else(|| "?".into(), |user| user.handle.to_string()),
            role: each.role,
            verified: each.devices as usize <= roster.standing_devices(each.user, now_ms).count(),
            devices: each.devices,
            confirmed_at: follows.get(&each.user).map(|follows| Timestamp::from_ms(follows.confirmed_at_ms)),
            confirms: follows.get(&each.user).is_none_or(|follows| follows.confirms),
            me: each.user == member.user(),
        })
        .collect();
    let owners = members.iter().filter(|each| each.role == Role::Owner).count();
    views.sort_by(|a, b| a.role.cmp(&b.role).then_with(|| a.handle.cmp(&b.handle)));
    Ok(ConversationDetails {
        id: conversation.id.to_string(),
        title: conversation.title,
        algorithm: conversation.suite.algorithm(),
        suite: conversation.suite.name().into(),
        epoch: conversation.epoch,
        created_at: Timestamp::from_ms(conversation.created_at_ms),
        rotated_at: Timestamp::from_ms(conversation.rotated_at_ms),
        next_rotation_at: Timestamp::from_ms(conversation.rotated_at_ms.saturating_add(CONVERSATION_KEY_LIFETIME_MS)),
        members: views,
        my_role,
        removed: !inside,
        rights: Rights {
            post: inside && my_role.may_post(),
            add: inside && my_role.administers(),
            remove: inside && my_role.administers(),
            change_roles: inside && my_role.administers(),
            rotate: inside,
            leave: inside && (my_role != Role::Owner || owners > 1),
        },
    })
}
