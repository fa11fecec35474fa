//! A group followed by its public handshakes.

use std::collections::BTreeSet;

use bezel_protocol::log::Leave;
use bezel_protocol::wire::Bytes;
use bezel_protocol::{ConversationId, DeviceId, Hash, Role, Suite, UserId, cbor};
use mls_rs::MlsMessage;
use mls_rs::extension::ExtensionType;
use mls_rs::external_client::builder::{ExternalBaseConfig, WithCryptoProvider, WithIdentityProvider, WithMlsRules};
use mls_rs::external_client::{ExternalClient, ExternalGroup, ExternalReceivedMessage, ExternalSnapshot};
use mls_rs::group::{CommitEffect, ExportedTree, GroupContext};
use serde::{Deserialize, Serialize};

use crate::begin::begin;
use crate::changing::Changing;
use crate::entry::CommitEntry;
use crate::error::ObserveError;
use crate::group_id::GroupId;
use crate::judge::Judge;
use crate::keys::{check_keys, check_way_back};
use crate::leaf::Leaf;
use crate::leave::{Standing, check_leave};
use crate::public::PublicCrypto;
use crate::roles::{ConversationRoles, ROLES};
use crate::time::mls_time;

pub(crate) type Config = WithMlsRules<Changing, WithIdentityProvider<Changing, WithCryptoProvider<PublicCrypto, ExternalBaseConfig>>>;

pub(crate) fn client(judge: &Changing) -> ExternalClient<Config> {
    ExternalClient::builder()
        .crypto_provider(PublicCrypto)
        .identity_provider(judge.clone())
        .mls_rules(judge.clone())
        .extension_type(ROLES)
        .cache_proposals(false)
        .build()
}

/// What a commit did, as everyone can see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// Whose it was, as the leaf is afterwards.
    pub committer: Leaf,
    /// The devices that came in by a welcome; the one that came by an external commit is not among them.
    pub added: Vec<DeviceId>,
}

/// A conversation's group, followed without any of its keys.
#[derive(Clone)]
pub struct Observer {
    group: ExternalGroup<Config>,
    judge: Changing,
    id: GroupId,
    suite: Suite,
    /// Who has left and is in the group still.
    left: BTreeSet<UserId>,
}

/// What is kept of an observer.
#[derive(Serialize, Deserialize)]
struct Kept {
    group: Bytes,
    left: BTreeSet<UserId>,
}

impl core::fmt::Debug for Observer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Observer({}, epoch {}, ..)", self.id.conversation, self.group.group_context().epoch())
    }
}

impl Observer {
    /// Judges the first entry of a log. [`Self::conversation`] follows from its bytes: compare it.
    ///
    /// # Errors
    /// [`ObserveError::Malformed`] when it is no beginning, [`ObserveError::Refused`] when its device or user may not begin one.
    pub fn begin(bytes: &[u8], judge: Judge) -> Result<Self, ObserveError> {
        let judge = Changing::new(judge);
        let (begin, group) = begin(bytes, &judge)?;
        Ok(Self { group, judge, id: GroupId::first(begin.conversation()), suite: begin.suite, left: BTreeSet::new() })
    }

    /// Loads what [`Self::snapshot`] gave. The bytes are believed: keep them where nobody else writes.
    ///
    /// # Errors
    /// [`ObserveError::Malformed`] when they are no snapshot.
    pub fn load(snapshot: &[u8], judge: Judge) -> Result<Self, ObserveError> {
        let judge = Changing::new(judge);
        let malformed = || ObserveError::Malformed("observer's snapshot");
        let Kept { group, left } = cbor::decode(snapshot).map_err(|_| malformed())?;
        let snapshot = ExternalSnapshot::from_bytes(group.as_ref()).map_err(|_| malformed())?;
        let group = client(&judge).load_group(snapshot).map_err(|_| malformed())?;
        let id = GroupId::from_slice(group.group_context().group_id())?;
        let suite = Suite::try_from(u16::from(group.group_context().cipher_suite())).map_err(|_| malformed())?;
        Ok(Self { group, judge, id, suite, left })
    }

