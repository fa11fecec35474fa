//! Changing a group: a commit is built, uploaded, and applied only when the relay has accepted it.

use bezel_protocol::{ConversationId, DeviceId, Role, SignedCertificate, UserId, cbor};
use mls_rs::MlsMessage;
use mls_rs::group::CommitOutput;

use super::error::GroupError;
use super::key_package::KeyPackage;
use super::receive::Applied;
use super::{Group, client, leaf};
use crate::device::DeviceKeys;

/// What a commit shall do. An empty one rotates the keys; so does every other.
#[derive(Debug, Default)]
pub struct Change<'a> {
    add: Vec<KeyPackage>,
    remove_devices: Vec<DeviceId>,
    remove_users: Vec<UserId>,
    roles: Vec<(UserId, Role)>,
    purge: bool,
    renew: Option<(&'a DeviceKeys, &'a SignedCertificate)>,
}

impl<'a> Change<'a> {
    /// New keys, nothing else.
    #[must_use]
    pub fn rotate() -> Self {
        Self::default()
    }

    /// Lets a person in, with a role and the key packages of their devices.
    #[must_use]
    pub fn add_user(mut self, user: UserId, role: Role, devices: impl IntoIterator<Item = KeyPackage>) -> Self {
        self.roles.push((user, role));
        self.add.extend(devices);
        self
    }

    /// Lets in a device of someone who is there already.
    #[must_use]
    pub fn add_device(mut self, device: KeyPackage) -> Self {
        self.add.push(device);
        self
    }

    /// Removes a person: all leaves and the role.
    #[must_use]
    pub fn remove_user(mut self, user: UserId) -> Self {
        self.remove_users.push(user);
        self
    }

    /// Removes a device; its user stays.
    #[must_use]
    pub fn remove_device(mut self, device: DeviceId) -> Self {
        self.remove_devices.push(device);
        self
    }

    /// Gives someone who is there another role.
    #[must_use]
    pub fn role(mut self, user: UserId, role: Role) -> Self {
        self.roles.push((user, role));
        self
    }

    /// Removes every leaf that the roster has shut out, and the roles of people who are suspended or removed.
    #[must_use]
    pub const fn purge(mut self) -> Self {
        self.purge = true;
        self
    }

    /// Takes a renewed certificate of this device into its leaf.
    #[must_use]
    pub const fn renew(mut self, device: &'a DeviceKeys, certificate: &'a SignedCertificate) -> Self {
        self.renew = Some((device, certificate));
        self
    }
}

/// A commit for the relay.
#[derive(Clone, Debug)]
pub struct CommitUpload {
    /// The conversation.
    pub conversation: ConversationId,
    /// The epoch that it starts from.
    pub epoch: u64,
    /// The commit.
    pub commit: Vec<u8>,
    /// What is public of the group after it.
    pub published: Published,
    /// For each device that was added, its welcome.
    pub welcomes: Vec<(DeviceId, Vec<u8>)>,
    /// Everyone after it.
    pub members: Vec<(UserId, Role)>,
    /// Every device after it.
    pub devices: Vec<(UserId, DeviceId)>,
}

/// What the relay keeps once of a group, for joins and rejoins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// A GroupInfo that allows external commits, without the tree.
    pub group_info: Vec<u8>,
    /// The ratchet tree.
    pub ratchet_tree: Vec<u8>,
}

impl Group {
    /// Builds a commit and keeps it pending in the state. Store the state, then upload; then [`Self::accept`] when the relay took it,
    /// or [`Self::process`] the commit that won. After a crash in between, [`Self::process`] recognises the commit as our own.
    ///
    /// # Errors
    /// When the rules refuse it, a commit is pending already, or someone is not in the group.
    pub fn commit(&mut self, change: Change<'_>) -> Result<CommitUpload, GroupError> {
        let removed = self.leaves_to_remove(&change)?;
        let roles = self.roles_after(&change)?;
        let epoch = self.epoch();
        let head = cbor::encode(&self.judge.roster().head());
        let mut builder = self.inner.commit_builder().authenticated_data(head).commit_time(client::mls_time(self.judge.now_ms()));
        for index in removed {
            builder = builder.remove_member(index).map_err(GroupError::from_library)?;
        }
        let mut awaited = Vec::new();
        for key_package in change.add {
            awaited.push((key_package.reference.clone(), key_package.device()));
            builder = builder.add_member(key_package.message).map_err(GroupError::from_library)?;
        }
        if let Some(roles) = roles {
            builder = builder.set_group_context_ext(roles.to_extensions()?).map_err(GroupError::from_library)?;
        }
        if let Some((device, certificate)) = change.renew {
            let (secret, public) = device.leaf(self.suite);
            builder = builder.set_new_signing_identity(secret, leaf::signing_identity(certificate, public));
        }
        let output = builder.build().map_err(GroupError::from_library)?;
        self.upload(epoch, output, &awaited)
    }

