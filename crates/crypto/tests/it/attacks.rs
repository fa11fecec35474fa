//! What members who break the rules try, and how everyone else refuses it. The rogue has the group's real keys and none of our checks.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::sync::Arc;

use bezel_crypto::group::{Change, Group, GroupError, Judge, KeyPackage, MadeKeyPackage, Refused, Right, Welcome};
use bezel_protocol::certificate::CERTIFICATE_LIFETIME_MS;
use bezel_protocol::cose::Signer as _;
use bezel_protocol::log::{CommitContext, Place, SignedCommit};
use bezel_protocol::roster::{LeafRefused, Statement};
use bezel_protocol::{DeviceId, Hash, Role, SignedCertificate, Suite, UserId, cbor};
use mls_rs::client_builder::{BaseConfig, WithCryptoProvider, WithGroupStateStorage, WithIdentityProvider, WithMlsRules};
use mls_rs::extension::built_in::{ExternalSendersExt, RequiredCapabilitiesExt};
use mls_rs::group::CommitBuilder;
use mls_rs::identity::{Credential, CredentialType, CustomCredential, SigningIdentity};
use mls_rs::mls_rules::{CommitOptions, DefaultMlsRules};
use mls_rs::storage_provider::in_memory::InMemoryGroupStateStorage;
use mls_rs::time::MlsTime;
use mls_rs::{CipherSuite, Client, Extension, ExtensionList, GroupStateStorage as _, IdentityProvider, MlsMessage};
use mls_rs_core::extension::ExtensionType;
use mls_rs_core::identity::MemberValidationContext;
use mls_rs_crypto_awslc::AwsLcCryptoProvider;

use crate::fixture::{Device, NOW_MS, Workspace, reload, take};

const SUITE: Suite = Suite::X25519ChaCha20;

/// Believes everyone.
#[derive(Clone, Debug)]
pub(crate) struct Gullible;

impl IdentityProvider for Gullible {
    type Error = core::convert::Infallible;

    fn validate_member(&self, _: &SigningIdentity, _: Option<MlsTime>, _: MemberValidationContext<'_>) -> Result<(), Self::Error> {
        Ok(())
    }

    fn validate_external_sender(&self, _: &SigningIdentity, _: Option<MlsTime>, _: Option<&ExtensionList>) -> Result<(), Self::Error> {
        Ok(())
    }

    fn identity(&self, identity: &SigningIdentity, _: &ExtensionList) -> Result<Vec<u8>, Self::Error> {
        // As ours: the state that the rogue takes over is indexed by it.
        let Credential::Custom(custom) = &identity.credential else { panic!("not of ours") };
        Ok(SignedCertificate::parse(&custom.data).unwrap().certificate().device.as_bytes().to_vec())
    }

    fn valid_successor(&self, _: &SigningIdentity, _: &SigningIdentity, _: &ExtensionList) -> Result<bool, Self::Error> {
        Ok(true)
    }

    fn supported_types(&self) -> Vec<CredentialType> {
        vec![CredentialType::new(0xF001)]
    }
}

type Lawless = WithMlsRules<
    DefaultMlsRules,
    WithIdentityProvider<Gullible, WithCryptoProvider<AwsLcCryptoProvider, WithGroupStateStorage<InMemoryGroupStateStorage, BaseConfig>>>,
>;

/// A member's group under a library without our rules.
struct Rogue {
    group: mls_rs::Group<Lawless>,
    device: DeviceId,
    context: Vec<u8>,
}

fn lawless(storage: InMemoryGroupStateStorage) -> mls_rs::client_builder::ClientBuilder<Lawless> {
    lawless_with(storage, true)
}

fn lawless_with(storage: InMemoryGroupStateStorage, has_paths: bool) -> mls_rs::client_builder::ClientBuilder<Lawless> {
    let options = CommitOptions::new().with_ratchet_tree_extension(false).with_path_required(has_paths);
    Client::builder()
        .group_state_storage(storage)
        .crypto_provider(AwsLcCryptoProvider::new())
        .identity_provider(Gullible)
        .mls_rules(DefaultMlsRules::new().with_commit_options(options))
        .extension_type(ExtensionType::new(0xF002))
        .extension_type(ExtensionType::new(0xF0FF))
}

