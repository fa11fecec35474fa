//! Our groups and OpenMLS in one conversation, suite 0x0003, with our credentials and roles: either makes the group, adds the other,
//! commits, and both derive the same keys.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use bezel_crypto::group::{Change, Group, GroupId as OurGroupId, KeyPackage as OurKeyPackage, MadeKeyPackage, Welcome as OurWelcome};
use bezel_protocol::cose::Signer as _;
use bezel_protocol::log::{Begin, CommitContext, Place, SignedCommit};
use bezel_protocol::{Hash, Role, Suite, UserId, cbor};
use openmls::prelude::tls_codec::{Deserialize as _, Serialize as _};
use openmls::prelude::*;
use openmls_basic_credential::SignatureKeyPair;
use openmls_rust_crypto::OpenMlsRustCrypto;

use crate::fixture::{Device, Workspace, take};

const SUITE: Suite = Suite::X25519ChaCha20;
const CIPHERSUITE: Ciphersuite = Ciphersuite::MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519;
const ROLES: u16 = 0xF002;
const CERTIFICATE: u16 = 0xF001;

/// OpenMLS judges lifetimes by the clock of this computer.
#[expect(clippy::disallowed_methods, reason = "the other library reads this clock, so ours must agree with it")]
fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

/// A device that runs OpenMLS.
struct Other {
    provider: OpenMlsRustCrypto,
    signer: SignatureKeyPair,
    credential: CredentialWithKey,
}

impl Other {
    fn of(device: &Device) -> Self {
        #[derive(serde::Deserialize)]
        struct Stored {
            #[serde(with = "serde_bytes")]
            leaf_ed25519: Vec<u8>,
        }
        let stored: Stored = cbor::decode(device.keys.to_bytes().expose()).unwrap();
        let public = device.certificate.certificate().leaf_key(SUITE).to_vec();
        // Our library stores the seed and the public key, theirs the seed.
        let signer = SignatureKeyPair::from_raw(SignatureScheme::ED25519, stored.leaf_ed25519[..32].to_vec(), public.clone());
        let credential = Credential::new(CredentialType::Other(CERTIFICATE), device.certificate.as_bytes().to_vec());
        let provider = OpenMlsRustCrypto::default();
        signer.store(provider.storage()).unwrap();
        Self { provider, signer, credential: CredentialWithKey { credential, signature_key: public.into() } }
    }

    fn capabilities() -> Capabilities {
        Capabilities::new(
            None,
            Some(&[CIPHERSUITE]),
            Some(&[ExtensionType::Unknown(ROLES), ExtensionType::LastResort]),
            None,
            Some(&[CredentialType::Other(CERTIFICATE)]),
        )
    }

    fn key_package(&self) -> Vec<u8> {
        let bundle = KeyPackage::builder()
            .leaf_node_capabilities(Self::capabilities())
            .build(CIPHERSUITE, &self.provider, &self.signer, self.credential.clone())
            .unwrap();
        MlsMessageOut::from(bundle.key_package().clone()).tls_serialize_detached().unwrap()
    }

    fn join(&self, welcome: &[u8], ratchet_tree: &[u8]) -> MlsGroup {
        let MlsMessageBodyIn::Welcome(welcome) = MlsMessageIn::tls_deserialize_exact(welcome).unwrap().extract() else {
            panic!("not a welcome")
        };
        let tree = RatchetTreeIn::tls_deserialize_exact(ratchet_tree).unwrap();
        let config = MlsGroupJoinConfig::builder().wire_format_policy(PURE_PLAINTEXT_WIRE_FORMAT_POLICY).build();
        StagedWelcome::new_from_welcome(&self.provider, &config, welcome, Some(tree)).unwrap().into_group(&self.provider).unwrap()
    }

