//! Changing a group: a commit is built beside it, uploaded, and applied where the log holds it.

use bezel_observer::{Leaf, mls_time, signing_identity};
use bezel_protocol::cose::Signer as _;
use bezel_protocol::log::{CommitContext, Place, SignedCommit};
use bezel_protocol::wire::Bytes;
use bezel_protocol::{ConversationId, DeviceId, Hash, Role, SignedCertificate, UserId, cbor};
use mls_rs::MlsMessage;
use mls_rs::group::CommitOutput;

use super::Group;
use super::error::GroupError;
use super::key_package::KeyPackage;
use crate::device::DeviceKeys;
use crate::secret::SecretBytes;

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

/// A commit that was built and not applied. Any number may stand side by side; two of one change are never the same bytes, so what is sent
/// again is what was kept.
#[derive(Debug)]
pub struct NewCommit {
    /// The conversation.
    pub conversation: ConversationId,
    /// The epoch that it ends.
    pub epoch: u64,
    /// The entry of the log, a [`SignedCommit`].
    pub entry: Vec<u8>,
    /// Group info of the epoch that it begins, which allows external commits; without the tree.
    pub group_info: Vec<u8>,
    /// For each device that was added, its welcome.
    pub welcomes: Vec<(DeviceId, Vec<u8>)>,
    /// What [`Group::accept`] needs; empty for an external commit. Keep it encrypted, and only until the epoch is over.
    pub secrets: SecretBytes,
}

impl Group {
    /// Builds a commit, and leaves the group as it is. Keep it, upload it, and [`Self::accept`] it where the log holds it.
    ///
    /// # Errors
    /// When the rules refuse it, or someone is not in the group.
    pub fn commit(&self, change: Change<'_>, device: &DeviceKeys, seen: Place) -> Result<NewCommit, GroupError> {
        let removed = self.leaves_to_remove(&change)?;
        let roles = self.roles_after(&change)?;
        let context = CommitContext { seen, roster: self.judge.roster().head() };
        let mut inner = self.inner.clone();
        let mut builder = inner.commit_builder().authenticated_data(cbor::encode(&context)).commit_time(mls_time(self.judge.now_ms()));
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
            builder = builder.set_new_signing_identity(secret, signing_identity(certificate, public));
        }
        let (output, secrets) = builder.build_detached().map_err(GroupError::from_library)?;
        let secrets = SecretBytes::new(secrets.to_bytes().map_err(GroupError::from_library)?);
        self.built(device, output, secrets, &awaited)
    }

    /// Group info of the epoch, which allows external commits; without the tree.
    ///
    /// # Errors
    /// When the library can't write it.
    pub fn group_info(&self) -> Result<Vec<u8>, GroupError> {
        let info = self.inner.group_info_message_allowing_ext_commit(false).map_err(GroupError::from_library)?;
        info.to_bytes().map_err(GroupError::from_library)
    }

    fn leaves_to_remove(&self, change: &Change<'_>) -> Result<Vec<u32>, GroupError> {
        let leaves = self.leaves()?;
        for device in &change.remove_devices {
            if !leaves.iter().any(|leaf| leaf.device() == *device) {
                return Err(GroupError::NotInGroup(format!("device {device}")));
            }
        }
        let own = self.inner.current_member_index();
        let goes = |leaf: &&Leaf| {
            change.remove_devices.contains(&leaf.device())
                || change.remove_users.contains(&leaf.user())
                || (change.purge && leaf.index() != own && self.judge.stands(leaf, self.suite).is_err())
        };
        Ok(leaves.iter().filter(goes).map(Leaf::index).collect())
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

    fn built(
        &self,
        device: &DeviceKeys,
        output: CommitOutput,
        secrets: SecretBytes,
        awaited: &[(Vec<u8>, DeviceId)],
    ) -> Result<NewCommit, GroupError> {
        let bytes = |message: &MlsMessage| message.to_bytes().map_err(GroupError::from_library);
        let mut welcomes = Vec::new();
        for message in &output.welcome_messages {
            for reference in message.welcome_key_package_references() {
                if let Some((_, device)) = awaited.iter().find(|(awaited, _)| awaited.as_slice() == &**reference) {
                    welcomes.push((*device, bytes(message)?));
                }
            }
        }
        let group_info = bytes(output.external_commit_group_info.as_ref().ok_or(GroupError::Malformed("group info"))?)?;
        let entry = sign(device, bytes(&output.commit_message)?, &group_info)?;
        Ok(NewCommit { conversation: self.conversation(), epoch: self.epoch(), entry, group_info, welcomes, secrets })
    }
}

/// The entry of a commit.
pub(super) fn sign(device: &DeviceKeys, commit: Vec<u8>, group_info: &[u8]) -> Result<Vec<u8>, GroupError> {
    let group_info = Hash::of(group_info);
    let signature = device.sign(&SignedCommit::to_be_signed(&commit, group_info)).map_err(|_| GroupError::Malformed("device key"))?;
    Ok(SignedCommit { commit: Bytes(commit), group_info, signature: Bytes(signature) }.encode())
}