/// The group as a library without our rules loads it.
fn loaded(group: &mut Group, has_paths: bool) -> mls_rs::Group<Lawless> {
    let mut storage = InMemoryGroupStateStorage::new();
    let data = group.state().unwrap().expose().to_vec().into();
    storage.write(mls_rs_core::group::GroupState { id: group.id().to_bytes(), data }, vec![], vec![]).unwrap();
    lawless_with(storage, has_paths).build().load_group(&group.id().to_bytes()).unwrap()
}

impl Rogue {
    fn of(workspace: &Workspace, group: &mut Group) -> Self {
        let loaded = loaded(group, true);
        Self { group: loaded, device: group.own_leaf().unwrap().device(), context: context(workspace) }
    }

    /// Signed by the rogue's own device.
    fn commit<'a>(
        &'a mut self,
        workspace: &Workspace,
        change: impl FnOnce(CommitBuilder<'a, Lawless>) -> CommitBuilder<'a, Lawless>,
    ) -> Vec<u8> {
        let devices = workspace.people.iter().flat_map(|person| &person.devices);
        let device = devices.clone().find(|device| device.keys.device() == self.device).unwrap();
        self.commit_signed_by(device, change)
    }

    fn commit_signed_by<'a>(
        &'a mut self,
        device: &Device,
        change: impl FnOnce(CommitBuilder<'a, Lawless>) -> CommitBuilder<'a, Lawless>,
    ) -> Vec<u8> {
        let builder = self.group.commit_builder().authenticated_data(self.context.clone());
        let at = MlsTime::from(u64::try_from(NOW_MS / 1000).unwrap());
        entry(device, change(builder).commit_time(at).build().unwrap().commit_message.to_bytes().unwrap())
    }
}

pub(crate) fn context(workspace: &Workspace) -> Vec<u8> {
    cbor::encode(&CommitContext { seen: Place::START, roster: workspace.roster.head() })
}

/// The entry of a commit, as its device signs it; the group info is looked at elsewhere.
pub(crate) fn entry(device: &Device, commit: Vec<u8>) -> Vec<u8> {
    let group_info = Hash::of(b"group info");
    let signature = device.keys.sign(&SignedCommit::to_be_signed(&commit, group_info)).unwrap();
    SignedCommit { commit: commit.into(), group_info, signature: signature.into() }.encode()
}

fn roles(entries: &[(UserId, Role)]) -> ExtensionList {
    let map: std::collections::BTreeMap<_, _> = entries.iter().copied().collect();
    let mut extensions = ExtensionList::new();
    let required = RequiredCapabilitiesExt::new(vec![ExtensionType::new(0xF002)], vec![], vec![CredentialType::new(0xF001)]);
    extensions.set_from(required).unwrap();
    extensions.set(Extension::new(ExtensionType::new(0xF002), cbor::encode(&map)));
    extensions
}

fn refusal(result: Result<bezel_crypto::group::Applied, GroupError>) -> Refused {
    match result {
        Err(GroupError::Refused(refused)) => refused,
        other => panic!("the rules must refuse this: {other:?}"),
    }
}

/// Ana owns; Ben has the role that is given.
fn ana_and_ben(role: Role) -> (Workspace, Group, Group) {
    let workspace = Workspace::with(2);
    let mut ana = workspace.create(SUITE);
    let (_, ben) = workspace.let_in(&mut ana, 1, role);
    (workspace, ana, ben)
}

fn message(device: &Device, workspace: &Workspace) -> MlsMessage {
    let made = MadeKeyPackage::make(&device.keys, &device.certificate, SUITE, false, &workspace.judge()).unwrap();
    MlsMessage::from_bytes(&made.public).unwrap()
}

