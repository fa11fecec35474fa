//! A stand-in for the group: who is in it and in which epoch, by the real rules; an epoch's key is handed to whoever is in it, and to nobody
//! else.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use bezel_crypto::Secret;
use bezel_crypto::group::EpochKey;
use bezel_observer::{
    ConversationRoles, GroupId, Judge, Leaf, Membership, Proposed, Refused, Standing, check_commit, check_leave, check_return,
};
use bezel_protocol::envelope::RosterHead;
use bezel_protocol::log::{Leave, Place};
use bezel_protocol::roster::LeafRefused;
use bezel_protocol::{ConversationId, DeviceId, Hash, Role, UserId, cbor};
use serde::{Deserialize, Serialize};

use super::workspace::{SUITE, Workspace};

/// A commit. That its author made it is taken for granted here.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Commit {
    pub(crate) epoch: u64,
    pub(crate) author: DeviceId,
    /// By somebody who has no leaf, or replaces the own one.
    is_external: bool,
    /// Whom it lets in, by number.
    pub(crate) added: Vec<usize>,
    /// The indexes of leaves that go.
    removed: Vec<u32>,
    roles: ConversationRoles,
    pub(crate) seen: Place,
    pub(crate) roster: RosterHead,
    /// No two commits are the same bytes.
    salt: u64,
}

/// What a commit shall do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Rotate,
    SetRole(usize, Role),
    Remove(usize),
    Add(usize, Role),
    /// Takes out whom the roster shut out, or who left.
    Purge,
}

/// A group in an epoch, as everyone can see it.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) epoch: u64,
    pub(crate) leaves: Vec<Leaf>,
    pub(crate) roles: ConversationRoles,
    /// Who has left and has a leaf still.
    pub(crate) left: BTreeSet<UserId>,
}

/// What is kept of a group.
#[derive(Serialize, Deserialize)]
struct Kept {
    epoch: u64,
    leaves: Vec<(u32, usize)>,
    roles: ConversationRoles,
    left: BTreeSet<UserId>,
}

impl Group {
    pub(crate) fn begin(workspace: &Workspace, owner: usize) -> Self {
        let roles = ConversationRoles::of_owner(workspace.people[owner].user);
        Self { epoch: 0, leaves: vec![workspace.leaf(0, owner)], roles, left: BTreeSet::new() }
    }

    pub(crate) fn encode(&self, workspace: &Workspace) -> Vec<u8> {
        let leaves = self.leaves.iter().filter_map(|leaf| Some((leaf.index(), workspace.of_device(leaf.device())?))).collect();
        cbor::encode(&Kept { epoch: self.epoch, leaves, roles: self.roles.clone(), left: self.left.clone() })
    }

    pub(crate) fn decode(workspace: &Workspace, bytes: &[u8]) -> Result<Self> {
        let Kept { epoch, leaves, roles, left } = cbor::decode(bytes)?;
        Ok(Self { epoch, leaves: leaves.into_iter().map(|(index, who)| workspace.leaf(index, who)).collect(), roles, left })
    }

    /// Everyone with a role who has not left.
    pub(crate) fn members(&self) -> Vec<(UserId, Role)> {
        self.roles.iter().filter(|(user, _)| !self.left.contains(user)).collect()
    }

    pub(crate) fn role(&self, user: UserId) -> Option<Role> {
        self.roles.get(user).filter(|_| !self.left.contains(&user))
    }

    /// The devices of those who have not left.
    pub(crate) fn devices(&self) -> Vec<(DeviceId, UserId)> {
        let staying = self.leaves.iter().filter(|leaf| !self.left.contains(&leaf.user()));
        staying.map(|leaf| (leaf.device(), leaf.user())).collect()
    }

    pub(crate) fn has_leaf(&self, device: DeviceId) -> bool {
        self.leaves.iter().any(|leaf| leaf.device() == device)
    }

    /// Leaves that are to go by the roster, or since their users left.
    pub(crate) fn shut_out(&self, judge: &Judge) -> Vec<u32> {
        let judge = judge.clone().without(self.left.clone());
        self.leaves.iter().filter(|leaf| judge.stands(leaf, SUITE).is_err()).map(Leaf::index).collect()
    }