    /// The state: public, and as large as the tree.
    ///
    /// # Errors
    /// When the library can't write it.
    pub fn snapshot(&self) -> Result<Vec<u8>, ObserveError> {
        let group = self.group.snapshot().to_bytes().map_err(ObserveError::from_library)?;
        Ok(cbor::encode(&Kept { group: Bytes(group), left: self.left.clone() }))
    }

    /// Judges the commit that ends the epoch, and goes on into the next one. Refused, it changes nothing. `judge` knows the roster that the
    /// commit names, which is that of the entry's stamp, and the time at which the relay stored it; both are the caller's to compare.
    ///
    /// # Errors
    /// Why it is no step of this group.
    pub fn apply(&mut self, commit: &CommitEntry, judge: Judge) -> Result<Observed, ObserveError> {
        commit.follows(self.id, self.epoch())?;
        let at = mls_time(judge.now_ms());
        self.judge.set(judge.without(self.left.clone()));
        let before: BTreeSet<DeviceId> = self.leaves()?.iter().map(Leaf::device).collect();
        // Worked out on a copy, so that a refused commit leaves no trace.
        let mut group = self.group.clone();
        let received = group.process_incoming_message_with_time(commit.message().clone(), at).map_err(ObserveError::from_library)?;
        let ExternalReceivedMessage::Commit(description) = received else { return Err(ObserveError::Malformed("commit")) };
        let CommitEffect::NewEpoch(_) = description.effect else { return Err(ObserveError::Malformed("commit")) };
        let member = group.roster().member_with_index(description.committer).map_err(ObserveError::from_library)?;
        let committer = Leaf::read(member.index, &member.signing_identity)?;
        self.judge.get().stands(&committer, self.suite)?;
        check_keys(Some(&self.group.exported_tree()), &group.exported_tree(), self.suite)?;
        self.group = group;
        let roles = self.roles()?;
        self.left.retain(|user| roles.get(*user).is_some());
        let by_itself = commit.is_external().then(|| committer.device());
        let is_new = |device: &DeviceId| !before.contains(device) && Some(*device) != by_itself;
        let added = self.devices()?.into_iter().map(|(_, device)| device).filter(is_new).collect();
        Ok(Observed { committer, added })
    }

    /// Judges an entry by which a user leaves: from now on that user is shut out here.
    ///
    /// # Errors
    /// As for [`check_leave`].
    pub fn leave(&mut self, leave: &Leave, judge: Judge) -> Result<UserId, ObserveError> {
        let judge = judge.without(self.left.clone());
        let (leaves, roles) = (self.leaves()?, self.roles()?);
        let standing = Standing { group: self.id, epoch: self.epoch(), suite: self.suite, leaves: &leaves, roles: &roles };
        let user = check_leave(leave, &standing, &judge)?;
        self.left.insert(user);
        Ok(user)
    }

    /// Checks group info of the newest epoch: its context, its confirmation tag, its signature, and that it allows an external commit, by a key
    /// to which it can be sealed, and holds nothing else. Returns who signed it.
    ///
    /// # Errors
    /// [`ObserveError::GroupInfo`].
    pub fn check_group_info(&self, group_info: &[u8]) -> Result<Leaf, ObserveError> {
        if !group_info.starts_with(&[0, 1]) {
            return Err(ObserveError::GroupInfo);
        }
        let message = MlsMessage::from_bytes(group_info).map_err(|_| ObserveError::GroupInfo)?;
        let mut copy = self.group.clone();
        let ExternalReceivedMessage::GroupInfo(info) = copy.process_incoming_message(message).map_err(|_| ObserveError::GroupInfo)? else {
            return Err(ObserveError::GroupInfo);
        };
        let held: Vec<_> = info.extensions().iter().map(|extension| extension.extension_type).collect();
        // The first group info of a conversation holds the tree as well.
        let is_first = self.group.group_context().epoch() == 0 && held.len() == 2 && held.contains(&ExtensionType::RATCHET_TREE);
        if !(held.contains(&ExtensionType::EXTERNAL_PUB) && (held.len() == 1 || is_first)) {
            return Err(ObserveError::GroupInfo);
        }
        check_way_back(info.extensions(), self.suite)?;
        let member = self.group.roster().member_with_index(info.sender()).map_err(|_| ObserveError::GroupInfo)?;
        Ok(Leaf::read(member.index, &member.signing_identity)?)
    }

