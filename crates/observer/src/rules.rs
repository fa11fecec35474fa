//! Who may do what in a group: asked by the library for every commit, received or our own, before anything of it is applied.

use std::collections::BTreeSet;

use bezel_protocol::Suite;
use bezel_protocol::roster::LeafRefused;
use mls_rs::MlsRules;
use mls_rs::group::{GroupContext, Roster as Members};
use mls_rs::mls_rules::{CommitDirection, CommitOptions, CommitSource, EncryptionOptions, ProposalBundle};

use crate::commit::{Membership, Proposed, check_commit, check_return};
use crate::error::Refused;
use crate::judge::Judge;
use crate::leaf::Leaf;
use crate::roles::ConversationRoles;

/// The rules, for the library to ask: of an observer's group and of a member's alike.
#[derive(Clone, Debug)]
pub struct Rules {
    judge: Judge,
}

impl Rules {
    /// The rules as this judge applies them.
    #[must_use]
    pub const fn new(judge: Judge) -> Self {
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
        let roles = ConversationRoles::read(&context.extensions)?;
        let members = Membership { suite, leaves: &leaves, roles: &roles };
        let proposed = read(&members, &proposals)?;
        match source {
            CommitSource::ExistingMember(member) => {
                check_commit(&Leaf::read(member.index, &member.signing_identity)?, &proposed, &members, &self.judge)?;
            }
            CommitSource::NewMember(_) if !proposals.group_context_ext_proposals().is_empty() => return Err(Refused::ForeignProposal),
            CommitSource::NewMember(identity) => check_return(&Leaf::read(0, &identity)?, &proposed, &members, &self.judge)?,
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

/// What a commit proposes.
fn read(members: &Membership<'_>, proposals: &ProposalBundle) -> Result<Proposed, Refused> {
    let foreign = !proposals.update_proposals().is_empty()
        || !proposals.psk_proposals().is_empty()
        || !proposals.reinit_proposals().is_empty()
        || proposals.iter_proposals().any(|proposal| proposal.is_by_reference());
    if foreign {
        return Err(Refused::ForeignProposal);
    }
    let added =
        proposals.add_proposals().iter().map(|add| Leaf::read(0, add.proposal.signing_identity())).collect::<Result<Vec<_>, _>>()?;
    let removed: BTreeSet<u32> = proposals.remove_proposals().iter().map(|remove| remove.proposal.to_remove()).collect();
    let removed = members.leaves.iter().filter(|leaf| removed.contains(&leaf.index())).cloned().collect();
    let roles = match proposals.group_context_ext_proposals() {
        [] => members.roles.clone(),
        [only] => ConversationRoles::read(&only.proposal)?,
        _ => return Err(Refused::ForeignProposal),
    };
    Ok(Proposed { added, removed, roles })
}
