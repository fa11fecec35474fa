//! Conversations as MLS groups (RFC 9420): one group a conversation at a time, one leaf a device.
//!
//! A [`Group`] is loaded from its stored state for one unit of work, together with the [`Judge`] by whose roster and clock leaves
//! are judged, and written back by [`Group::state`] in the caller's transaction. Nothing is stored here.
//!
//! What a commit may do is judged by the rules of `bezel-observer`, which the relay asks as well. A group is joined only where an
//! [`Observer`] has followed the conversation's log to it.

mod change;
mod client;
mod error;
mod join;
mod key_package;
mod leave;
mod receive;
mod storage;

use core::fmt;

pub use bezel_observer::{
    CommitEntry, CommitHeader, ConversationRoles, GroupId, Judge, Leaf, ObserveError, Observed, Observer, Refused, Right,
};
pub use change::{Change, NewCommit};
pub use error::GroupError;
pub use join::Welcome;
pub use key_package::{KeyPackage, KeyPackageError, MadeKeyPackage};
pub use receive::{Applied, RoleChange};

use bezel_protocol::roster::LeafRefused;
use bezel_protocol::{ConversationId, DeviceId, Hash, Role, Suite, UserId};
use zeroize::Zeroizing;

use crate::secret::{Secret, SecretBytes};
use client::Config;
use storage::Storage;

/// The key of a conversation in one epoch: MLS exporter, label "bezel/conversation", empty context, 32 bytes.
#[derive(Debug, PartialEq, Eq)]
pub struct EpochKey {
    conversation: ConversationId,
    epoch: u64,
    secret: Secret<32>,
}

impl EpochKey {
    /// An epoch key from the encrypted store.
    #[must_use]
    pub const fn new(conversation: ConversationId, epoch: u64, secret: Secret<32>) -> Self {
        Self { conversation, epoch, secret }
    }

    /// The conversation.
    #[must_use]
    pub const fn conversation(&self) -> ConversationId {
        self.conversation
    }

    /// The epoch.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The key, for the encrypted store.
    #[must_use]
    pub const fn secret(&self) -> &Secret<32> {
        &self.secret
    }
}

/// A conversation's group, as this device sees it.
pub struct Group {
    inner: mls_rs::Group<Config>,
    storage: Storage,
    judge: Judge,
    id: GroupId,
    suite: Suite,
}

impl Group {
    /// Loads a group from what [`Self::state`] gave.
    ///
    /// # Errors
    /// [`GroupError::Malformed`] when the bytes are no state of ours.
    pub fn load(state: &[u8], conversation: ConversationId, judge: Judge) -> Result<Self, GroupError> {
        let storage = Storage::with_state(state);
        let inner = client::reader(&judge, &storage).load_group(conversation.as_bytes()).map_err(GroupError::from_library)?;
        let group = Self::wrap(inner, storage, judge)?;
        group.is_of(conversation)?;
        Ok(group)
    }

    /// The state. It holds private keys. Earlier epochs' secrets are not in it.
    ///
    /// # Errors
    /// When the library can't write it.
    pub fn state(&mut self) -> Result<SecretBytes, GroupError> {
        self.inner.write_to_storage().map_err(GroupError::from_library)?;
        self.storage.take_state().ok_or(GroupError::Malformed("state"))
    }

    /// The conversation.
    #[must_use]
    pub const fn conversation(&self) -> ConversationId {
        self.id.conversation
    }

    /// The group.
    #[must_use]
    pub const fn id(&self) -> GroupId {
        self.id
    }

    /// The suite.
    #[must_use]
    pub const fn suite(&self) -> Suite {
        self.suite
    }

    /// The epoch of the conversation.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.id.epoch(self.inner.current_epoch())
    }

    /// The key of the epoch.
    ///
    /// # Errors
    /// When the library can't export it.
    pub fn epoch_key(&self) -> Result<EpochKey, GroupError> {
        let exported = self.inner.export_secret(EXPORTER_LABEL, &[], 32).map_err(GroupError::from_library)?;
        let secret = Secret::from_slice(exported.as_bytes()).ok_or(GroupError::Malformed("exported key"))?;
        Ok(EpochKey::new(self.id.conversation, self.epoch(), secret))
    }

    /// SHA-256 of the epoch authenticator (RFC 9420 §8.7): equal for all who see the same group.
    ///
    /// # Errors
    /// When the library has none.
    pub fn epoch_authenticator(&self) -> Result<Hash, GroupError> {
        let authenticator = self.inner.epoch_authenticator().map_err(GroupError::from_library)?;
        Ok(Hash::of(authenticator.as_bytes()))
    }

    /// Every leaf, by index.
    ///
    /// # Errors
    /// [`GroupError::Malformed`] when a credential can't be read; none such gets in.
    pub fn leaves(&self) -> Result<Vec<Leaf>, GroupError> {
        self.inner
            .roster()
            .members_iter()
            .map(|member| Leaf::read(member.index, &member.signing_identity).map_err(GroupError::from))
            .collect()
    }

    /// The leaf of this device.
    ///
    /// # Errors
    /// As [`Self::leaves`].
    pub fn own_leaf(&self) -> Result<Leaf, GroupError> {
        let identity = self.inner.current_member_signing_identity().map_err(GroupError::from_library)?;
        Ok(Leaf::read(self.inner.current_member_index(), identity)?)
    }

    /// The roles.
    ///
    /// # Errors
    /// [`GroupError::Malformed`] when the group has none; none such is joined.
    pub fn roles(&self) -> Result<ConversationRoles, GroupError> {
        Ok(ConversationRoles::read(&self.inner.context().extensions)?)
    }

    /// Every person with a role, by user.
    ///
    /// # Errors
    /// As [`Self::roles`].
    pub fn members(&self) -> Result<Vec<(UserId, Role)>, GroupError> {
        Ok(self.roles()?.iter().collect())
    }

    /// Every device with a leaf and its user, by device.
    ///
    /// # Errors
    /// As [`Self::leaves`].
    pub fn devices(&self) -> Result<Vec<(UserId, DeviceId)>, GroupError> {
        let mut devices: Vec<_> = self.leaves()?.iter().map(|leaf| (leaf.user(), leaf.device())).collect();
        devices.sort_unstable_by_key(|(_, device)| *device);
        Ok(devices)
    }

    /// The leaves that the roster has shut out since they came in, and why. Whoever may removes them at once ([`Change::purge`]).
    ///
    /// # Errors
    /// As [`Self::leaves`].
    pub fn shut_out(&self) -> Result<Vec<(Leaf, LeafRefused)>, GroupError> {
        let shut_out = |leaf: Leaf| self.judge.stands(&leaf, self.suite).err().map(|why| (leaf, why));
        Ok(self.leaves()?.into_iter().filter_map(shut_out).collect())
    }

    fn wrap(inner: mls_rs::Group<Config>, storage: Storage, judge: Judge) -> Result<Self, GroupError> {
        let id = GroupId::from_slice(inner.group_id())?;
        let suite = Suite::try_from(u16::from(inner.cipher_suite())).map_err(|_| GroupError::Malformed("cipher suite"))?;
        Ok(Self { inner, storage, judge, id, suite })
    }
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Group({}, epoch {}, ..)", self.id.conversation, self.epoch())
    }
}

/// The label of the exporter.
const EXPORTER_LABEL: &[u8] = b"bezel/conversation";

type Wiped = Zeroizing<Vec<u8>>;
