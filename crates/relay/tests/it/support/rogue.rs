//! A member with a group's real keys and none of our rules, and whoever makes groups that nobody should make.

use bezel_crypto::group::{ConversationRoles, GroupId, Judge};
use bezel_protocol::log::{CommitContext, Place};
use bezel_protocol::wire::{Bytes, CommitUpload, WelcomeUpload};
use bezel_protocol::{ConversationId, Role, UserId, cbor};
use mls_rs::client_builder::{BaseConfig, ClientBuilder, WithCryptoProvider, WithGroupStateStorage, WithIdentityProvider, WithMlsRules};
use mls_rs::extension::ExtensionType;
use mls_rs::group::CommitBuilder;
use mls_rs::mls_rules::{CommitOptions, DefaultMlsRules};
use mls_rs::storage_provider::in_memory::InMemoryGroupStateStorage;
use mls_rs::{CipherSuite, Client, Extension, ExtensionList, GroupStateStorage as _, MlsMessage};
use mls_rs_core::crypto::{SignaturePublicKey, SignatureSecretKey};
use mls_rs_core::group::GroupState;
use mls_rs_crypto_awslc::AwsLcCryptoProvider;
use serde::Deserialize;

use super::group::SUITE;
use super::{Person, now_ms};

/// The judge looks at leaves; nothing is forbidden.
type Lawless = WithMlsRules<
    DefaultMlsRules,
    WithIdentityProvider<Judge, WithCryptoProvider<AwsLcCryptoProvider, WithGroupStateStorage<InMemoryGroupStateStorage, BaseConfig>>>,
>;

pub(crate) type Lawbreaker<'a> = CommitBuilder<'a, Lawless>;

pub(crate) struct Rogue<'p> {
    person: &'p Person,
    group: mls_rs::Group<Lawless>,
    /// What its commits name.
    context: CommitContext,
}

/// What a device keeps of its keys: the one that signs in groups of [`SUITE`].
#[derive(Deserialize)]
struct Stolen {
    leaf_p384: Bytes,
}

fn lawless(judge: Judge, storage: InMemoryGroupStateStorage, with_path: bool) -> ClientBuilder<Lawless> {
    let options = CommitOptions::new()
        .with_path_required(with_path)
        .with_ratchet_tree_extension(false)
        .with_single_welcome_message(false)
        .with_allow_external_commit(true);
    Client::builder()
        .group_state_storage(storage)
        .crypto_provider(AwsLcCryptoProvider::new())
        .identity_provider(judge)
        .mls_rules(DefaultMlsRules::new().with_commit_options(options))
        .extension_type(bezel_observer::ROLES)
        .extension_type(ExtensionType::LAST_RESORT_KEY_PACKAGE)
        .extension_type(FOREIGN)
}

/// An extension that is none of ours.
const FOREIGN: ExtensionType = ExtensionType::new(0xF0FF);

/// All that may stand in a group's context, with these roles.
pub(crate) fn roles(entries: &[(UserId, Role)]) -> ExtensionList {
    let mut roles = ConversationRoles::default();
    entries.iter().for_each(|(user, role)| roles.set(*user, *role));
    roles.to_extensions().unwrap()
}

/// Something that belongs into no context and no group info.
pub(crate) fn foreign() -> Extension {
    Extension::new(FOREIGN, b"foreign".to_vec())
}

impl<'p> Rogue<'p> {
    /// Takes a person's place in a group.
    pub(crate) async fn of(person: &'p Person, conversation: ConversationId) -> Self {
        Self::load(person, conversation, 0, true).await
    }

    /// The same, whose commits have a path only where they can't do without.
    pub(crate) async fn without_path(person: &'p Person, conversation: ConversationId) -> Self {
        Self::load(person, conversation, 0, false).await
    }

    /// The same, who names the newest roster and believes the one of so many statements before.
    pub(crate) async fn by_an_older_roster(person: &'p Person, conversation: ConversationId, statements: u64) -> Self {
        Self::load(person, conversation, statements, true).await
    }

