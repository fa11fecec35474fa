//! The test vectors of RFC 9420 against the library that carries our groups, in our suites.
//!
//! Run: crypto-basics (by the cipher-suite provider), welcome (decryption), passive-client-welcome, -handling-commit and -random (by
//! the same calls as our groups: join, proposals, commits, epoch authenticators), messages (reading and writing).
//! Not run: tree-math, tree-operations, tree-validation, treekem, secret-tree, key-schedule, psk_secret, transcript-hashes,
//! message-protection and deserialization feed single inner parts which the library does not expose; the passive-client vectors
//! pass through all of them.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use mls_rs::client_builder::{BaseConfig, WithCryptoProvider, WithIdentityProvider, WithKeyPackageRepo};
use mls_rs::group::ExportedTree;
use mls_rs::identity::basic::BasicIdentityProvider;
use mls_rs::mls_rs_codec::{MlsEncode as _, VarInt};
use mls_rs::psk::{ExternalPskId, PreSharedKey};
use mls_rs::storage_provider::KeyPackageData;
use mls_rs::storage_provider::in_memory::InMemoryKeyPackageStorage;
use mls_rs::{CipherSuite, CipherSuiteProvider, Client, CryptoProvider as _, MlsMessage};
use mls_rs_core::crypto::{HpkeCiphertext, SignaturePublicKey, SignatureSecretKey};
use mls_rs_crypto_awslc::AwsLcCryptoProvider;
use serde::Deserialize;
use serde::de::DeserializeOwned;