#[test]
fn a_stolen_certificate_with_another_leaf_key_is_refused_whoever_adds_it() {
    for suite in Suite::ALL {
        let workspace = Workspace::with(2);
        let mut ana = workspace.create(suite);
        let (_, mut ben) = workspace.let_in(&mut ana, 1, Role::Admin);
        let thief = bezel_crypto::DeviceKeys::generate(workspace.device(1).keys.device(), &mut bezel_crypto::SystemRng).unwrap();
        let stolen = &workspace.device(2).certificate;
        let device = workspace.device(2).keys.device();
        let made = MadeKeyPackage::make(&thief, stolen, suite, false, &workspace.judge()).unwrap();
        let offered = KeyPackage::parse(&made.public).unwrap();
        let change = Change::default().add_user(workspace.user(2), Role::Member, [offered]);
        let refused = workspace.built(&ana, change).unwrap_err();
        assert!(matches!(refused, GroupError::Refused(Refused::Leaf(LeafRefused::OtherKey(id))) if id == device), "{refused}");

        let everyone = [(workspace.user(0), Role::Owner), (workspace.user(1), Role::Admin), (workspace.user(2), Role::Member)];
        let mut rogue = Rogue::of(&workspace, &mut ben);
        let package = MlsMessage::from_bytes(&made.public).unwrap();
        let commit =
            rogue.commit(&workspace, |builder| builder.add_member(package).unwrap().set_group_context_ext(roles(&everyone)).unwrap());
        assert_eq!(refusal(take(&mut ana, &commit)), Refused::Leaf(LeafRefused::OtherKey(device)));
    }
}

#[test]
fn a_group_can_t_be_made_with_a_stolen_certificate() {
    let workspace = Workspace::with(1);
    let refused = Group::create(&[1; 32], SUITE, &workspace.device(1).keys, &workspace.device(0).certificate, workspace.judge());
    assert!(matches!(refused, Err(GroupError::Refused(Refused::Leaf(LeafRefused::OtherKey(_))))));
}

#[test]
fn a_revoked_device_neither_comes_in_nor_commits() {
    let (mut workspace, ana, mut ben) = ana_and_ben(Role::Admin);
    let (offered, _) = workspace.key_package(workspace.device(2), SUITE);
    let id = workspace.device(1).keys.device();
    workspace.say(0, Statement::DeviceRevoke(workspace.device(2).keys.device()));
    let mut ana = reload(&workspace, &mut { ana });
    let change = Change::default().add_user(workspace.user(2), Role::Member, [offered]);
    assert!(matches!(workspace.built(&ana, change), Err(GroupError::Refused(Refused::Leaf(LeafRefused::Revoked(_))))));

    workspace.say(0, Statement::DeviceRevoke(id));
    let mut ana = reload(&workspace, &mut ana);
    let commit = Rogue::of(&workspace, &mut ben).commit(&workspace, |builder| builder);
    assert_eq!(refusal(take(&mut ana, &commit)), Refused::Leaf(LeafRefused::Revoked(id)));
    let published = ana.group_info().unwrap();
    let device = workspace.device(1);
    let rejoin = workspace.rejoin(&published, device);
    assert!(matches!(rejoin, Err(GroupError::Refused(Refused::Leaf(LeafRefused::Revoked(_))))));
}

#[test]
fn a_suspended_user_s_device_neither_comes_in_nor_commits() {
    let (mut workspace, mut ana, ben) = ana_and_ben(Role::Admin);
    let commit = workspace.built(&ben, Change::rotate()).unwrap().entry;
    workspace.say(0, Statement::Suspend(workspace.user(1)));
    let mut ana = reload(&workspace, &mut ana);
    let id = workspace.device(1).keys.device();
    assert_eq!(refusal(take(&mut ana, &commit)), Refused::Leaf(LeafRefused::UserShutOut(id)));
    let upload = workspace.built(&ana, Change::default().purge()).unwrap();
    ana.accept_new(&upload).unwrap();
    assert_eq!(ana.members().unwrap(), vec![(workspace.user(0), Role::Owner)], "a suspended person's role goes with the leaves");
}

#[test]
fn an_ended_certificate_is_refused() {
    let (workspace, mut ana, ben) = ana_and_ben(Role::Member);
    let commit = workspace.built(&ben, Change::rotate()).unwrap().entry;
    let state = ana.state().unwrap();
    let late = Judge::new(Arc::new(workspace.roster.clone()), NOW_MS + CERTIFICATE_LIFETIME_MS);
    let mut ana = Group::load(state.expose(), ana.conversation(), late).unwrap();
    assert!(matches!(refusal(take(&mut ana, &commit)), Refused::Leaf(LeafRefused::Expired(_))));
}

