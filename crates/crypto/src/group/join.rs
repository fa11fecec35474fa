//! Coming into a group: by making it, by a welcome, by an external commit.

use bezel_protocol::{ConversationId, SignedCertificate, Suite, cbor};
use mls_rs::MlsMessage;
use mls_rs::group::ExportedTree;
use mls_rs::mls_rs_codec::MlsDecode as _;
use mls_rs::storage_provider::KeyPackageData;

use super::change::{CommitUpload, Published};
use super::error::{GroupError, Refused, Right};
use super::judge::Judge;
use super::leaf::Leaf;
use super::storage::Storage;
use super::{ConversationRoles, Group, client, key_package};
use crate::device::DeviceKeys;

/// A welcome as it came, read but not judged.
#[derive(Clone, Debug)]
pub struct Welcome {
    message: MlsMessage,
    suite: Suite,
}

impl Welcome {
    /// Reads one.
    ///
    /// # Errors
    /// [`GroupError::Malformed`].
    pub fn parse(bytes: &[u8]) -> Result<Self, GroupError> {
        let malformed = || GroupError::Malformed("welcome");
        let message = MlsMessage::from_bytes(bytes).map_err(|_| malformed())?;
        if message.wire_format() != mls_rs::WireFormat::Welcome {
            return Err(malformed());
        }
        let suite = message.cipher_suite().and_then(|suite| Suite::try_from(u16::from(suite)).ok()).ok_or_else(malformed)?;
        Ok(Self { message, suite })
    }

    /// The suite.
    #[must_use]
    pub const fn suite(&self) -> Suite {
        self.suite
    }

    /// The key packages that it is for; the private part of one of them opens it.
    #[must_use]
    pub fn key_packages(&self) -> Vec<Vec<u8>> {
        self.message.welcome_key_package_references().into_iter().map(|reference| reference.to_vec()).collect()
    }
}

impl Group {
    /// Begins the group of a conversation; its maker is the owner.
    ///
    /// # Errors
    /// [`GroupError::Refused`] when the roster does not vouch for this device.
    pub fn create(
        conversation: ConversationId,
        suite: Suite,
        device: &DeviceKeys,
        certificate: &SignedCertificate,
        judge: Judge,
    ) -> Result<Self, GroupError> {
        let storage = Storage::default();
        let roles = ConversationRoles::of_owner(certificate.certificate().user);
        let inner = client::member(device, certificate, suite, &judge, &storage)
            .create_group_with_id(
                conversation.as_bytes().to_vec(),
                roles.to_extensions()?,
                mls_rs::ExtensionList::new(),
                Some(client::mls_time(judge.now_ms())),
            )
            .map_err(GroupError::from_library)?;
        let group = Self::wrap(inner, storage, judge)?;
        group.judge.stands(&group.own_leaf()?, suite).map_err(Refused::Leaf)?;
        Ok(group)
    }

    /// Joins by a welcome. `private` is what [`super::MadeKeyPackage::private`] was; delete it when this state is stored, unless it
    /// is the last resort. `ratchet_tree` comes from the relay and is checked against the welcome.
    ///
    /// # Errors
    /// [`GroupError::NoKeyPackage`] when the welcome is for another key package, [`GroupError::WrongTree`] when the tree is not of
    /// that epoch, [`GroupError::Refused`] when the tree holds a leaf that no one vouches for, or who invites has no right to.
    pub fn join(welcome: &Welcome, ratchet_tree: &[u8], private: &[u8], device: &DeviceKeys, judge: Judge) -> Result<Self, GroupError> {
        let key_package = KeyPackageData::mls_decode(&mut &*private).map_err(|_| GroupError::Malformed("key package"))?;
        let reference = key_package::reference(&key_package.key_package_bytes).map_err(|_| GroupError::Malformed("key package"))?;
        if !welcome.key_packages().contains(&reference) {
            return Err(GroupError::NoKeyPackage);
        }
        let storage = Storage::with_key_package(reference, key_package);
        let tree = ExportedTree::from_bytes(ratchet_tree).map_err(|_| GroupError::Malformed("ratchet tree"))?;
        let (secret, _) = device.leaf(welcome.suite);
        let client = client::builder(&judge, &storage).signer(secret).build();
        let (inner, info) = client.join_group(Some(tree), &welcome.message, None).map_err(GroupError::from_library)?;
        let group = Self::wrap(inner, storage, judge)?;
        group.check_joined(info.sender)?;
        Ok(group)
    }

