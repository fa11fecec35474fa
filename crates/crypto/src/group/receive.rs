//! Taking commits from the log.

use bezel_protocol::envelope::RosterHead;
use bezel_protocol::roster::RosterError;
use bezel_protocol::{Role, UserId};
use mls_rs::MlsMessage;
use mls_rs::group::{CommitEffect, ReceivedMessage};

use super::error::GroupError;
use super::header::CommitHeader;
use super::leaf::Leaf;
use super::{ConversationRoles, Group};

/// What a commit did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The epoch that it began.
    pub epoch: u64,
    /// Whose it was, as the leaf is afterwards.
    pub committer: Leaf,
    /// It was our own.
    pub own: bool,
    /// It was an external commit: a device came (back) in.
    pub external: bool,
    /// The leaves that came in.
    pub added: Vec<Leaf>,
    /// The leaves that went.
    pub removed: Vec<Leaf>,
    /// The roles that changed.
    pub roles: Vec<RoleChange>,
    /// This device was removed: the group is over for it, and its state must be deleted instead of stored.
    pub removed_self: bool,
}

/// A change of role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoleChange {
    /// Whose.
    pub user: UserId,
    /// Before; `None`: was not in the conversation.
    pub was: Option<Role>,
    /// Now; `None`: is no longer in the conversation.
    pub is: Option<Role>,
}

/// The group as it was, to tell the difference.
pub(super) struct Before {
    leaves: Vec<Leaf>,
    roles: ConversationRoles,
}

impl Group {
    /// Checks a commit and applies it. Refused, it changes nothing. A pending commit of ours is applied if this is it, and dropped
    /// if this is another that won the race.
    ///
    /// # Errors
    /// [`GroupError::WrongEpoch`] for a commit that is not the next one, [`GroupError::Roster`] when its author knows another roster
    /// (or a newer one, which must be fetched first), [`GroupError::Refused`] when it breaks the rules.
    pub fn process(&mut self, commit: &[u8]) -> Result<Applied, GroupError> {
        let header = CommitHeader::parse(commit)?;
        if header.conversation != self.conversation {
            return Err(GroupError::WrongConversation(self.conversation));
        }
        if header.epoch != self.epoch() {
            return Err(GroupError::WrongEpoch { expected: self.epoch(), found: header.epoch });
        }
        self.compare_roster(header.roster)?;
        let message = MlsMessage::from_bytes(commit).map_err(|_| GroupError::Malformed("commit"))?;
        let before = self.snapshot()?;
        let had_pending = self.has_pending();
        let own_index = self.inner.current_member_index();
        // Worked out on a copy, so that a refused commit leaves no trace.
        let mut inner = self.inner.clone();
        let ReceivedMessage::Commit(description) = inner.process_incoming_message(message).map_err(GroupError::from_library)? else {
            return Err(GroupError::Malformed("commit"));
        };
        let removed_self = match description.effect {
            CommitEffect::NewEpoch(_) => false,
            CommitEffect::Removed { .. } => true,
            CommitEffect::ReInit(_) => return Err(GroupError::Malformed("commit")),
        };
        if removed_self {
            return self.removed(&before, description.committer);
        }
        inner.clear_pending_commit();
        self.inner = inner;
        let member = self.inner.member_at_index(description.committer).ok_or(GroupError::Malformed("committer"))?;
        let committer = Leaf::read(member.index, &member.signing_identity)?;
        self.applied(&before, committer, description.is_external, had_pending && description.committer == own_index)
    }

    /// An author who knows a roster that we don't is either ahead of us, or shown another history.
    fn compare_roster(&self, head: RosterHead) -> Result<(), GroupError> {
        match self.judge.roster().compare(head) {
            Ok(()) => Ok(()),
            Err(error) => Err(GroupError::Roster(error)),
        }
    }

    pub(super) fn snapshot(&self) -> Result<Before, GroupError> {
        Ok(Before { leaves: self.leaves()?, roles: self.roles()? })
    }

    pub(super) fn applied(&self, before: &Before, committer: Leaf, external: bool, own: bool) -> Result<Applied, GroupError> {
        let leaves = self.leaves()?;
        let roles = self.roles()?;
        let changed = |user: UserId| {
            let (was, is) = (before.roles.get(user), roles.get(user));
            (was != is).then_some(RoleChange { user, was, is })
        };
        let mut users: Vec<_> = before.roles.iter().chain(roles.iter()).map(|(user, _)| user).collect();
        users.sort_unstable();
        users.dedup();
        let missing_in = |leaves: &[Leaf], leaf: &Leaf| !leaves.iter().any(|other| other.device() == leaf.device());
        Ok(Applied {
            epoch: self.epoch(),
            committer,
            own,
            external,
            added: leaves.iter().filter(|leaf| missing_in(&before.leaves, leaf)).cloned().collect(),
            removed: before.leaves.iter().filter(|leaf| missing_in(&leaves, leaf)).cloned().collect(),
            roles: users.into_iter().filter_map(changed).collect(),
            removed_self: false,
        })
    }

    /// Who is removed learns that, and no more: the new epoch is not theirs to see.
    fn removed(&self, before: &Before, committer: u32) -> Result<Applied, GroupError> {
        let own = self.own_leaf()?;
        let committer = before.leaves.iter().find(|leaf| leaf.index() == committer).cloned().unwrap_or_else(|| own.clone());
        let epoch = self.epoch().saturating_add(1);
        Ok(Applied { epoch, committer, own: false, external: false, added: vec![], removed: vec![own], roles: vec![], removed_self: true })
    }
}

/// Whether the roster must be fetched before the commit can be judged.
impl GroupError {
    /// The author of the commit knows more of the roster than we do.
    #[must_use]
    pub const fn roster_is_behind(&self) -> bool {
        matches!(self, Self::Roster(RosterError::Truncated { .. }))
    }
}