#[test]
fn a_ghost_whom_the_roster_does_not_know_is_refused() {
    let (workspace, mut ana, mut ben) = ana_and_ben(Role::Owner);
    let mut elsewhere = Workspace::with(1);
    elsewhere.add_device(1);
    elsewhere.add_device(1);
    let ghost = &elsewhere.people[1].devices[2];
    let everyone = [(workspace.user(0), Role::Owner), (workspace.user(1), Role::Owner)];
    let mut rogue = Rogue::of(&workspace, &mut ben);
    let package = message(ghost, &elsewhere);
    let commit = rogue.commit(&workspace, |builder| builder.add_member(package).unwrap().set_group_context_ext(roles(&everyone)).unwrap());
    assert_eq!(refusal(take(&mut ana, &commit)), Refused::Leaf(LeafRefused::UnknownDevice(ghost.keys.device())));
}

#[test]
fn a_forged_role_is_refused_and_names_the_forger() {
    for role in [Role::Member, Role::ReadOnly, Role::Guest] {
        let (workspace, mut ana, mut ben) = ana_and_ben(role);
        let (user, wanted) = (workspace.user(1), [(workspace.user(0), Role::Owner), (workspace.user(1), Role::Owner)]);
        let own = workspace.built(&ben, Change::default().role(user, Role::Owner)).unwrap_err();
        assert!(matches!(own, GroupError::Refused(Refused::NotAllowed { .. })), "our own library refuses already");
        let commit = Rogue::of(&workspace, &mut ben).commit(&workspace, |builder| builder.set_group_context_ext(roles(&wanted)).unwrap());
        let refused = refusal(take(&mut ana, &commit));
        assert_eq!(refused, Refused::NotAllowed { user, role: Some(role), right: Right::ChangeRole(user, Role::Owner) });
        assert_eq!(refused.to_string(), format!("{user} ({role}) has no right to make {user} owner in this conversation"));
    }
}

#[test]
fn an_admin_neither_makes_nor_unmakes_nor_removes_an_owner() {
    let (workspace, mut ana, mut ben) = ana_and_ben(Role::Admin);
    let (owner, admin) = (workspace.user(0), workspace.user(1));
    let mut attempt = |wanted: &[(UserId, Role)]| {
        let commit = Rogue::of(&workspace, &mut ben).commit(&workspace, |builder| builder.set_group_context_ext(roles(wanted)).unwrap());
        refusal(take(&mut ana, &commit))
    };
    let not_allowed = |right| Refused::NotAllowed { user: admin, role: Some(Role::Admin), right };
    assert_eq!(attempt(&[(owner, Role::Owner), (admin, Role::Owner)]), not_allowed(Right::ChangeRole(admin, Role::Owner)));
    assert_eq!(attempt(&[(owner, Role::Member), (admin, Role::Admin)]), not_allowed(Right::ChangeRole(owner, Role::Member)));
    assert_eq!(attempt(&[(admin, Role::Admin)]), Refused::WithoutRole(owner), "a role can't be dropped under a leaf");
    let commit = Rogue::of(&workspace, &mut ben)
        .commit(&workspace, |builder| builder.remove_member(0).unwrap().set_group_context_ext(roles(&[(admin, Role::Admin)])).unwrap());
    assert_eq!(refusal(take(&mut ana, &commit)), not_allowed(Right::RemoveDevice(workspace.device(0).keys.device())));
}

#[test]
fn a_member_neither_adds_nor_removes_a_person() {
    let (workspace, mut ana, ben) = ana_and_ben(Role::Member);
    let (upload, _cy) = workspace.let_in(&mut ana, 2, Role::Member);
    let mut ben = ben;
    take(&mut ben, &upload.entry).unwrap();
    let user = workspace.user(1);
    let commit = Rogue::of(&workspace, &mut ben).commit(&workspace, |builder| builder.remove_member(2).unwrap());
    let right = Right::RemoveDevice(workspace.device(2).keys.device());
    assert_eq!(refusal(take(&mut ana, &commit)), Refused::NotAllowed { user, role: Some(Role::Member), right });

    let (workspace, mut ana, mut ben) = ana_and_ben(Role::Member);
    let newcomer = workspace.user(2);
    let wanted = [(workspace.user(0), Role::Owner), (workspace.user(1), Role::Member), (newcomer, Role::Member)];
    let package = message(workspace.device(2), &workspace);
    let commit = Rogue::of(&workspace, &mut ben)
        .commit(&workspace, |builder| builder.add_member(package).unwrap().set_group_context_ext(roles(&wanted)).unwrap());
    let right = Right::AddPerson(newcomer, Role::Member);
    assert_eq!(refusal(take(&mut ana, &commit)), Refused::NotAllowed { user, role: Some(Role::Member), right });

    let package = message(workspace.device(2), &workspace);
    let commit = Rogue::of(&workspace, &mut ben).commit(&workspace, |builder| builder.add_member(package).unwrap());
    assert_eq!(refusal(take(&mut ana, &commit)), Refused::WithoutRole(newcomer), "nobody is in without a role");
}

