//! A message of 1 KiB: our envelope, and an MLS PrivateMessage of the same suite beside it.
//!
//! Fair to both: each is signed by the sender and bound to group, epoch and sender. The PrivateMessage is signed by the leaf key (P-384
//! in suite 0x0007) and has forward secrecy within the epoch; the envelope is signed by Ed25519 and keyed per message from the epoch.

use std::hint::black_box;
use std::sync::Arc;

use bezel_crypto::envelope::{Reader, seal};
use bezel_crypto::group::EpochKey;
use bezel_crypto::{DeviceKeys, IdentityKeyPair, Secret, SystemRng};
use bezel_protocol::envelope::EnvelopeHeader;
use bezel_protocol::roster::{Genesis, Roster, Statement, StatementBody};
use bezel_protocol::{ConversationId, DeviceId, Hash, MessageId, Suite, UserId, WorkspaceId};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use mls_rs::identity::SigningIdentity;
use mls_rs::identity::basic::{BasicCredential, BasicIdentityProvider};
use mls_rs::{CipherSuite, CipherSuiteProvider as _, Client, CryptoProvider as _, ExtensionList};
use mls_rs_crypto_awslc::AwsLcCryptoProvider;

const CONTENT: [u8; 1024] = [0x5A; 1024];
const CONVERSATION: ConversationId = ConversationId::from_bytes([3; 16]);

fn workspace() -> Option<(Arc<Roster>, DeviceKeys)> {
    let identity = IdentityKeyPair::generate().ok()?;
    let (workspace, owner) = (WorkspaceId::from_bytes([1; 16]), UserId::from_bytes([2; 16]));
    let genesis = Genesis { name: "Bench".into(), owner, handle: "ana".parse().ok()?, identity_key: identity.public().clone() };
    let first = StatementBody::genesis(workspace, 1, genesis).sign(&[&identity]).ok()?;
    let mut roster = Roster::replay(first.hash(), [first.as_bytes()]).ok()?;
    let device = DeviceKeys::generate(DeviceId::from_bytes([4; 16]), &mut SystemRng).ok()?;
    let certificate = device.certify(&identity, workspace, owner, 1).ok()?;
    let added = roster.next(1, Statement::DeviceAdd(certificate.as_bytes().to_vec())).sign(&[&identity]).ok()?;
    roster.append(&added).ok()?;
    Some((Arc::new(roster), device))
}

fn envelopes(criterion: &mut Criterion) {
    let Some((roster, device)) = workspace() else { return };
    let Some(secret) = Secret::from_slice(&[9; 32]) else { return };
    let key = EpochKey::new(CONVERSATION, 1, secret);
    let mut group = criterion.benchmark_group("1 KiB");
    group.throughput(Throughput::Bytes(CONTENT.len() as u64));
    for suite in Suite::ALL {
        let algorithm = suite.algorithm();
        let header = EnvelopeHeader {
            algorithm,
            conversation: CONVERSATION,
            epoch: 1,
            device: device.device(),
            message: MessageId::from_bytes([5; 16]),
            counter: 0,
            sent_at_ms: 2,
            previous: Hash::ZERO,
            seen: bezel_protocol::log::Place::START,
            roster: roster.head(),
            epoch_authenticator: Hash::ZERO,
        };
        let Ok(sealed) = seal(&CONTENT, &header, &key, &device, &mut SystemRng) else { return };
        let reader = Reader { conversation: CONVERSATION, algorithm, roster: &roster };
        group.bench_function(format!("envelope/{algorithm}/seal"), |bencher| {
            bencher.iter(|| seal(black_box(&CONTENT), &header, &key, &device, &mut SystemRng));
        });
        group.bench_function(format!("envelope/{algorithm}/open"), |bencher| {
            bencher.iter(|| reader.open(black_box(&sealed), |_| Some(&key)));
        });
    }
    group.finish();
}

type Peer = mls_rs::Group<
    mls_rs::client_builder::WithIdentityProvider<
        BasicIdentityProvider,
        mls_rs::client_builder::WithCryptoProvider<AwsLcCryptoProvider, mls_rs::client_builder::BaseConfig>,
    >,
>;

fn pair(suite: Suite) -> Option<(Peer, Peer)> {
    let suite = CipherSuite::new(suite.code());
    let crypto = AwsLcCryptoProvider::new();
    let client = |name: &[u8]| {
        let (secret, public) = crypto.cipher_suite_provider(suite)?.signature_key_generate().ok()?;
        let identity = SigningIdentity::new(BasicCredential::new(name.to_vec()).into_credential(), public);
        let builder = Client::builder().crypto_provider(crypto.clone()).identity_provider(BasicIdentityProvider::new());
        Some(builder.signing_identity(identity, secret, suite).build())
    };
    let (ana, ben) = (client(b"ana")?, client(b"ben")?);
    let mut group = ana.create_group(ExtensionList::new(), ExtensionList::new(), None).ok()?;
    let package = ben.generate_key_package_message(ExtensionList::new(), ExtensionList::new(), None).ok()?;
    let commit = group.commit_builder().add_member(package).ok()?.build().ok()?;
    group.apply_pending_commit().ok()?;
    let (joined, _) = ben.join_group(None, commit.welcome_messages.first()?, None).ok()?;
    Some((group, joined))
}

fn private_messages(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("1 KiB");
    group.throughput(Throughput::Bytes(CONTENT.len() as u64));
    for suite in Suite::ALL {
        let Some((mut ana, ben)) = pair(suite) else { return };
        let algorithm = suite.algorithm();
        let Ok(message) = ana.encrypt_application_message(&CONTENT, vec![]) else { return };
        let Ok(sealed) = message.to_bytes() else { return };
        group.bench_function(format!("mls PrivateMessage/{algorithm}/seal"), |bencher| {
            bencher.iter(|| ana.encrypt_application_message(black_box(&CONTENT), vec![]).and_then(|message| message.to_bytes()));
        });
        // Each key opens one message once, so every round opens it as a fresh copy of the receiver.
        group.bench_function(format!("mls PrivateMessage/{algorithm}/open"), |bencher| {
            let open = |mut ben: Peer| ben.process_incoming_message(mls_rs::MlsMessage::from_bytes(&sealed)?).map(|opened| (ben, opened));
            bencher.iter_batched(|| ben.clone(), open, BatchSize::SmallInput);
        });
    }
    group.finish();
}

criterion_group!(benches, envelopes, private_messages);
criterion_main!(benches);