    /// Comes back by an external commit, from what the relay published of the group. Store the state when the relay has accepted the
    /// commit, and drop it when another was faster.
    ///
    /// # Errors
    /// [`GroupError::Refused`] when this device's user has no role there, or the roster does not vouch for the device.
    pub fn rejoin(
        conversation: ConversationId,
        published: &Published,
        device: &DeviceKeys,
        certificate: &SignedCertificate,
        judge: Judge,
    ) -> Result<(Self, CommitUpload), GroupError> {
        let info = MlsMessage::from_bytes(&published.group_info).map_err(|_| GroupError::Malformed("group info"))?;
        if info.group_id() != Some(conversation.as_bytes()) {
            return Err(GroupError::WrongConversation(conversation));
        }
        let suite =
            info.cipher_suite().and_then(|suite| Suite::try_from(u16::from(suite)).ok()).ok_or(GroupError::Malformed("group info"))?;
        let epoch = info.epoch().ok_or(GroupError::Malformed("group info"))?;
        let sender = info.as_group_info().ok_or(GroupError::Malformed("group info"))?.sender();
        let tree = ExportedTree::from_bytes(&published.ratchet_tree).map_err(|_| GroupError::Malformed("ratchet tree"))?;
        let leaves = tree.roster().members_iter().map(|member| Leaf::read(member.index, &member.signing_identity));
        let leaves = leaves.collect::<Result<Vec<_>, _>>().map_err(Refused::Leaf)?;
        let publisher = leaves.iter().find(|leaf| leaf.index() == sender).ok_or(GroupError::WrongTree)?;
        judge.stands(publisher, suite).map_err(Refused::Leaf)?;
        let storage = Storage::default();
        let mut builder = client::member(device, certificate, suite, &judge, &storage)
            .external_commit_builder()
            .map_err(GroupError::from_library)?
            .with_tree_data(tree)
            .with_authenticated_data(cbor::encode(&judge.roster().head()));
        if let Some(old) = leaves.iter().find(|leaf| leaf.device() == device.device()) {
            builder = builder.with_removal(old.index());
        }
        let (inner, commit) = builder.build(info).map_err(GroupError::from_library)?;
        let group = Self::wrap(inner, storage, judge)?;
        let upload = CommitUpload {
            conversation,
            epoch,
            commit: commit.to_bytes().map_err(GroupError::from_library)?,
            published: group.published()?,
            welcomes: vec![],
            members: group.members()?,
            devices: group.devices()?,
        };
        Ok((group, upload))
    }

    /// Who invites stands in the roster and may add people; everyone inside has a role; this device is who it should be.
    fn check_joined(&self, inviter: u32) -> Result<(), GroupError> {
        let member = self.inner.member_at_index(inviter).ok_or(GroupError::Malformed("welcome"))?;
        let inviter = Leaf::read(member.index, &member.signing_identity)?;
        self.judge.stands(&inviter, self.suite).map_err(Refused::Leaf)?;
        let roles = self.roles()?;
        let own = self.own_leaf()?;
        for leaf in self.leaves()? {
            roles.get(leaf.user()).ok_or(Refused::WithoutRole(leaf.user()))?;
        }
        let role = roles.get(inviter.user());
        if inviter.user() != own.user() && !role.is_some_and(bezel_protocol::Role::administers) {
            return Err(Refused::NotAllowed { user: inviter.user(), role, right: Right::AddDevice(own.device()) }.into());
        }
        Ok(())
    }
}