#[test]
fn a_read_only_member_does_not_even_remove_what_was_revoked() {
    let (mut workspace, mut ana, ben) = ana_and_ben(Role::ReadOnly);
    let (upload, _cy) = workspace.let_in(&mut ana, 2, Role::Member);
    let mut ben = ben;
    take(&mut ben, &upload.entry).unwrap();
    workspace.say(0, Statement::DeviceRevoke(workspace.device(2).keys.device()));
    let (mut ana, mut ben) = (reload(&workspace, &mut ana), reload(&workspace, &mut ben));
    assert!(matches!(workspace.built(&ben, Change::default().purge()), Err(GroupError::Refused(Refused::NotAllowed { .. }))));
    let commit = Rogue::of(&workspace, &mut ben).commit(&workspace, |builder| builder.remove_member(2).unwrap());
    assert!(matches!(refusal(take(&mut ana, &commit)), Refused::NotAllowed { right: Right::RemoveDevice(_), .. }));
}

/// Who may only read changes the own leaf alone: nobody is added or removed by it, not even of its own.
#[test]
fn a_reader_and_a_guest_change_the_own_leaf_alone() {
    for role in [Role::ReadOnly, Role::Guest] {
        let mut workspace = Workspace::with(1);
        let (second, third) = (workspace.add_device(1), workspace.add_device(1));
        let mut ana = workspace.create(SUITE);
        let (_, ben) = workspace.let_in(&mut ana, 1, role);
        let (published, second) = (ana.group_info().unwrap(), &workspace.people[1].devices[second]);
        let (two, commit) = workspace.rejoin(&published, second).unwrap();
        for group in [&mut ana, &mut { ben }] {
            take(group, &commit.entry).unwrap();
        }
        let (offered, _) = workspace.key_package(&workspace.people[1].devices[third], SUITE);
        let (added, removed) = (offered.device(), workspace.device(1).keys.device());
        let attempts = [
            (Change::default().add_device(offered), Right::AddDevice(added)),
            (Change::default().remove_device(removed), Right::RemoveDevice(removed)),
        ];
        for (change, right) in attempts {
            let refused = workspace.built(&two, change).unwrap_err();
            let wanted = Refused::NotAllowed { user: workspace.user(1), role: Some(role), right };
            assert!(matches!(&refused, GroupError::Refused(refused) if *refused == wanted), "{refused}");
        }
        take(&mut ana, &workspace.built(&two, Change::rotate()).unwrap().entry).unwrap();
    }
}

/// Where no owner stands somebody acts as one, the same everywhere: else nobody could ever add or remove a person again.
#[test]
fn where_no_owner_stands_somebody_acts_as_one() {
    let (mut workspace, mut ana, mut ben) = ana_and_ben(Role::Admin);
    let (upload, mut cy) = workspace.let_in(&mut ana, 2, Role::Member);
    take(&mut ben, &upload.entry).unwrap();
    workspace.say(0, Statement::Role(bezel_protocol::roster::RoleChange { user: workspace.user(1), role: Role::Owner }));
    let owner = workspace.user(0);
    let signed = workspace.roster.next(NOW_MS, Statement::Remove(owner)).sign(&[&workspace.people[1].identity]).unwrap();
    workspace.roster.append(&signed).unwrap();
    let (mut ben, mut cy) = (reload(&workspace, &mut ben), reload(&workspace, &mut cy));
    let theirs = workspace.built(&cy, Change::default().role(workspace.user(2), Role::Owner)).unwrap_err();
    assert!(matches!(theirs, GroupError::Refused(Refused::NotAllowed { .. })), "an admin is there: {theirs}");
    let upload = workspace.built(&ben, Change::default().purge().role(workspace.user(2), Role::Owner)).unwrap();
    take(&mut cy, &upload.entry).unwrap();
    ben.accept_new(&upload).unwrap();
    assert_eq!(cy.members().unwrap(), vec![(workspace.user(1), Role::Admin), (workspace.user(2), Role::Owner)]);
}