fn vectors<T: DeserializeOwned>(kind: &str) -> Vec<T> {
    let path = format!("{}/../../tests/vectors/mls/{kind}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
struct Hex(Vec<u8>);

impl TryFrom<String> for Hex {
    type Error = hex::FromHexError;

    fn try_from(text: String) -> Result<Self, hex::FromHexError> {
        hex::decode(text).map(Self)
    }
}

fn provider(suite: u16) -> impl CipherSuiteProvider {
    AwsLcCryptoProvider::new().cipher_suite_provider(CipherSuite::new(suite)).unwrap()
}

/// `opaque value<V>` (RFC 9420 §2.1.2).
fn opaque(value: &[u8]) -> Vec<u8> {
    let mut bytes = VarInt::try_from(value.len()).unwrap().mls_encode_to_vec().unwrap();
    bytes.extend_from_slice(value);
    bytes
}

/// A label and a value, as most labelled functions of RFC 9420 §5 take them.
fn labelled(label: &str, value: &[u8]) -> Vec<u8> {
    [opaque(format!("MLS 1.0 {label}").as_bytes()), opaque(value)].concat()
}

fn expand_with_label(suite: &impl CipherSuiteProvider, secret: &[u8], label: &str, context: &[u8], length: u16) -> Vec<u8> {
    let info = [length.to_be_bytes().to_vec(), labelled(label, context)].concat();
    suite.kdf_expand(secret, &info, usize::from(length)).unwrap().to_vec()
}

#[derive(Deserialize)]
struct Basics {
    cipher_suite: u16,
    ref_hash: RefHash,
    expand_with_label: Expand,
    derive_secret: Derive,
    derive_tree_secret: DeriveTree,
    sign_with_label: Sign,
    encrypt_with_label: Encrypt,
}

#[derive(Deserialize)]
struct RefHash {
    label: String,
    value: Hex,
    out: Hex,
}

#[derive(Deserialize)]
struct Expand {
    secret: Hex,
    label: String,
    context: Hex,
    length: u16,
    out: Hex,
}

#[derive(Deserialize)]
struct Derive {
    secret: Hex,
    label: String,
    out: Hex,
}

#[derive(Deserialize)]
struct DeriveTree {
    secret: Hex,
    label: String,
    generation: u32,
    length: u16,
    out: Hex,
}

#[derive(Deserialize)]
struct Sign {
    #[serde(rename = "priv")]
    private: Hex,
    #[serde(rename = "pub")]
    public: Hex,
    content: Hex,
    label: String,
    signature: Hex,
}

#[derive(Deserialize)]
struct Encrypt {
    #[serde(rename = "priv")]
    private: Hex,
    #[serde(rename = "pub")]
    public: Hex,
    label: String,
    context: Hex,
    plaintext: Hex,
    kem_output: Hex,
    ciphertext: Hex,
}

#[test]
fn crypto_basics() {
    for vector in vectors::<Basics>("crypto-basics") {
        let suite = provider(vector.cipher_suite);

        let RefHash { label, value, out } = vector.ref_hash;
        let input = [opaque(label.as_bytes()), opaque(&value.0)].concat();
        assert_eq!(suite.hash(&input).unwrap(), out.0, "RefHash, §5.2");

        let Expand { secret, label, context, length, out } = vector.expand_with_label;
        assert_eq!(expand_with_label(&suite, &secret.0, &label, &context.0, length), out.0, "ExpandWithLabel, §8");

        let Derive { secret, label, out } = vector.derive_secret;
        let length = u16::try_from(suite.kdf_extract_size()).unwrap();
        assert_eq!(expand_with_label(&suite, &secret.0, &label, &[], length), out.0, "DeriveSecret, §8");

        let DeriveTree { secret, label, generation, length, out } = vector.derive_tree_secret;
        let derived = expand_with_label(&suite, &secret.0, &label, &generation.to_be_bytes(), length);
        assert_eq!(derived, out.0, "DeriveTreeSecret, §9.1");

        let Sign { private, public, content, label, signature } = vector.sign_with_label;
        let content = labelled(&label, &content.0);
        let public = SignaturePublicKey::from(public.0);
        suite.verify(&public, &signature.0, &content).expect("VerifyWithLabel, §5.1.2");
        let signed = suite.sign(&secret_key(vector.cipher_suite, &private.0, &public), &content).unwrap();
        suite.verify(&public, &signed, &content).expect("SignWithLabel, §5.1.2");

        let Encrypt { private, public, label, context, plaintext, kem_output, ciphertext } = vector.encrypt_with_label;
        let info = labelled(&label, &context.0);
        let (private, public) = (private.0.into(), public.0.into());
        let sealed = HpkeCiphertext { kem_output: kem_output.0, ciphertext: ciphertext.0 };
        assert_eq!(suite.hpke_open(&sealed, &private, &public, &info, None).unwrap().to_vec(), plaintext.0, "DecryptWithLabel, §5.1.3");
        let sealed = suite.hpke_seal(&public, &info, None, &plaintext.0).unwrap();
        assert_eq!(suite.hpke_open(&sealed, &private, &public, &info, None).unwrap().to_vec(), plaintext.0, "EncryptWithLabel, §5.1.3");
    }
}

/// The library keeps Ed25519 private keys as seed and public key.
fn secret_key(suite: u16, private: &[u8], public: &SignaturePublicKey) -> SignatureSecretKey {
    match suite {
        1 | 3 => [private, public.as_bytes()].concat().into(),
        _ => private.to_vec().into(),
    }
}

#[derive(Deserialize)]
struct Passive {
    cipher_suite: u16,
    external_psks: Vec<Psk>,
    key_package: Hex,
    signature_priv: Hex,
    encryption_priv: Hex,
    init_priv: Hex,
    welcome: Hex,
    ratchet_tree: Option<Hex>,
    initial_epoch_authenticator: Hex,
    epochs: Vec<Epoch>,
}

#[derive(Deserialize)]
struct Psk {
    psk_id: Hex,
    psk: Hex,
}

#[derive(Deserialize)]
struct Epoch {
    proposals: Vec<Hex>,
    commit: Hex,
    epoch_authenticator: Hex,
}

type Config = WithIdentityProvider<
    BasicIdentityProvider,
    WithKeyPackageRepo<InMemoryKeyPackageStorage, WithCryptoProvider<AwsLcCryptoProvider, BaseConfig>>,
>;

fn holder(key_package: &[u8], init_key: &[u8], leaf_key: &[u8], signer: SignatureSecretKey, psks: &[Psk]) -> Client<Config> {
    let message = MlsMessage::from_bytes(key_package).unwrap();
    let package = message.as_key_package().unwrap();
    let suite = provider(u16::from(package.cipher_suite()));
    let reference = package.to_reference(&suite).unwrap();
    let data = KeyPackageData::new(package.mls_encode_to_vec().unwrap(), init_key.to_vec().into(), leaf_key.to_vec().into(), u64::MAX);
    let mut packages = InMemoryKeyPackageStorage::default();
    mls_rs::KeyPackageStorage::insert(&mut packages, reference.to_vec(), data).unwrap();
    let mut builder = Client::builder()
        .crypto_provider(AwsLcCryptoProvider::new())
        .key_package_repo(packages)
        .identity_provider(BasicIdentityProvider::new())
        .signer(signer);
    for psk in psks {
        builder = builder.psk(ExternalPskId::new(psk.psk_id.0.clone()), PreSharedKey::new(psk.psk.0.clone()));
    }
    builder.build()
}

fn run_passive_clients(kind: &str) {
    for (number, vector) in vectors::<Passive>(kind).into_iter().enumerate() {
        let package = MlsMessage::from_bytes(&vector.key_package.0).unwrap();
        let public = &package.as_key_package().unwrap().signing_identity().signature_key;
        let signer = secret_key(vector.cipher_suite, &vector.signature_priv.0, public);
        let client = holder(&vector.key_package.0, &vector.init_priv.0, &vector.encryption_priv.0, signer, &vector.external_psks);
        let tree = vector.ratchet_tree.map(|tree| ExportedTree::from_bytes(&tree.0).unwrap());
        let welcome = MlsMessage::from_bytes(&vector.welcome.0).unwrap();
        let (mut group, _) = client.join_group(tree, &welcome, None).unwrap_or_else(|why| panic!("{kind} {number}: {why}"));
        let authenticator = |group: &mls_rs::Group<Config>| group.epoch_authenticator().unwrap().to_vec();
        assert_eq!(authenticator(&group), vector.initial_epoch_authenticator.0, "{kind} {number}, after the welcome");
        for (epoch, expected) in vector.epochs.into_iter().enumerate() {
            for proposal in expected.proposals.into_iter().chain([expected.commit]) {
                let message = MlsMessage::from_bytes(&proposal.0).unwrap();
                group.process_incoming_message(message).unwrap_or_else(|why| panic!("{kind} {number}, epoch {epoch}: {why}"));
            }
            assert_eq!(authenticator(&group), expected.epoch_authenticator.0, "{kind} {number}, epoch {epoch}");
        }
    }
}

#[test]
fn passive_client_welcome() {
    run_passive_clients("passive-client-welcome");
}

#[test]
fn passive_client_handling_commit() {
    run_passive_clients("passive-client-handling-commit");
}

#[test]
fn passive_client_random() {
    run_passive_clients("passive-client-random");
}

#[derive(Deserialize)]
struct WelcomeVector {
    cipher_suite: u16,
    init_priv: Hex,
    key_package: Hex,
    welcome: Hex,
}

#[test]
fn welcome_decryption() {
    for vector in vectors::<WelcomeVector>("welcome") {
        let signer = SignatureSecretKey::from(vec![0; 64]);
        let client = holder(&vector.key_package.0, &vector.init_priv.0, &[], signer, &[]);
        let info = client.examine_welcome_message(&MlsMessage::from_bytes(&vector.welcome.0).unwrap()).unwrap();
        assert_eq!(u16::from(info.group_context().cipher_suite), vector.cipher_suite);
    }
}

#[derive(Deserialize)]
struct Messages {
    mls_welcome: Hex,
    mls_group_info: Hex,
    mls_key_package: Hex,
    ratchet_tree: Hex,
    public_message_application: Hex,
    public_message_proposal: Hex,
    public_message_commit: Hex,
    private_message: Hex,
}

#[test]
fn messages_are_read_and_written_alike() {
    for vector in vectors::<Messages>("messages") {
        let Messages { mls_welcome, mls_group_info, mls_key_package, ratchet_tree, .. } = vector;
        let framed =
            [vector.public_message_application, vector.public_message_proposal, vector.public_message_commit, vector.private_message];
        for bytes in [mls_welcome, mls_group_info, mls_key_package].into_iter().chain(framed) {
            assert_eq!(MlsMessage::from_bytes(&bytes.0).unwrap().to_bytes().unwrap(), bytes.0);
        }
        assert_eq!(ExportedTree::from_bytes(&ratchet_tree.0).unwrap().to_bytes().unwrap(), ratchet_tree.0);
    }
}
