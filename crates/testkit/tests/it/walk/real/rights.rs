//! Who changed what in the group, and whether that was their right.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use bezel_protocol::{Role, UserId};

use super::scene::Scene;
use super::step::Step;

/// The roles before a step.
pub(crate) struct Before {
    members: BTreeMap<UserId, Role>,
    last: u64,
    changes: usize,
}

impl Before {
    pub(crate) fn of(scene: &Scene) -> Self {
        Self { members: scene.ledger.members.clone(), last: scene.ledger.last, changes: scene.ledger.commits.len() }
    }

    /// What one commit changed its author had the right to change.
    pub(crate) fn check(&self, scene: &Scene, step: Step) -> Result<()> {
        let ledger = &scene.ledger;
        ensure!(self.last <= ledger.last, "the log never shrinks");
        let stands = |user: &UserId| scene.people.iter().any(|person| person.user == *user && !person.is_suspended);
        let has_owner = self.members.iter().any(|(user, role)| *role == Role::Owner && stands(user));
        let [author] = step.people()[..] else { return Ok(()) };
        // Where no owner stands others act as owners; of several commits each has another past.
        if !has_owner || ledger.commits.len() != self.changes + 1 {
            return Ok(());
        }
        let author = scene.people[author].user;
        let role = self.members.get(&author).copied();
        for user in self.members.keys().chain(ledger.members.keys()) {
            let (was, is) = (self.members.get(user).copied(), ledger.role(*user));
            let by_right = match (was, is) {
                (was, Some(is)) if was != Some(is) => role.is_some_and(|role| role.may_assign(was, is)),
                (Some(was), None) => role.is_some_and(|role| role.may_remove(was) || (role.may_remove_revoked() && !stands(user))),
                _ => true,
            };
            ensure!(by_right, "{author}, who is {role:?}, made {user} {is:?}, who was {was:?}");
        }
        Ok(())
    }
}