/// Who comes back gets the first free leaf, that of an owner who is gone: it made a reader the heir of everything.
#[test]
fn who_comes_back_to_the_first_leaf_is_not_the_heir() {
    let mut workspace = Workspace::with(3);
    let mut ana = workspace.create(SUITE);
    let (_, mut ben) = workspace.let_in(&mut ana, 1, Role::Member);
    let (upload, _) = workspace.let_in(&mut ana, 2, Role::ReadOnly);
    take(&mut ben, &upload.entry).unwrap();
    workspace.say(0, Statement::Role(bezel_protocol::roster::RoleChange { user: workspace.user(3), role: Role::Owner }));
    workspace.say(3, Statement::Remove(workspace.user(0)));
    let mut ben = reload(&workspace, &mut ben);
    workspace.commit(&mut ben, Change::default().purge());
    let (cy, returned) = workspace.rejoin(&ben.group_info().unwrap(), workspace.device(2)).unwrap();
    workspace.follow(&returned.entry).unwrap();
    take(&mut ben, &returned.entry).unwrap();
    assert_eq!(cy.own_leaf().unwrap().index(), 0, "before everybody else");
    let refused = workspace.built(&cy, Change::default().remove_user(workspace.user(1))).unwrap_err();
    assert!(matches!(refused, GroupError::Refused(Refused::NotAllowed { role: Some(Role::ReadOnly), .. })), "{refused}");
    workspace.commit(&mut ben, Change::default().role(workspace.user(1), Role::Owner));
}

#[test]
fn the_last_owner_stays() {
    let (workspace, ana, _) = ana_and_ben(Role::Admin);
    let step_down = Change::default().role(workspace.user(0), Role::Member);
    assert!(matches!(workspace.built(&ana, step_down), Err(GroupError::Refused(Refused::LastOwner))));
}

#[test]
fn a_person_without_a_device_gets_no_role() {
    let (workspace, ana, _) = ana_and_ben(Role::Admin);
    let change = Change::default().role(workspace.user(2), Role::Member);
    assert!(matches!(workspace.built(&ana, change), Err(GroupError::Refused(Refused::WithoutDevice(user))) if user == workspace.user(2)));
}

#[test]
fn a_replayed_commit_is_refused() {
    let (workspace, mut ana, ben) = ana_and_ben(Role::Member);
    let commit = workspace.built(&ben, Change::rotate()).unwrap().entry;
    take(&mut ana, &commit).unwrap();
    assert!(matches!(take(&mut ana, &commit), Err(GroupError::WrongEpoch { expected: 2, found: 1 })));
}

/// Guards against a back door in the group's context: whoever is an "external sender" could propose from outside.
#[test]
fn extensions_and_proposals_that_are_not_ours_are_refused() {
    let (workspace, mut ana, mut ben) = ana_and_ben(Role::Owner);
    let mut wanted = roles(&[(workspace.user(0), Role::Owner), (workspace.user(1), Role::Owner)]);
    wanted.set_from(ExternalSendersExt::new(vec![])).unwrap();
    let commit = Rogue::of(&workspace, &mut ben).commit(&workspace, |builder| builder.set_group_context_ext(wanted).unwrap());
    assert_eq!(refusal(take(&mut ana, &commit)), Refused::ForeignExtension);
    let commit = Rogue::of(&workspace, &mut ben).commit(&workspace, |builder| builder.set_group_context_ext(ExtensionList::new()).unwrap());
    assert_eq!(refusal(take(&mut ana, &commit)), Refused::MalformedRoles, "the roles can't be taken away");
    let commit = Rogue::of(&workspace, &mut ben)
        .commit(&workspace, |builder| builder.reinit(None, mls_rs::ProtocolVersion::MLS_10, CipherSuite::new(3), roles(&[])).unwrap());
    assert_eq!(refusal(take(&mut ana, &commit)), Refused::ForeignProposal);
    let proposal = Rogue::of(&workspace, &mut ben).group.propose_remove(0, vec![]).unwrap().to_bytes().unwrap();
    let proposal = entry(workspace.device(1), proposal);
    assert!(matches!(take(&mut ana, &proposal), Err(GroupError::Malformed("commit"))), "proposals travel inside commits only");
}

