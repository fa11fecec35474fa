//! Who may be in a group: the roster, asked by the library for every leaf that comes in.

use std::collections::BTreeSet;
use std::sync::Arc;

use bezel_protocol::roster::{LeafRefused, Roster, Status};
use bezel_protocol::{Suite, UserId};
use mls_rs::identity::{CredentialType, SigningIdentity};
use mls_rs::time::MlsTime;
use mls_rs::{ExtensionList, IdentityProvider};
use mls_rs_core::identity::MemberValidationContext;

use crate::error::Refused;
use crate::leaf::{CERTIFICATE, Leaf};

/// By what leaves are judged: a snapshot of the roster, and the time. For a commit from the log, the roster as of the head that the
/// commit names ([`crate::CommitHeader::roster`]) and the time at which the relay stored it; else the newest and now.
#[derive(Clone, Debug)]
pub struct Judge {
    roster: Arc<Roster>,
    now_ms: i64,
    /// Who has left the conversation and is in its group still.
    left: Arc<BTreeSet<UserId>>,
}

impl Judge {
    /// A judge who knows this roster at this time, milliseconds since the epoch.
    #[must_use]
    pub fn new(roster: Arc<Roster>, now_ms: i64) -> Self {
        Self { roster, now_ms, left: Arc::default() }
    }

    /// The same, where these users have left: they are shut out like whom the roster shuts out.
    #[must_use]
    pub fn without(self, left: BTreeSet<UserId>) -> Self {
        Self { left: Arc::new(left), ..self }
    }

    /// The roster.
    #[must_use]
    pub fn roster(&self) -> &Roster {
        &self.roster
    }

    /// The time, milliseconds since the epoch.
    #[must_use]
    pub const fn now_ms(&self) -> i64 {
        self.now_ms
    }

    /// Whether a leaf may be in a group.
    ///
    /// # Errors
    /// Why not.
    pub fn stands(&self, leaf: &Leaf, suite: Suite) -> Result<(), LeafRefused> {
        self.roster.check_leaf(leaf.certificate().as_bytes(), leaf.key(), suite, self.now_ms)?;
        if self.left.contains(&leaf.user()) { Err(LeafRefused::UserShutOut(leaf.device())) } else { Ok(()) }
    }

    /// Whether the device of a leaf may commit. An ended certificate is forgiven to the old leaf: a commit brings its author's new leaf, and that
    /// is judged by itself. Else whoever was away until then could never take the renewal up.
    ///
    /// # Errors
    /// Why not.
    pub fn may_commit(&self, leaf: &Leaf, suite: Suite) -> Result<(), LeafRefused> {
        match self.stands(leaf, suite) {
            Err(LeafRefused::Expired(_)) => Ok(()),
            judged => judged,
        }
    }

    /// Whether a user may do anything.
    #[must_use]
    pub fn is_active(&self, user: UserId) -> bool {
        self.roster.user(user).is_some_and(|user| user.status == Status::Active) && !self.left.contains(&user)
    }

    fn check(&self, identity: &SigningIdentity, suite: Suite) -> Result<(), LeafRefused> {
        self.stands(&Leaf::read(0, identity)?, suite)
    }
}

/// Authentic once, though no longer welcome.
pub(crate) const fn is_shut_out(refused: &LeafRefused) -> bool {
    matches!(refused, LeafRefused::Revoked(_) | LeafRefused::Expired(_) | LeafRefused::UserShutOut(_))
}

impl IdentityProvider for Judge {
    type Error = Refused;

    fn validate_member(&self, identity: &SigningIdentity, _: Option<MlsTime>, context: MemberValidationContext<'_>) -> Result<(), Refused> {
        let suite = match context {
            MemberValidationContext::ForCommit { current_context, .. } | MemberValidationContext::ForNewGroup { current_context } => {
                Suite::try_from(u16::from(current_context.cipher_suite)).map_err(|_| LeafRefused::Malformed)?
            }
            // Only a stray key package is judged without a group, and none is ever processed.
            _ => return Err(Refused::Leaf(LeafRefused::Malformed)),
        };
        match self.check(identity, suite) {
            Err(refused) if matches!(context, MemberValidationContext::ForNewGroup { .. }) && is_shut_out(&refused) => Ok(()),
            checked => Ok(checked?),
        }
    }

    /// No one outside of the group has a say in it.
    fn validate_external_sender(&self, _: &SigningIdentity, _: Option<MlsTime>, _: Option<&ExtensionList>) -> Result<(), Refused> {
        Err(Refused::ForeignProposal)
    }

    /// One leaf a device.
    fn identity(&self, identity: &SigningIdentity, _: &ExtensionList) -> Result<Vec<u8>, Refused> {
        Ok(Leaf::read(0, identity)?.device().as_bytes().to_vec())
    }

    /// A leaf may change its certificate, never its device.
    fn valid_successor(&self, old: &SigningIdentity, new: &SigningIdentity, _: &ExtensionList) -> Result<bool, Refused> {
        let (old, new) = (Leaf::read(0, old)?, Leaf::read(0, new)?);
        Ok(old.device() == new.device() && old.user() == new.user())
    }

    fn supported_types(&self) -> Vec<CredentialType> {
        vec![CERTIFICATE]
    }
}