    async fn load(person: &'p Person, conversation: ConversationId, ignored_statements: u64, with_path: bool) -> Self {
        let (mut group, history) = (person.group(conversation).await, person.history().await);
        let roster = history.newest().head();
        let judge = Judge::new(history.at(roster.sequence - ignored_statements), now_ms());
        let (id, data) = (group.id().to_bytes(), group.state().unwrap().expose().to_vec().into());
        let mut storage = InMemoryGroupStateStorage::new();
        storage.write(GroupState { id: id.clone(), data }, vec![], vec![]).unwrap();
        let context = CommitContext { seen: person.end_of_log(conversation).await, roster };
        Self { person, group: lawless(judge, storage, with_path).build().load_group(&id).unwrap(), context }
    }

    /// Makes a group under any id, of this person alone.
    pub(crate) async fn found(person: &'p Person, id: GroupId) -> Self {
        let judge = person.judge().await;
        let context = CommitContext { seen: Place::START, roster: judge.roster().head() };
        let certificate = person.certified(judge.roster());
        let stolen: Stolen = cbor::decode(person.keys.to_bytes().expose()).unwrap();
        let public = SignaturePublicKey::new_slice(certificate.certificate().leaf_key(SUITE));
        let identity = bezel_observer::signing_identity(&certificate, public);
        let client = lawless(judge, InMemoryGroupStateStorage::new(), true)
            .signing_identity(identity, SignatureSecretKey::new(stolen.leaf_p384.0), CipherSuite::new(SUITE.code()))
            .build();
        let own = roles(&[(person.user, Role::Owner)]);
        let group = client.create_group_with_id(id.to_bytes(), own, ExtensionList::new(), None).unwrap();
        Self { person, group, context }
    }

    /// A commit that does whatever it likes, signed as it should be, with a welcome for each of those who are said to be added.
    pub(crate) fn commit(&mut self, added: &[&Person], change: impl FnOnce(Lawbreaker<'_>) -> Lawbreaker<'_>) -> CommitUpload {
        self.group.clear_pending_commit();
        let builder = self.group.commit_builder().authenticated_data(cbor::encode(&self.context));
        let output = change(builder).build().unwrap();
        let bytes = |message: &MlsMessage| message.to_bytes().unwrap();
        let group_info = bytes(output.external_commit_group_info.as_ref().unwrap());
        let welcomes = added.iter().zip(&output.welcome_messages);
        CommitUpload {
            entry: self.person.entry(&bytes(&output.commit_message), &group_info),
            group_info: Bytes(group_info),
            welcomes: welcomes.map(|(person, welcome)| WelcomeUpload { device: person.device, welcome: Bytes(bytes(welcome)) }).collect(),
        }
    }

    /// The place of a person's leaf.
    pub(crate) fn leaf(&self, of: &Person) -> u32 {
        let is_theirs = |member: &mls_rs::group::Member| {
            bezel_crypto::group::Leaf::read(member.index, &member.signing_identity).unwrap().device() == of.device
        };
        self.group.roster().members_iter().find(is_theirs).unwrap().index
    }

    /// Goes on into the epoch of the last commit.
    pub(crate) fn go_on(&mut self) {
        self.group.apply_pending_commit().unwrap();
    }

    /// Group info of the epoch: with or without the tree, with whatever else, and for external commits or not.
    pub(crate) fn group_info(&self, with_tree: bool, more: Option<Extension>, allows_external: bool) -> Vec<u8> {
        let mut extensions = ExtensionList::new();
        more.into_iter().for_each(|extension| extensions.set(extension));
        let info = if allows_external {
            self.group.group_info_message_allowing_ext_commit_with_extensions(with_tree, extensions)
        } else {
            self.group.group_info_message(with_tree)
        };
        info.unwrap().to_bytes().unwrap()
    }
}