#[test]
fn an_outsider_can_t_come_in_by_an_external_commit() {
    let (workspace, mut ana, _) = ana_and_ben(Role::Member);
    let published = ana.group_info().unwrap();
    let outsider = workspace.device(2);
    let refused = workspace.rejoin(&published, outsider).unwrap_err();
    let user = workspace.user(2);
    assert!(matches!(refused, GroupError::Refused(Refused::NotAllowed { user: who, role: None, right: Right::Rejoin }) if who == user));
    let commit = external_commit(&workspace, &published, outsider, None);
    assert_eq!(refusal(take(&mut ana, &commit)), Refused::NotAllowed { user, role: None, right: Right::Rejoin });
}

#[test]
fn an_external_commit_takes_no_leaf_but_its_own() {
    let mut workspace = Workspace::with(1);
    let second = workspace.add_device(1);
    let mut ana = workspace.create(SUITE);
    workspace.let_in(&mut ana, 1, Role::Member);
    let published = ana.group_info().unwrap();
    let newcomer = &workspace.people[1].devices[second];
    for removes in [0, 1] {
        let commit = external_commit(&workspace, &published, newcomer, Some(removes));
        assert_eq!(refusal(take(&mut ana, &commit)), Refused::ForeignLeaf(newcomer.keys.device()), "removing leaf {removes}");
    }
    let commit = external_commit(&workspace, &published, workspace.device(1), Some(1));
    take(&mut ana, &commit).unwrap();
}

/// By the device's real keys (from a state of its own), without our rules.
fn external_commit(workspace: &Workspace, group_info: &[u8], device: &Device, removes: Option<u32>) -> Vec<u8> {
    let (secret, public) = leaf_key(device, SUITE);
    let credential = CustomCredential::new(CredentialType::new(0xF001), device.certificate.as_bytes().to_vec());
    let identity = SigningIdentity::new(Credential::Custom(credential), public);
    let client = lawless(InMemoryGroupStateStorage::new()).signing_identity(identity, secret, CipherSuite::new(SUITE.code())).build();
    let mut builder =
        client.external_commit_builder().unwrap().with_tree_data(workspace.observer().tree()).with_authenticated_data(context(workspace));
    if let Some(index) = removes {
        builder = builder.with_removal(index);
    }
    entry(device, builder.build(MlsMessage::from_bytes(group_info).unwrap()).unwrap().1.to_bytes().unwrap())
}

/// The stored form of the device's keys holds the leaf keys.
pub(crate) fn leaf_key(device: &Device, suite: Suite) -> (mls_rs::crypto::SignatureSecretKey, mls_rs::crypto::SignaturePublicKey) {
    #[derive(serde::Deserialize)]
    struct Stored {
        #[serde(with = "serde_bytes")]
        leaf_p384: Vec<u8>,
        #[serde(with = "serde_bytes")]
        leaf_ed25519: Vec<u8>,
    }
    let stored: Stored = cbor::decode(device.keys.to_bytes().expose()).unwrap();
    let secret = if suite == Suite::P384Aes256 { stored.leaf_p384 } else { stored.leaf_ed25519 };
    (secret.into(), device.certificate.certificate().leaf_key(suite).to_vec().into())
}

/// Guards against an invitation into a private group under the id of a conversation: who is let in reads what its maker says, and writes there.
#[test]
fn a_welcome_into_a_private_group_with_the_conversation_s_id_is_refused() {
    let (workspace, ana, _) = ana_and_ben(Role::ReadOnly);
    let (_, made) = workspace.key_package(workspace.device(2), SUITE);
    let everyone = [(workspace.user(1), Role::Owner), (workspace.user(2), Role::Member)];
    let ben = workspace.device(1);
    let (secret, public) = leaf_key(ben, SUITE);
    let credential = CustomCredential::new(CredentialType::new(0xF001), ben.certificate.as_bytes().to_vec());
    let identity = SigningIdentity::new(Credential::Custom(credential), public);
    let client = lawless(InMemoryGroupStateStorage::new()).signing_identity(identity, secret, CipherSuite::new(SUITE.code())).build();
    let at = MlsTime::from(u64::try_from(NOW_MS / 1000).unwrap());
    let mut private = client.create_group_with_id(ana.id().to_bytes(), roles(&everyone), ExtensionList::new(), Some(at)).unwrap();
    let package = MlsMessage::from_bytes(&made.public).unwrap();
    let commit = private.commit_builder().commit_time(at).add_member(package).unwrap().build().unwrap();
    let welcome = Welcome::parse(&commit.welcome_messages[0].to_bytes().unwrap()).unwrap();
    let device = workspace.device(2);
    let joined = Group::join(&welcome, &workspace.observer(), made.private.expose(), &device.keys, workspace.judge());
    assert!(matches!(joined, Err(GroupError::OtherGroup)), "{joined:?}");
}