    /// Builds a commit, whoever may make it. `None` where there is nothing to do.
    pub(crate) fn commit(
        &self,
        workspace: &Workspace,
        (who, change): (usize, Change),
        (seen, roster): (Place, RosterHead),
        (judge, salt): (&Judge, u64),
    ) -> Option<Commit> {
        let user = |who: usize| workspace.people[who].user;
        let (mut roles, mut added, mut removed) = (self.roles.clone(), Vec::new(), Vec::new());
        match change {
            Change::Rotate => {}
            Change::SetRole(whom, role) => {
                self.roles.get(user(whom)).filter(|before| *before != role)?;
                roles.set(user(whom), role);
            }
            Change::Remove(whom) => {
                self.roles.get(user(whom)).filter(|_| whom != who)?;
                roles.remove(user(whom));
                removed.extend(self.leaves.iter().filter(|leaf| leaf.user() == user(whom)).map(Leaf::index));
            }
            Change::Add(whom, role) => {
                if self.roles.get(user(whom)).is_some() {
                    return None;
                }
                roles.set(user(whom), role);
                added.push(whom);
            }
            Change::Purge => {
                let judge = judge.clone().without(self.left.clone());
                removed = self.shut_out(&judge);
                for (gone, _) in self.roles.iter().filter(|(user, _)| !judge.is_active(*user)) {
                    roles.remove(gone);
                }
                if removed.is_empty() && roles == self.roles {
                    return None;
                }
            }
        }
        let author = workspace.people[who].keys.device();
        Some(Commit { epoch: self.epoch, author, is_external: false, added, removed, roles, seen, roster, salt })
    }

    /// The commit by which a device comes back whose user has a role.
    pub(crate) fn come_back(&self, workspace: &Workspace, who: usize, (seen, roster, salt): (Place, RosterHead, u64)) -> Commit {
        let author = workspace.people[who].keys.device();
        let removed = self.leaves.iter().filter(|leaf| leaf.device() == author).map(Leaf::index).collect();
        let roles = self.roles.clone();
        Commit { epoch: self.epoch, author, is_external: true, added: Vec::new(), removed, roles, seen, roster, salt }
    }

    /// The group behind a commit that ends this epoch, if the rules let it.
    pub(crate) fn apply(&self, workspace: &Workspace, commit: &Commit, judge: &Judge) -> Result<Self, Refused> {
        let judge = judge.clone().without(self.left.clone());
        let members = Membership { suite: SUITE, leaves: &self.leaves, roles: &self.roles };
        let added: Vec<Leaf> = commit.added.iter().map(|who| workspace.leaf(0, *who)).collect();
        let is_gone = |leaf: &&Leaf| commit.removed.contains(&leaf.index());
        let removed = self.leaves.iter().filter(is_gone).cloned().collect();
        let proposed = Proposed { added, removed, roles: commit.roles.clone() };
        let author = workspace.of_device(commit.author).ok_or(LeafRefused::Malformed)?;
        if commit.is_external {
            check_return(&workspace.leaf(0, author), &proposed, &members, &judge)?;
        } else {
            let by = self.leaves.iter().find(|leaf| leaf.device() == commit.author).ok_or(LeafRefused::Malformed)?;
            check_commit(by, &proposed, &members, &judge)?;
        }
        let mut leaves: Vec<Leaf> = self.leaves.iter().filter(|leaf| !is_gone(leaf)).cloned().collect();
        for who in commit.added.iter().copied().chain(commit.is_external.then_some(author)) {
            let free = (0..).find(|index| leaves.iter().all(|leaf| leaf.index() != *index)).unwrap_or_default();
            let leaf = workspace.leaf(free, who);
            // What the library sees to.
            judge.stands(&leaf, SUITE)?;
            if leaves.iter().any(|other| other.device() == leaf.device()) {
                return Err(Refused::ForeignLeaf(leaf.device()));
            }
            leaves.push(leaf);
        }
        let roles = commit.roles.clone();
        let left = self.left.iter().copied().filter(|user| roles.get(*user).is_some()).collect();
        Ok(Self { epoch: self.epoch + 1, leaves, roles, left })
    }

    /// Judges an entry by which somebody leaves.
    pub(crate) fn leave(&mut self, leave: &Leave, judge: &Judge) -> Result<UserId> {
        let judge = judge.clone().without(self.left.clone());
        let (group, epoch) = (GroupId::first(leave.conversation), self.epoch);
        let standing = Standing { group, epoch, suite: SUITE, leaves: &self.leaves, roles: &self.roles };
        let user = check_leave(leave, &standing, &judge)?;
        self.left.insert(user);
        Ok(user)
    }
}

/// The key of the epoch that an entry began, and what stands for its authenticator: for a device that has a leaf in it, and for nobody else.
pub(crate) fn open_epoch(conversation: ConversationId, group: &Group, entry: Hash, device: DeviceId) -> Result<(EpochKey, Hash)> {
    ensure!(group.has_leaf(device), "who is not in an epoch gets no key");
    let hash = |label: &[u8]| Hash::of(&[label, entry.as_bytes()].concat());
    let secret = Secret::from_slice(hash(b"key").as_bytes()).context("a key")?;
    Ok((EpochKey::new(conversation, group.epoch, secret), hash(b"authenticator")))
}
