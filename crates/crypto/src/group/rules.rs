//! Who may do what in a group: asked by the library for every commit, received or our own, before anything of it is applied.

use std::collections::BTreeSet;

use bezel_protocol::roster::LeafRefused;
use bezel_protocol::{Role, Suite, UserId};
use mls_rs::MlsRules;
use mls_rs::group::{GroupContext, Roster as Members};
use mls_rs::mls_rules::{CommitDirection, CommitOptions, CommitSource, EncryptionOptions, ProposalBundle};

use super::error::{Refused, Right};
use super::judge::{Judge, is_shut_out};
use super::leaf::Leaf;
use super::roles::ConversationRoles;

#[derive(Clone, Debug)]
pub(super) struct Rules {
    judge: Judge,
}

impl Rules {
    pub(super) const fn new(judge: Judge) -> Self {
        Self { judge }
    }
}

impl MlsRules for Rules {
    type Error = Refused;

    fn filter_proposals(
        &self,
        _: CommitDirection,
        source: CommitSource,
        members: &Members<'_>,
        context: &GroupContext,
        proposals: ProposalBundle,
    ) -> Result<ProposalBundle, Refused> {
        let suite = Suite::try_from(u16::from(context.cipher_suite)).map_err(|_| LeafRefused::Malformed)?;
        let leaves =
            members.members_iter().map(|member| Leaf::read(member.index, &member.signing_identity)).collect::<Result<Vec<_>, _>>()?;
        let effect = Effect::read(&leaves, context, &proposals)?;
        match source {
            CommitSource::ExistingMember(member) => {
                let committer = Leaf::read(member.index, &member.signing_identity)?;
                self.judge.stands(&committer, suite)?;
                Commit { judge: &self.judge, suite, by: &committer, effect: &effect }.check()?;
            }
            CommitSource::NewMember(identity) => {
                let newcomer = Leaf::read(0, &identity)?;
                self.judge.stands(&newcomer, suite)?;
                check_external(&newcomer, &leaves, &effect, &proposals)?;
            }
        }
        Ok(proposals)
    }

    /// Every commit renews its author's keys. The tree and the group info go to the relay once, not into every welcome.
    fn commit_options(&self, _: &Members<'_>, _: &GroupContext, _: &ProposalBundle) -> Result<CommitOptions, Refused> {
        Ok(CommitOptions::new()
            .with_path_required(true)
            .with_ratchet_tree_extension(false)
            .with_single_welcome_message(false)
            .with_allow_external_commit(true)
            .with_always_out_of_band_ratchet_tree(true))
    }

    /// Handshakes are public messages: the relay orders them.
    fn encryption_options(&self, _: &Members<'_>, _: &GroupContext) -> Result<EncryptionOptions, Refused> {
        Ok(EncryptionOptions::new(false, mls_rs::client_builder::PaddingMode::None))
    }
}

/// What a commit does.
struct Effect {
    added: Vec<Leaf>,
    removed: Vec<Leaf>,
    /// Users who have a leaf afterwards.
    with_leaf: BTreeSet<UserId>,
    old: ConversationRoles,
    new: ConversationRoles,
}

impl Effect {
    fn read(leaves: &[Leaf], context: &GroupContext, proposals: &ProposalBundle) -> Result<Self, Refused> {
        let foreign = !proposals.update_proposals().is_empty()
            || !proposals.psk_proposals().is_empty()
            || !proposals.reinit_proposals().is_empty()
            || proposals.iter_proposals().any(|proposal| proposal.is_by_reference());
        if foreign {
            return Err(Refused::ForeignProposal);
        }
        let added =
            proposals.add_proposals().iter().map(|add| Leaf::read(0, add.proposal.signing_identity())).collect::<Result<Vec<_>, _>>()?;
        let removed_indexes: BTreeSet<u32> = proposals.remove_proposals().iter().map(|remove| remove.proposal.to_remove()).collect();
        let (removed, kept): (Vec<_>, Vec<_>) = leaves.iter().cloned().partition(|leaf| removed_indexes.contains(&leaf.index()));
        let with_leaf = kept.iter().chain(&added).map(Leaf::user).collect();
        let old = ConversationRoles::read(&context.extensions)?;
        let new = match proposals.group_context_ext_proposals() {
            [] => old.clone(),
            [only] => ConversationRoles::read(&only.proposal)?,
            _ => return Err(Refused::ForeignProposal),
        };
        Ok(Self { added, removed, with_leaf, old, new })
    }
}