    fn create(&self, owner: UserId, id: Vec<u8>) -> MlsGroup {
        let roles: std::collections::BTreeMap<UserId, Role> = [(owner, Role::Owner)].into();
        MlsGroup::builder()
            .with_group_id(GroupId::from_slice(&id))
            .ciphersuite(CIPHERSUITE)
            .with_wire_format_policy(PURE_PLAINTEXT_WIRE_FORMAT_POLICY)
            .with_capabilities(Self::capabilities())
            .with_group_context_extensions(extensions(&roles))
            .build(&self.provider, &self.signer, self.credential.clone())
            .unwrap()
    }

    fn process(&self, group: &mut MlsGroup, commit: &[u8]) {
        let message = MlsMessageIn::tls_deserialize_exact(commit).unwrap().try_into_protocol_message().unwrap();
        let processed = group.process_message(&self.provider, message).unwrap();
        let ProcessedMessageContent::StagedCommitMessage(staged) = processed.into_content() else { panic!("not a commit") };
        group.merge_staged_commit(&self.provider, *staged).unwrap();
    }

    fn commit(
        &self,
        group: &mut MlsGroup,
        workspace: &Workspace,
        add: Option<(KeyPackage, Extensions<GroupContext>)>,
    ) -> (Vec<u8>, Option<Vec<u8>>) {
        group.set_aad(cbor::encode(&CommitContext { seen: Place::START, roster: workspace.roster.head() }));
        let mut builder = group.commit_builder().force_self_update(true);
        if let Some((key_package, extensions)) = add {
            builder = builder.propose_adds([key_package]).propose_group_context_extensions(extensions).unwrap();
        }
        let bundle = builder
            .load_psks(self.provider.storage())
            .unwrap()
            .build(self.provider.rand(), self.provider.crypto(), &self.signer, |_| true)
            .unwrap()
            .stage_commit(&self.provider)
            .unwrap();
        let (commit, welcome, _) = bundle.into_messages();
        group.merge_pending_commit(&self.provider).unwrap();
        (commit.tls_serialize_detached().unwrap(), welcome.map(|welcome| welcome.tls_serialize_detached().unwrap()))
    }
}

/// The entry of a commit, as its device signs it.
fn entry(device: &Device, commit: Vec<u8>) -> Vec<u8> {
    let group_info = Hash::of(b"group info");
    let signature = device.keys.sign(&SignedCommit::to_be_signed(&commit, group_info)).unwrap();
    SignedCommit { commit: commit.into(), group_info, signature: signature.into() }.encode()
}

fn commit_of(entry: &[u8]) -> Vec<u8> {
    SignedCommit::decode(entry).unwrap().commit.0
}

/// The first entry of the log of a group that the other library made.
fn begin(device: &Device, random: [u8; 32], other: &Other, group: &MlsGroup) -> Vec<u8> {
    let info = group.export_group_info(other.provider.crypto(), &other.signer, true).unwrap();
    let group_info = info.tls_serialize_detached().unwrap();
    let signature = device.keys.sign(&Begin::to_be_signed(device.keys.device(), &random, SUITE, &group_info)).unwrap();
    Begin { device: device.keys.device(), random, suite: SUITE, group_info: group_info.into(), signature: signature.into() }.encode()
}

fn extensions(roles: &std::collections::BTreeMap<UserId, Role>) -> Extensions<GroupContext> {
    let required = RequiredCapabilitiesExtension::new(&[ExtensionType::Unknown(ROLES)], &[], &[CredentialType::Other(CERTIFICATE)]);
    let roles = Extension::Unknown(ROLES, UnknownExtension(cbor::encode(roles)));
    Extensions::from_vec(vec![Extension::RequiredCapabilities(required), roles]).unwrap()
}

fn assert_agree(ours: &Group, theirs: &MlsGroup, other: &Other) {
    assert_eq!(ours.epoch(), theirs.epoch().as_u64());
    let key = theirs.export_secret(other.provider.crypto(), "bezel/conversation", &[], 32).unwrap();
    assert_eq!(ours.epoch_key().unwrap().secret().expose().as_slice(), key, "both export one key");
    let authenticator = Hash::of(theirs.epoch_authenticator().as_slice());
    assert_eq!(ours.epoch_authenticator().unwrap(), authenticator);
    assert_eq!(ours.leaves().unwrap().len(), theirs.members().count());
}

