//! What a commit may change in a group, and whose commit: judged by who is in it, without a key and without the library.

use std::collections::BTreeSet;

use bezel_protocol::{Role, Suite, UserId};

use crate::error::{Refused, Right};
use crate::judge::{Judge, is_shut_out};
use crate::leaf::Leaf;
use crate::roles::ConversationRoles;

/// Who is in a group before a commit.
#[derive(Clone, Copy, Debug)]
pub struct Membership<'a> {
    /// The suite.
    pub suite: Suite,
    /// Every leaf.
    pub leaves: &'a [Leaf],
    /// Everyone's role.
    pub roles: &'a ConversationRoles,
}

/// What a commit makes of it.
#[derive(Clone, Debug)]
pub struct Proposed {
    /// Leaves that come in. They have no index yet.
    pub added: Vec<Leaf>,
    /// Leaves that go.
    pub removed: Vec<Leaf>,
    /// Everyone's role afterwards.
    pub roles: ConversationRoles,
}

/// Judges a commit by the leaf of a member.
///
/// # Errors
/// What the rules refuse.
pub fn check_commit(by: &Leaf, proposed: &Proposed, members: &Membership<'_>, judge: &Judge) -> Result<(), Refused> {
    judge.may_commit(by, members.suite)?;
    let role = members.roles.acting(by.user(), members.leaves, judge).ok_or(Refused::WithoutRole(by.user()))?;
    let goes = |leaf: &Leaf| proposed.removed.iter().any(|gone| gone.index() == leaf.index());
    let kept = members.leaves.iter().filter(|leaf| !goes(leaf));
    let with_leaf = kept.chain(&proposed.added).map(Leaf::user).collect();
    Commit { judge, members, by, role, proposed, with_leaf }.check()
}

/// Judges an external commit: the same device comes back, or another device of someone who has a role comes in.
///
/// # Errors
/// What the rules refuse.
pub fn check_return(newcomer: &Leaf, proposed: &Proposed, members: &Membership<'_>, judge: &Judge) -> Result<(), Refused> {
    judge.stands(newcomer, members.suite)?;
    let user = newcomer.user();
    if members.roles.get(user).is_none() {
        return Err(Refused::NotAllowed { user, role: None, right: Right::Rejoin });
    }
    if !proposed.added.is_empty() || proposed.roles != *members.roles {
        return Err(Refused::ForeignProposal);
    }
    let own = members.leaves.iter().filter(|leaf| leaf.device() == newcomer.device());
    if proposed.removed.iter().eq(own) { Ok(()) } else { Err(Refused::ForeignLeaf(newcomer.device())) }
}

/// A commit by a member.
struct Commit<'a> {
    judge: &'a Judge,
    members: &'a Membership<'a>,
    by: &'a Leaf,
    role: Role,
    proposed: &'a Proposed,
    /// Users who have a leaf afterwards.
    with_leaf: BTreeSet<UserId>,
}

impl Commit<'_> {
    fn check(&self) -> Result<(), Refused> {
        self.check_added()?;
        self.check_removed()?;
        self.check_roles()?;
        self.check_owner()
    }

    /// New people are checked with their roles; here are devices of people who are there already. Who may only read changes the own leaf alone.
    fn check_added(&self) -> Result<(), Refused> {
        for leaf in &self.proposed.added {
            let user = leaf.user();
            if self.proposed.roles.get(user).is_none() {
                return Err(Refused::WithoutRole(user));
            }
            let known = self.members.roles.get(user).is_some();
            let own = user == self.by.user() && self.role.may_remove_revoked();
            if known && !own && !self.role.administers() {
                return Err(self.missing(Right::AddDevice(leaf.device())));
            }
        }
        Ok(())
    }

    fn check_removed(&self) -> Result<(), Refused> {
        for leaf in &self.proposed.removed {
            let own = leaf.user() == self.by.user() && self.role.may_remove_revoked();
            let shut_out = self.judge.stands(leaf, self.members.suite).is_err_and(|refused| is_shut_out(&refused));
            let may = own
                || (shut_out && self.role.may_remove_revoked())
                || self.members.roles.get(leaf.user()).is_some_and(|target| self.role.may_remove(target));
            if !may {
                return Err(self.missing(Right::RemoveDevice(leaf.device())));
            }
        }
        Ok(())
    }

    fn check_roles(&self) -> Result<(), Refused> {
        let (old, new, with_leaf) = (self.members.roles, &self.proposed.roles, &self.with_leaf);
        for (user, is) in new.iter() {
            let was = old.get(user);
            if was != Some(is) && !self.role.may_assign(was, is) {
                let right = if was.is_none() { Right::AddPerson(user, is) } else { Right::ChangeRole(user, is) };
                return Err(self.missing(right));
            }
            if was.is_none() && !with_leaf.contains(&user) {
                return Err(Refused::WithoutDevice(user));
            }
        }
        for (user, was) in old.iter().filter(|(user, _)| new.get(*user).is_none()) {
            if with_leaf.contains(&user) {
                return Err(Refused::WithoutRole(user));
            }
            let shut_out = !self.judge.is_active(user) && self.role.may_remove_revoked();
            if !shut_out && !self.role.may_remove(was) {
                return Err(self.missing(Right::RemovePerson(user)));
            }
        }
        Ok(())
    }

    /// The roster may take the last owner away; no commit may.
    fn check_owner(&self) -> Result<(), Refused> {
        let (old, new) = (self.members.roles, &self.proposed.roles);
        if new.has_owner() {
            return Ok(());
        }
        let unmade = old.iter().any(|(user, role)| role == Role::Owner && self.judge.is_active(user));
        if unmade { Err(Refused::LastOwner) } else { Ok(()) }
    }

    fn missing(&self, right: Right) -> Refused {
        Refused::NotAllowed { user: self.by.user(), role: Some(self.role), right }
    }
}