/// A commit by a member.
struct Commit<'a> {
    judge: &'a Judge,
    suite: Suite,
    by: &'a Leaf,
    effect: &'a Effect,
}

impl Commit<'_> {
    fn check(&self) -> Result<(), Refused> {
        let role = self.effect.old.get(self.by.user()).ok_or(Refused::WithoutRole(self.by.user()))?;
        self.check_added(role)?;
        self.check_removed(role)?;
        self.check_roles(role)?;
        self.check_owner()
    }

    /// New people are checked with their roles; here are devices of people who are there already.
    fn check_added(&self, role: Role) -> Result<(), Refused> {
        for leaf in &self.effect.added {
            let user = leaf.user();
            if self.effect.new.get(user).is_none() {
                return Err(Refused::WithoutRole(user));
            }
            let known = self.effect.old.get(user).is_some();
            if known && user != self.by.user() && !role.administers() {
                return Err(self.missing(role, Right::AddDevice(leaf.device())));
            }
        }
        Ok(())
    }

    fn check_removed(&self, role: Role) -> Result<(), Refused> {
        for leaf in &self.effect.removed {
            let own = leaf.user() == self.by.user();
            let shut_out = self.judge.stands(leaf, self.suite).is_err_and(|refused| is_shut_out(&refused));
            let may = own
                || (shut_out && role.may_remove_revoked())
                || self.effect.old.get(leaf.user()).is_some_and(|target| role.may_remove(target));
            if !may {
                return Err(self.missing(role, Right::RemoveDevice(leaf.device())));
            }
        }
        Ok(())
    }

    fn check_roles(&self, role: Role) -> Result<(), Refused> {
        let Effect { old, new, with_leaf, .. } = self.effect;
        for (user, is) in new.iter() {
            let was = old.get(user);
            if was != Some(is) && !role.may_assign(was, is) {
                let right = if was.is_none() { Right::AddPerson(user, is) } else { Right::ChangeRole(user, is) };
                return Err(self.missing(role, right));
            }
            if was.is_none() && !with_leaf.contains(&user) {
                return Err(Refused::WithoutDevice(user));
            }
        }
        for (user, was) in old.iter().filter(|(user, _)| new.get(*user).is_none()) {
            if with_leaf.contains(&user) {
                return Err(Refused::WithoutRole(user));
            }
            let shut_out = !self.judge.is_active(user) && role.may_remove_revoked();
            if !shut_out && !role.may_remove(was) {
                return Err(self.missing(role, Right::RemovePerson(user)));
            }
        }
        Ok(())
    }

    /// The roster may take the last owner away; no commit may.
    fn check_owner(&self) -> Result<(), Refused> {
        let Effect { old, new, .. } = self.effect;
        if new.has_owner() {
            return Ok(());
        }
        let unmade = old.iter().any(|(user, role)| role == Role::Owner && self.judge.is_active(user));
        if unmade { Err(Refused::LastOwner) } else { Ok(()) }
    }

    fn missing(&self, role: Role, right: Right) -> Refused {
        Refused::NotAllowed { user: self.by.user(), role: Some(role), right }
    }
}

/// An external commit: the same device comes back, or another device of someone who has a role comes in.
fn check_external(newcomer: &Leaf, leaves: &[Leaf], effect: &Effect, proposals: &ProposalBundle) -> Result<(), Refused> {
    let user = newcomer.user();
    if effect.old.get(user).is_none() {
        return Err(Refused::NotAllowed { user, role: None, right: Right::Rejoin });
    }
    if !effect.added.is_empty() || !proposals.group_context_ext_proposals().is_empty() {
        return Err(Refused::ForeignProposal);
    }
    let own: Vec<_> = leaves.iter().filter(|leaf| leaf.device() == newcomer.device()).collect();
    if effect.removed.iter().collect::<Vec<_>>() == own { Ok(()) } else { Err(Refused::ForeignLeaf(newcomer.device())) }
}