    /// Checks the group info that came with the commit that was applied last: it is the one that the author signed.
    ///
    /// # Errors
    /// [`ObserveError::GroupInfo`].
    pub fn check_published(&self, commit: &CommitEntry, group_info: &[u8]) -> Result<(), ObserveError> {
        if Hash::of(group_info) != commit.group_info() {
            return Err(ObserveError::GroupInfo);
        }
        let signer = self.check_group_info(group_info)?;
        if signer.device() == commit.author().device() { Ok(()) } else { Err(ObserveError::GroupInfo) }
    }

    /// The group.
    #[must_use]
    pub const fn id(&self) -> GroupId {
        self.id
    }

    /// The conversation.
    #[must_use]
    pub const fn conversation(&self) -> ConversationId {
        self.id.conversation
    }

    /// The suite.
    #[must_use]
    pub const fn suite(&self) -> Suite {
        self.suite
    }

    /// The epoch of the conversation.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.id.epoch(self.group.group_context().epoch())
    }

    /// The group's context: group, epoch, tree, transcript, roles.
    #[must_use]
    pub fn context(&self) -> &GroupContext {
        self.group.group_context()
    }

    /// The ratchet tree of the newest epoch.
    #[must_use]
    pub fn tree(&self) -> ExportedTree<'static> {
        self.group.exported_tree().into_owned()
    }

    /// Who has left and is in the group still.
    #[must_use]
    pub const fn left(&self) -> &BTreeSet<UserId> {
        &self.left
    }

    /// Every leaf, by index.
    ///
    /// # Errors
    /// [`ObserveError::Refused`] when a credential can't be read; none such gets in.
    pub fn leaves(&self) -> Result<Vec<Leaf>, ObserveError> {
        self.group.roster().members_iter().map(|member| Leaf::read(member.index, &member.signing_identity).map_err(Into::into)).collect()
    }

    /// Every device and its user, by device; without whom has left.
    ///
    /// # Errors
    /// As [`Self::leaves`].
    pub fn devices(&self) -> Result<Vec<(UserId, DeviceId)>, ObserveError> {
        let leaves = self.leaves()?;
        let staying = leaves.iter().filter(|leaf| !self.left.contains(&leaf.user()));
        let mut devices: Vec<_> = staying.map(|leaf| (leaf.user(), leaf.device())).collect();
        devices.sort_unstable_by_key(|(_, device)| *device);
        Ok(devices)
    }

    /// Everyone with a role, by user; without whom has left.
    ///
    /// # Errors
    /// [`ObserveError::Refused`] when the roles can't be read; none such get in.
    pub fn members(&self) -> Result<Vec<(UserId, Role)>, ObserveError> {
        Ok(self.roles()?.iter().filter(|(user, _)| !self.left.contains(user)).collect())
    }

    /// The role as which a person acts ([`ConversationRoles::acting`]), as this judge knows the roster; `None` for whom is out or has left.
    ///
    /// # Errors
    /// As [`Self::members`].
    pub fn acting(&self, user: UserId, judge: &Judge) -> Result<Option<Role>, ObserveError> {
        if self.left.contains(&user) {
            return Ok(None);
        }
        let judge = judge.clone().without(self.left.clone());
        Ok(self.roles()?.acting(user, &self.leaves()?, &judge))
    }

    fn roles(&self) -> Result<ConversationRoles, ObserveError> {
        Ok(ConversationRoles::read(self.group.group_context().extensions())?)
    }
}
