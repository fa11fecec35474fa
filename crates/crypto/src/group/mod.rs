//! Conversations as MLS groups (RFC 9420): one group a conversation, one leaf a device.
//!
//! A [`Group`] is loaded from its stored state for one unit of work, together with the [`Judge`] by whose roster and clock leaves
//! are judged, and written back by [`Group::state`] in the caller's transaction. Nothing is stored here.
//!
//! Rules that every member enforces on every commit, its own included:
//! - A new leaf, and the leaf of whoever commits, stands in the roster: recorded certificate, certified key, not revoked, user active,
//!   certificate in force ([`bezel_protocol::roster::Roster::check_leaf`]). A leaf that is already in the tree when someone joins must
//!   be authentic; if it was shut out since, it is listed by [`Group::shut_out`] for removal instead of blocking the join.
//! - The roles (group-context extension 0xF002) say who may do what; see [`Role`]. Every leaf's user has a role. Only owners and
//!   admins change people and roles, never above themselves. Everyone may add and remove devices of their own.
//! - Owners, admins and members may remove leaves that the roster has shut out, and with the last leaf the role of a person who is
//!   suspended or removed.
//! - A person who is removed leaves the roles. A person who is active keeps the role when a device is removed, be it the last, so
//!   that a restored device can rejoin.
//! - The last owner stays, unless the roster has shut that person out.
//! - An external commit only replaces the leaf of the same device, or adds a device of someone who has a role.
//! - Proposals travel inside commits only, and only add, remove and new roles (and what an external commit needs).

mod change;
mod client;
mod error;
mod header;
mod join;
mod judge;
mod key_package;
mod leaf;
mod receive;
mod roles;
mod rules;
mod storage;

use core::fmt;

pub use change::{Change, CommitUpload, Published};
pub use error::{GroupError, Refused, Right};
pub use header::CommitHeader;
pub use join::Welcome;
pub use judge::Judge;
pub use key_package::{KeyPackage, KeyPackageError, MadeKeyPackage};
pub use leaf::Leaf;
pub use receive::{Applied, RoleChange};
pub use roles::ConversationRoles;

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
    conversation: ConversationId,
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
        Self::wrap(inner, storage, judge)
    }

    /// The state, a pending commit of ours included. It holds private keys. Earlier epochs' secrets are not in it.
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
        self.conversation
    }

    /// The suite.
    #[must_use]
    pub const fn suite(&self) -> Suite {
        self.suite
    }

    /// The epoch.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.inner.current_epoch()
    }

    /// The key of the epoch.
    ///
    /// # Errors
    /// When the library can't export it.
    pub fn epoch_key(&self) -> Result<EpochKey, GroupError> {
        let exported = self.inner.export_secret(EXPORTER_LABEL, &[], 32).map_err(GroupError::from_library)?;
        let secret = Secret::from_slice(exported.as_bytes()).ok_or(GroupError::Malformed("exported key"))?;
        Ok(EpochKey::new(self.conversation, self.epoch(), secret))
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

    /// Every person with a role, by user: what a commit's `members` must say.
    ///
    /// # Errors
    /// As [`Self::roles`].
    pub fn members(&self) -> Result<Vec<(UserId, Role)>, GroupError> {
        Ok(self.roles()?.iter().collect())
    }

    /// Every device with a leaf and its user, by device: what a commit's `devices` must say.
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
        let conversation = ConversationId::from_slice(inner.group_id()).ok_or(GroupError::Malformed("group id"))?;
        let suite = Suite::try_from(u16::from(inner.cipher_suite())).map_err(|_| GroupError::Malformed("cipher suite"))?;
        Ok(Self { inner, storage, judge, conversation, suite })
    }
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Group({}, epoch {}, ..)", self.conversation, self.epoch())
    }
}

/// The label of the exporter.
const EXPORTER_LABEL: &[u8] = b"bezel/conversation";

type Wiped = Zeroizing<Vec<u8>>;