#[test]
fn openmls_joins_our_group_and_both_commit() {
    let workspace = Workspace::at(now_ms(), 2);
    let other = Other::of(workspace.device(1));
    let mut ana = workspace.create(SUITE);
    let offered = OurKeyPackage::parse(&other.key_package()).unwrap();
    let upload = workspace.commit(&mut ana, Change::default().add_user(workspace.user(1), Role::Admin, [offered]));
    let mut theirs = other.join(&upload.welcomes[0].1, &workspace.observer().tree().to_bytes().unwrap());
    assert_agree(&ana, &theirs, &other);

    let upload = workspace.commit(&mut ana, Change::rotate());
    other.process(&mut theirs, &commit_of(&upload.entry));
    assert_agree(&ana, &theirs, &other);

    let (commit, _) = other.commit(&mut theirs, &workspace, None);
    let commit = entry(workspace.device(1), commit);
    take(&mut ana, &commit).unwrap();
    workspace.follow(&commit).unwrap();
    assert_agree(&ana, &theirs, &other);

    let (upload, mut cy) = workspace.let_in(&mut ana, 2, Role::Member);
    other.process(&mut theirs, &commit_of(&upload.entry));
    assert_agree(&cy, &theirs, &other);

    let upload = workspace.commit(&mut ana, Change::default().remove_user(workspace.user(2)));
    other.process(&mut theirs, &commit_of(&upload.entry));
    assert!(take(&mut cy, &upload.entry).unwrap().removed_self);
    assert_agree(&ana, &theirs, &other);
}

#[test]
fn we_join_a_group_of_openmls_and_come_back_to_it() {
    let workspace = Workspace::at(now_ms(), 1);
    let other = Other::of(workspace.device(0));
    let random = [7; 32];
    let id = OurGroupId::first(Begin::conversation_of(workspace.device(0).keys.device(), &random, SUITE));
    let mut theirs = other.create(workspace.user(0), id.to_bytes());
    workspace.observe(&begin(workspace.device(0), random, &other, &theirs));
    let device = workspace.device(1);
    let made = MadeKeyPackage::make(&device.keys, &device.certificate, SUITE, true, &workspace.judge()).unwrap();
    let MlsMessageBodyIn::KeyPackage(package) = MlsMessageIn::tls_deserialize_exact(&made.public).unwrap().extract() else {
        panic!("not a key package")
    };
    let package = package.validate(other.provider.crypto(), ProtocolVersion::Mls10).unwrap();
    let roles = [(workspace.user(0), Role::Owner), (workspace.user(1), Role::Member)].into();
    let (commit, welcome) = other.commit(&mut theirs, &workspace, Some((package, extensions(&roles))));
    workspace.follow(&entry(workspace.device(0), commit)).unwrap();
    let welcome = OurWelcome::parse(&welcome.unwrap()).unwrap();
    let mut ben = Group::join(&welcome, &workspace.observer(), made.private.expose(), &device.keys, workspace.judge()).unwrap();
    assert_agree(&ben, &theirs, &other);

    let upload = workspace.commit(&mut ben, Change::rotate());
    other.process(&mut theirs, &commit_of(&upload.entry));
    assert_agree(&ben, &theirs, &other);

    let (mut ben, rejoin) = workspace.rejoin(&upload.group_info, device).unwrap();
    other.process(&mut theirs, &commit_of(&rejoin.entry));
    assert_agree(&ben, &theirs, &other);
    let (commit, _) = other.commit(&mut theirs, &workspace, None);
    take(&mut ben, &entry(workspace.device(0), commit)).unwrap();
    assert_agree(&ben, &theirs, &other);
}
