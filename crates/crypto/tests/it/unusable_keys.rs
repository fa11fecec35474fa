//! Keys to which nobody can seal. The library takes them, and then every commit of the others fails, external ones too: with a commit that
//! nobody opens, or without one, their author stopped a conversation for good.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use bezel_crypto::group::{Change, Group, GroupError, KeyPackage, ObserveError, Refused};
use bezel_protocol::{Role, Suite};
use mls_rs::identity::{Credential, CredentialType, CustomCredential, SigningIdentity};
use mls_rs::mls_rules::{CommitOptions, DefaultMlsRules};
use mls_rs::storage_provider::in_memory::InMemoryGroupStateStorage;
use mls_rs::time::MlsTime;
use mls_rs::{CipherSuite, Client, ExtensionList, GroupStateStorage as _};
use mls_rs_core::extension::ExtensionType;

use crate::attacks::{Gullible, context, entry, leaf_key};
use crate::careless::{Careless, Spoils};
use crate::fixture::{NOW_MS, Workspace, take};

type Config = mls_rs::client_builder::WithMlsRules<
    DefaultMlsRules,
    mls_rs::client_builder::WithIdentityProvider<
        Gullible,
        mls_rs::client_builder::WithCryptoProvider<
            Careless,
            mls_rs::client_builder::WithGroupStateStorage<InMemoryGroupStateStorage, mls_rs::client_builder::BaseConfig>,
        >,
    >,
>;

fn builder(storage: InMemoryGroupStateStorage, spoils: Spoils) -> mls_rs::client_builder::ClientBuilder<Config> {
    let options = CommitOptions::new().with_ratchet_tree_extension(false).with_path_required(true);
    Client::builder()
        .group_state_storage(storage)
        .crypto_provider(Careless::about(spoils))
        .identity_provider(Gullible)
        .mls_rules(DefaultMlsRules::new().with_commit_options(options))
        .extension_type(ExtensionType::new(0xF002))
}

/// A member's group in the hands of a library that spoils keys.
fn loaded(group: &mut Group, spoils: Spoils) -> mls_rs::Group<Config> {
    let mut storage = InMemoryGroupStateStorage::new();
    let data = group.state().unwrap().expose().to_vec().into();
    storage.write(mls_rs_core::group::GroupState { id: group.id().to_bytes(), data }, vec![], vec![]).unwrap();
    builder(storage, spoils).build().load_group(&group.id().to_bytes()).unwrap()
}

fn at() -> MlsTime {
    MlsTime::from(u64::try_from(NOW_MS / 1000).unwrap())
}

/// A commit of ben, who only reads.
fn commit(workspace: &Workspace, ben: &mut Group, spoils: Spoils) -> Vec<u8> {
    let mut rogue = loaded(ben, spoils);
    let built = rogue.commit_builder().authenticated_data(context(workspace)).commit_time(at()).build().unwrap();
    entry(workspace.device(1), built.commit_message.to_bytes().unwrap())
}

fn ana_and_ben(suite: Suite) -> (Workspace, Group, Group) {
    let workspace = Workspace::with(2);
    let mut ana = workspace.create(suite);
    let (_, ben) = workspace.let_in(&mut ana, 1, Role::ReadOnly);
    (workspace, ana, ben)
}

#[test]
fn a_leaf_with_a_key_to_which_nobody_can_seal_is_refused_on_both_sides() {
    for suite in Suite::ALL {
        let (workspace, mut ana, mut ben) = ana_and_ben(suite);
        let entry = commit(&workspace, &mut ben, Spoils::Made(0));
        let followed = workspace.follow(&entry);
        assert!(matches!(followed, Err(ObserveError::Refused(Refused::UnusableKey))), "{suite:?}: {followed:?}");
        let taken = take(&mut ana, &entry);
        assert!(matches!(taken, Err(GroupError::Refused(Refused::UnusableKey))), "{suite:?}: {taken:?}");
        workspace.commit(&mut ana, Change::rotate());
    }
}

#[test]
fn a_path_of_keys_to_which_nobody_can_seal_is_refused() {
    for suite in Suite::ALL {
        let (workspace, mut ana, mut ben) = ana_and_ben(suite);
        let followed = workspace.follow(&commit(&workspace, &mut ben, Spoils::Derived));
        assert!(matches!(followed, Err(ObserveError::Refused(Refused::UnusableKey))), "{suite:?}: {followed:?}");
        workspace.commit(&mut ana, Change::rotate());
    }
}

/// Whoever can't open a commit comes back by the group info: by this one nobody could.
#[test]
fn group_info_by_which_nobody_can_come_back_is_refused() {
    for suite in Suite::ALL {
        let (workspace, _, mut ben) = ana_and_ben(suite);
        let honest = ben.group_info().unwrap();
        workspace.observer().check_group_info(&honest).unwrap();
        let spoilt = loaded(&mut ben, Spoils::Derived).group_info_message_allowing_ext_commit(false).unwrap().to_bytes().unwrap();
        assert_eq!(spoilt.len().abs_diff(honest.len()) / 8, 0, "but for the key it is the same");
        let checked = workspace.observer().check_group_info(&spoilt);
        assert!(matches!(checked, Err(ObserveError::GroupInfo)), "{suite:?}: {checked:?}");
    }
}

/// Who would be let in by it stopped the group without a word.
#[test]
fn a_key_package_with_a_leaf_to_which_nobody_can_seal_lets_nobody_in() {
    for suite in Suite::ALL {
        let (workspace, ana, _) = ana_and_ben(suite);
        let cy = workspace.device(2);
        let (secret, public) = leaf_key(cy, suite);
        let credential = CustomCredential::new(CredentialType::new(0xF001), cy.certificate.as_bytes().to_vec());
        let identity = SigningIdentity::new(Credential::Custom(credential), public);
        let client = builder(InMemoryGroupStateStorage::new(), Spoils::Made(1))
            .signing_identity(identity, secret, CipherSuite::new(suite.code()))
            .build();
        let message = client.generate_key_package_message(ExtensionList::new(), ExtensionList::new(), Some(at())).unwrap();
        let spoilt = KeyPackage::parse(&message.to_bytes().unwrap()).unwrap();
        spoilt.check(&workspace.judge()).unwrap_err();
        workspace.key_package(cy, suite).0.check(&workspace.judge()).unwrap();
        let added = workspace.built(&ana, Change::default().add_user(workspace.user(2), Role::Member, [spoilt])).unwrap();
        let followed = workspace.follow(&added.entry);
        assert!(matches!(followed, Err(ObserveError::Refused(Refused::UnusableKey))), "{suite:?}: {followed:?}");
    }
}