    /// Whether a commit of ours waits for its answer.
    #[must_use]
    pub fn has_pending(&self) -> bool {
        self.inner.has_pending_commit()
    }

    /// Applies the pending commit: the relay has accepted it.
    ///
    /// # Errors
    /// [`GroupError::NothingPending`].
    pub fn accept(&mut self) -> Result<Applied, GroupError> {
        if !self.has_pending() {
            return Err(GroupError::NothingPending);
        }
        let before = self.snapshot()?;
        let own = self.own_leaf()?;
        self.inner.apply_pending_commit().map_err(GroupError::from_library)?;
        self.applied(&before, own, false, true)
    }

    /// Drops the pending commit: it will not be tried again.
    pub fn discard(&mut self) {
        self.inner.clear_pending_commit();
    }

    /// What is public of the group now; for the relay at its beginning.
    ///
    /// # Errors
    /// When the library can't write it.
    pub fn published(&self) -> Result<Published, GroupError> {
        let group_info = self.inner.group_info_message_allowing_ext_commit(false).map_err(GroupError::from_library)?;
        Ok(Published {
            group_info: group_info.to_bytes().map_err(GroupError::from_library)?,
            ratchet_tree: self.inner.export_tree().to_bytes().map_err(GroupError::from_library)?,
        })
    }

    fn leaves_to_remove(&self, change: &Change<'_>) -> Result<Vec<u32>, GroupError> {
        let leaves = self.leaves()?;
        for device in &change.remove_devices {
            if !leaves.iter().any(|leaf| leaf.device() == *device) {
                return Err(GroupError::NotInGroup(format!("device {device}")));
            }
        }
        let own = self.inner.current_member_index();
        let goes = |leaf: &&leaf::Leaf| {
            change.remove_devices.contains(&leaf.device())
                || change.remove_users.contains(&leaf.user())
                || (change.purge && leaf.index() != own && self.judge.stands(leaf, self.suite).is_err())
        };
        Ok(leaves.iter().filter(goes).map(leaf::Leaf::index).collect())
    }

    fn roles_after(&self, change: &Change<'_>) -> Result<Option<super::ConversationRoles>, GroupError> {
        let before = self.roles()?;
        let mut after = before.clone();
        for user in &change.remove_users {
            if before.get(*user).is_none() {
                return Err(GroupError::NotInGroup(format!("user {user}")));
            }
            after.remove(*user);
        }
        if change.purge {
            for (user, _) in before.iter().filter(|(user, _)| !self.judge.is_active(*user)) {
                after.remove(user);
            }
        }
        for (user, role) in &change.roles {
            after.set(*user, *role);
        }
        Ok((after != before).then_some(after))
    }

    fn upload(&self, epoch: u64, output: CommitOutput, awaited: &[(Vec<u8>, DeviceId)]) -> Result<CommitUpload, GroupError> {
        let bytes = |message: &MlsMessage| message.to_bytes().map_err(GroupError::from_library);
        let mut welcomes = Vec::new();
        for message in &output.welcome_messages {
            for reference in message.welcome_key_package_references() {
                if let Some((_, device)) = awaited.iter().find(|(awaited, _)| awaited.as_slice() == &**reference) {
                    welcomes.push((*device, bytes(message)?));
                }
            }
        }
        let mut after = Self { inner: self.inner.clone(), storage: self.storage.clone(), judge: self.judge.clone(), ..*self };
        after.inner.apply_pending_commit().map_err(GroupError::from_library)?;
        let group_info = output.external_commit_group_info.as_ref().ok_or(GroupError::Malformed("group info"))?;
        let ratchet_tree = after.inner.export_tree().to_bytes().map_err(GroupError::from_library)?;
        Ok(CommitUpload {
            conversation: self.conversation,
            epoch,
            commit: bytes(&output.commit_message)?,
            published: Published { group_info: bytes(group_info)?, ratchet_tree },
            welcomes,
            members: after.members()?,
            devices: after.devices()?,
        })
    }
}
