//! Coming into a group: by making it, by a welcome, by an external commit.

use bezel_observer::{GroupId, Judge, Observer, Refused};
use bezel_protocol::cose::Signer as _;
use bezel_protocol::log::{Begin, CommitContext, Place};
use bezel_protocol::wire::Bytes;
use bezel_protocol::{ConversationId, SignedCertificate, Suite, cbor};
use mls_rs::MlsMessage;
use mls_rs::mls_rs_codec::MlsDecode as _;
use mls_rs::storage_provider::KeyPackageData;

use super::change::{NewCommit, sign};
use super::error::GroupError;
use super::storage::Storage;
use super::{ConversationRoles, Group, client, key_package};
use crate::device::DeviceKeys;
use crate::secret::SecretBytes;

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
    /// Begins a conversation, whose id follows from `random`; its maker is the owner. Returns its group and entry 1 of its log.
    ///
    /// # Errors
    /// [`GroupError::Refused`] when the roster does not vouch for this device.
    pub fn create(
        random: &[u8; 32],
        suite: Suite,
        device: &DeviceKeys,
        certificate: &SignedCertificate,
        judge: Judge,
    ) -> Result<(Self, Begin), GroupError> {
        let storage = Storage::default();
        let roles = ConversationRoles::of_owner(certificate.certificate().user);
        let conversation = Begin::conversation_of(device.device(), random, suite);
        let inner = client::member(device, certificate, suite, &judge, &storage)
            .create_group_with_id(
                GroupId::first(conversation).to_bytes(),
                roles.to_extensions()?,
                mls_rs::ExtensionList::new(),
                Some(bezel_observer::mls_time(judge.now_ms())),
            )
            .map_err(GroupError::from_library)?;
        let group = Self::wrap(inner, storage, judge)?;
        group.judge.stands(&group.own_leaf()?, suite).map_err(Refused::Leaf)?;
        let info = group.inner.group_info_message_allowing_ext_commit(true).map_err(GroupError::from_library)?;
        let group_info = info.to_bytes().map_err(GroupError::from_library)?;
        let signature = device.sign(&Begin::to_be_signed(device.device(), random, suite, &group_info));
        let signature = Bytes(signature.map_err(|_| GroupError::Malformed("device key"))?);
        Ok((group, Begin { device: device.device(), random: *random, suite, group_info: Bytes(group_info), signature }))
    }

    /// Joins by a welcome the group that `observer` has followed from its beginning to the commit that added this device. `private` is what
    /// [`super::MadeKeyPackage::private`] was; delete it when this state is stored, unless it is the last resort.
    ///
    /// # Errors
    /// [`GroupError::NoKeyPackage`] when the welcome is for another key package, [`GroupError::OtherGroup`] when it leads elsewhere than the
    /// log.
    pub fn join(welcome: &Welcome, observer: &Observer, private: &[u8], device: &DeviceKeys, judge: Judge) -> Result<Self, GroupError> {
        let key_package = KeyPackageData::mls_decode(&mut &*private).map_err(|_| GroupError::Malformed("key package"))?;
        let reference = key_package::reference(&key_package.key_package_bytes).map_err(|_| GroupError::Malformed("key package"))?;
        if !welcome.key_packages().contains(&reference) {
            return Err(GroupError::NoKeyPackage);
        }
        let storage = Storage::with_key_package(reference, key_package);
        let (secret, _) = device.leaf(welcome.suite);
        let client = client::builder(&judge, &storage).signer(secret).build();
        let (inner, _) = client.join_group(Some(observer.tree()), &welcome.message, None).map_err(GroupError::from_library)?;
        let group = Self::wrap(inner, storage, judge)?;
        group.is_as(observer)?;
        Ok(group)
    }

    /// Comes back by an external commit into the group that `observer` has followed to its newest epoch, with group info that the relay
    /// published of it. Store the state when the relay has accepted the commit, and drop it when another was faster.
    ///
    /// # Errors
    /// [`GroupError::OtherGroup`] when the group info is of another group, [`GroupError::Refused`] when this device's user has no role there,
    /// or the roster does not vouch for the device.
    pub fn rejoin(
        observer: &Observer,
        group_info: &[u8],
        device: &DeviceKeys,
        certificate: &SignedCertificate,
        judge: Judge,
        seen: Place,
    ) -> Result<(Self, NewCommit), GroupError> {
        // Whoever published it is in the group. Where they were shut out since, all others still have no other way back.
        observer.check_group_info(group_info)?;
        let info = MlsMessage::from_bytes(group_info).map_err(|_| GroupError::Malformed("group info"))?;
        let storage = Storage::default();
        let context = CommitContext { seen, roster: judge.roster().head() };
        let mut builder = client::member(device, certificate, observer.suite(), &judge, &storage)
            .external_commit_builder()
            .map_err(GroupError::from_library)?
            .with_tree_data(observer.tree())
            .with_authenticated_data(cbor::encode(&context));
        if let Some(old) = observer.leaves()?.iter().find(|leaf| leaf.device() == device.device()) {
            builder = builder.with_removal(old.index());
        }
        let (inner, commit) = builder.build(info).map_err(GroupError::from_library)?;
        let group = Self::wrap(inner, storage, judge)?;
        let info = group.inner.group_info_message_allowing_ext_commit(false).map_err(GroupError::from_library)?;
        let group_info = info.to_bytes().map_err(GroupError::from_library)?;
        let entry = sign(device, commit.to_bytes().map_err(GroupError::from_library)?, &group_info)?;
        let commit = NewCommit {
            conversation: group.conversation(),
            epoch: observer.epoch(),
            entry,
            group_info,
            welcomes: vec![],
            secrets: SecretBytes::new(Vec::new()),
        };
        Ok((group, commit))
    }

    /// Whether this group is the one that an observer has followed, in the same epoch: context, tree, transcript, roles.
    ///
    /// # Errors
    /// [`GroupError::OtherGroup`].
    pub fn is_as(&self, observer: &Observer) -> Result<(), GroupError> {
        if self.inner.context() == observer.context() { Ok(()) } else { Err(GroupError::OtherGroup) }
    }

    /// Whether this group is one of a conversation.
    ///
    /// # Errors
    /// [`GroupError::WrongConversation`].
    pub fn is_of(&self, conversation: ConversationId) -> Result<(), GroupError> {
        if self.id.conversation == conversation { Ok(()) } else { Err(GroupError::WrongConversation(conversation)) }
    }
}
