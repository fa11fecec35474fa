//! A judge that is another one for each entry: the library keeps its configuration for as long as it keeps a group.

use std::sync::{Arc, PoisonError, RwLock};

use mls_rs::group::{GroupContext, Roster as Members};
use mls_rs::identity::{CredentialType, SigningIdentity};
use mls_rs::mls_rules::{CommitDirection, CommitOptions, CommitSource, EncryptionOptions, ProposalBundle};
use mls_rs::time::MlsTime;
use mls_rs::{ExtensionList, IdentityProvider, MlsRules};
use mls_rs_core::identity::MemberValidationContext;

use crate::error::Refused;
use crate::judge::Judge;
use crate::rules::Rules;

/// The judge of the entry that is being judged.
#[derive(Clone, Debug)]
pub(crate) struct Changing(Arc<RwLock<Judge>>);

impl Changing {
    pub(crate) fn new(judge: Judge) -> Self {
        Self(Arc::new(RwLock::new(judge)))
    }

    pub(crate) fn set(&self, judge: Judge) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = judge;
    }

    pub(crate) fn get(&self) -> Judge {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn rules(&self) -> Rules {
        Rules::new(self.get())
    }
}

impl IdentityProvider for Changing {
    type Error = Refused;

    fn validate_member(
        &self,
        identity: &SigningIdentity,
        at: Option<MlsTime>,
        context: MemberValidationContext<'_>,
    ) -> Result<(), Refused> {
        self.get().validate_member(identity, at, context)
    }

    fn validate_external_sender(
        &self,
        identity: &SigningIdentity,
        at: Option<MlsTime>,
        extensions: Option<&ExtensionList>,
    ) -> Result<(), Refused> {
        self.get().validate_external_sender(identity, at, extensions)
    }

    fn identity(&self, identity: &SigningIdentity, extensions: &ExtensionList) -> Result<Vec<u8>, Refused> {
        self.get().identity(identity, extensions)
    }

    fn valid_successor(&self, old: &SigningIdentity, new: &SigningIdentity, extensions: &ExtensionList) -> Result<bool, Refused> {
        self.get().valid_successor(old, new, extensions)
    }

    fn supported_types(&self) -> Vec<CredentialType> {
        self.get().supported_types()
    }
}

impl MlsRules for Changing {
    type Error = Refused;

    fn filter_proposals(
        &self,
        direction: CommitDirection,
        source: CommitSource,
        members: &Members<'_>,
        context: &GroupContext,
        proposals: ProposalBundle,
    ) -> Result<ProposalBundle, Refused> {
        self.rules().filter_proposals(direction, source, members, context, proposals)
    }

    fn commit_options(&self, members: &Members<'_>, context: &GroupContext, proposals: &ProposalBundle) -> Result<CommitOptions, Refused> {
        self.rules().commit_options(members, context, proposals)
    }

    fn encryption_options(&self, members: &Members<'_>, context: &GroupContext) -> Result<EncryptionOptions, Refused> {
        self.rules().encryption_options(members, context)
    }
}