/// A leaf may hold what its device likes, for the library: each of a guest's made the group larger for everybody, by as much as a commit may have.
#[test]
fn a_leaf_that_holds_megabytes_is_refused_on_both_sides() {
    let (workspace, mut ana, mut ben) = ana_and_ben(Role::Guest);
    for (size, is_taken) in [(1_000_000, false), (100, true)] {
        let mut extensions = ExtensionList::new();
        extensions.set(Extension::new(ExtensionType::new(0xF0FF), vec![7; size]));
        let commit = Rogue::of(&workspace, &mut ben).commit(&workspace, |builder| builder.set_leaf_node_extensions(extensions));
        let (followed, taken) = (workspace.follow(&commit), take(&mut ana, &commit));
        assert_eq!((followed.is_ok(), taken.is_ok()), (is_taken, is_taken), "{followed:?} {taken:?}");
        if !is_taken {
            assert_eq!(followed.unwrap_err(), Refused::LargeLeaf.into());
            assert_eq!(refusal(taken), Refused::LargeLeaf);
        }
    }
}

/// Every commit renews its author's keys; the library would take one that does not.
#[test]
fn a_commit_without_a_path_is_refused() {
    let (mut workspace, mut ana, mut ben) = ana_and_ben(Role::Owner);
    let second = workspace.add_device(1);
    let (mut ana, mut ben) = (reload(&workspace, &mut ana), reload(&workspace, &mut ben));
    let package = message(&workspace.people[1].devices[second], &workspace);
    for has_paths in [false, true] {
        let mut rogue = Rogue::of(&workspace, &mut ben);
        rogue.group = loaded(&mut ben, has_paths);
        let package = package.clone();
        let commit = rogue.commit(&workspace, |builder| builder.add_member(package).unwrap());
        let taken = take(&mut ana, &commit);
        assert!(if has_paths { taken.is_ok() } else { matches!(taken, Err(GroupError::Malformed("commit"))) }, "{taken:?}");
    }
}

/// The library signs neither the confirmation tag nor the membership tag: a relay could have the author blamed.
#[test]
fn a_commit_that_was_changed_on_the_way_is_not_its_author_s() {
    let (workspace, mut ana, ben) = ana_and_ben(Role::Member);
    let made = workspace.built(&ben, Change::rotate()).unwrap();
    let honest = SignedCommit::decode(&made.entry).unwrap();
    let length = honest.commit.0.len();
    for at in [length - 1, length - 40, length - 60] {
        let mut changed = honest.clone();
        changed.commit.0[at] ^= 1;
        assert!(matches!(take(&mut ana, &changed.encode()), Err(GroupError::Signature)), "byte {at}");
    }
    take(&mut ana, &made.entry).unwrap();
}

#[test]
fn a_rogue_device_of_a_member_can_t_speak_as_another_device() {
    let (mut workspace, ana, mut ben) = ana_and_ben(Role::Member);
    let second = workspace.add_device(1);
    let mut ana = reload(&workspace, &mut { ana });
    let mut rogue = Rogue::of(&workspace, &mut ben);
    let other = &workspace.people[1].devices[second];
    let (secret, public) = leaf_key(other, SUITE);
    let credential = CustomCredential::new(CredentialType::new(0xF001), other.certificate.as_bytes().to_vec());
    let commit = rogue.commit_signed_by(other, |builder| {
        builder.set_new_signing_identity(secret, SigningIdentity::new(Credential::Custom(credential), public))
    });
    let refused = take(&mut ana, &commit).unwrap_err();
    assert!(
        matches!(&refused, GroupError::Library(why) if why.contains("uccessor")),
        "a leaf changes its certificate, never its device: {refused}"
    );
}
