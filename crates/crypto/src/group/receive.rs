//! Following a group: one commit after the other, each checked before it is applied.

use bezel_observer::{CommitEntry, Leaf, check_keys};
use bezel_protocol::{Role, UserId};
use mls_rs::group::{CommitEffect, CommitSecrets, ReceivedMessage};

use super::change::NewCommit;
use super::error::GroupError;
use super::{ConversationRoles, Group};
use crate::secret::SecretBytes;

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
struct Before {
    leaves: Vec<Leaf>,
    roles: ConversationRoles,
}

impl Group {
    /// Judges somebody else's commit and applies it. Refused, it changes nothing. The judge of this group knows the roster with whose head the
    /// entry is stamped, and the time at which the relay stored it; the caller compares the entry with the log's spine.
    ///
    /// # Errors
    /// [`GroupError::WrongEpoch`] for a commit that is not the next one, [`GroupError::Roster`] when its author knows another roster
    /// (or a newer one, which must be fetched first), [`GroupError::OwnUnknown`] for one of this device, [`GroupError::Refused`] when it
    /// breaks the rules.
    pub fn process(&mut self, commit: &CommitEntry) -> Result<Applied, GroupError> {
        commit.follows(self.id, self.epoch())?;
        self.judge.roster().compare(commit.header().roster).map_err(GroupError::Roster)?;
        let before = self.before()?;
        // Worked out on a copy, so that a refused commit leaves no trace.
        let mut inner = self.inner.clone();
        let at = bezel_observer::mls_time(self.judge.now_ms());
        let received = inner.process_incoming_message_with_time(commit.message().clone(), at).map_err(GroupError::from_library)?;
        let ReceivedMessage::Commit(description) = received else { return Err(GroupError::Malformed("commit")) };
        match description.effect {
            CommitEffect::NewEpoch(_) => {}
            CommitEffect::Removed { .. } => return self.removed(&before, description.committer),
            CommitEffect::ReInit(_) => return Err(GroupError::Malformed("commit")),
        }
        let member = inner.member_at_index(description.committer).ok_or(GroupError::Malformed("committer"))?;
        let committer = Leaf::read(member.index, &member.signing_identity)?;
        // An ended certificate is forgiven to the old leaf only.
        self.judge.stands(&committer, self.suite)?;
        check_keys(Some(&self.inner.export_tree()), &inner.export_tree(), self.suite)?;
        self.inner = inner;
        self.applied(&before, committer, description.is_external, false)
    }

    /// Applies a commit of our own that stands in the log as the next one, with the secrets that were kept of it.
    ///
    /// # Errors
    /// [`GroupError::WrongEpoch`], [`GroupError::WrongConversation`] when it is not the next one: the library checks nothing here, and old
    /// secrets would put the group back.
    pub fn accept(&mut self, commit: &CommitEntry, secrets: &SecretBytes) -> Result<Applied, GroupError> {
        commit.follows(self.id, self.epoch())?;
        let before = self.before()?;
        let secrets = CommitSecrets::from_bytes(secrets.expose()).map_err(|_| GroupError::Malformed("commit's secrets"))?;
        let mut inner = self.inner.clone();
        inner.apply_detached_commit(secrets).map_err(GroupError::from_library)?;
        self.inner = inner;
        let own = self.own_leaf()?;
        if own.device() != commit.author().device() {
            return Err(GroupError::Malformed("commit's secrets"));
        }
        self.applied(&before, own, false, true)
    }

    /// Applies a commit that was just made.
    ///
    /// # Errors
    /// As [`Self::accept`].
    pub fn accept_new(&mut self, commit: &NewCommit) -> Result<Applied, GroupError> {
        self.accept(&CommitEntry::parse(&commit.entry)?, &commit.secrets)
    }

    fn before(&self) -> Result<Before, GroupError> {
        Ok(Before { leaves: self.leaves()?, roles: self.roles()? })
    }

    fn applied(&self, before: &Before, committer: Leaf, external: bool, own: bool) -> Result<Applied, GroupError> {
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
