//! Envelopes, honest and not.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use bezel_crypto::envelope::{OpenError, Reader, SealError, seal};
use bezel_crypto::group::EpochKey;
use bezel_crypto::{Secret, SystemRng};
use bezel_protocol::envelope::{Envelope, EnvelopeError, EnvelopeHeader};
use bezel_protocol::{Algorithm, ConversationId, Hash, MessageId};
use proptest::prelude::*;

use crate::fixture::{CONVERSATION, NOW_MS, Workspace};

const ALGORITHMS: [Algorithm; 2] = [Algorithm::Aes256Gcm, Algorithm::ChaCha20Poly1305];
const EPOCH: u64 = 3;

fn header(workspace: &Workspace, algorithm: Algorithm) -> EnvelopeHeader {
    EnvelopeHeader {
        algorithm,
        conversation: CONVERSATION,
        epoch: EPOCH,
        device: workspace.device(1).keys.device(),
        message: MessageId::from_bytes([5; 16]),
        counter: 0,
        sent_at_ms: NOW_MS,
        previous: Hash::ZERO,
        seen: bezel_protocol::log::Place::START,
        roster: workspace.roster.head(),
        epoch_authenticator: Hash::ZERO,
    }
}

fn key() -> EpochKey {
    EpochKey::new(CONVERSATION, EPOCH, Secret::from_slice(&[7; 32]).unwrap())
}

fn sealed(workspace: &Workspace, algorithm: Algorithm, content: &[u8]) -> Vec<u8> {
    seal(content, &header(workspace, algorithm), &key(), &workspace.device(1).keys, &mut SystemRng).unwrap()
}

fn reader(workspace: &Workspace, algorithm: Algorithm) -> Reader<'_> {
    Reader { conversation: CONVERSATION, algorithm, roster: &workspace.roster }
}

/// Only the key of the epoch that was asked for.
fn open(workspace: &Workspace, algorithm: Algorithm, bytes: &[u8], key: &EpochKey) -> Result<Vec<u8>, OpenError> {
    let verified = reader(workspace, algorithm).open(bytes, |epoch| (epoch == key.epoch()).then_some(key))?;
    assert_eq!(verified.from(), workspace.user(1));
    Ok(verified.content().to_vec())
}

#[test]
fn what_is_sealed_opens_with_its_sender_and_its_place() {
    let workspace = Workspace::with(1);
    for algorithm in ALGORITHMS {
        for content in [b"".as_slice(), b"The ring is ready.", &[0xF0; 70_000]] {
            let bytes = sealed(&workspace, algorithm, content);
            assert_eq!(open(&workspace, algorithm, &bytes, &key()).unwrap(), content);
            assert!(content.is_empty() || !bytes.windows(content.len()).any(|window| window == content));
        }
    }
}

#[test]
fn an_envelope_in_another_conversation_is_refused() {
    let workspace = Workspace::with(1);
    let bytes = sealed(&workspace, Algorithm::Aes256Gcm, b"x");
    let expected = ConversationId::from_bytes([0xDD; 16]);
    let reader = Reader { conversation: expected, ..reader(&workspace, Algorithm::Aes256Gcm) };
    let key = key();
    assert_eq!(reader.open(&bytes, |_| Some(&key)).unwrap_err(), OpenError::WrongConversation { expected, found: CONVERSATION });
}

#[test]
fn without_the_key_of_its_epoch_it_stays_closed_and_says_so() {
    let workspace = Workspace::with(1);
    let bytes = sealed(&workspace, Algorithm::Aes256Gcm, b"x");
    let later = EpochKey::new(CONVERSATION, EPOCH + 1, Secret::from_slice(&[7; 32]).unwrap());
    assert_eq!(open(&workspace, Algorithm::Aes256Gcm, &bytes, &later).unwrap_err(), OpenError::NoKey { epoch: EPOCH });
    let reader = reader(&workspace, Algorithm::Aes256Gcm);
    assert_eq!(reader.open(&bytes, |_| Some(&later)).unwrap_err(), OpenError::NoKey { epoch: EPOCH }, "handed the wrong one");
    let other = EpochKey::new(CONVERSATION, EPOCH, Secret::from_slice(&[8; 32]).unwrap());
    assert_eq!(open(&workspace, Algorithm::Aes256Gcm, &bytes, &other).unwrap_err(), OpenError::WrongKey { epoch: EPOCH });
}

#[test]
fn a_message_in_another_s_name_is_refused() {
    let workspace = Workspace::with(1);
    let refused = seal(b"x", &header(&workspace, Algorithm::Aes256Gcm), &key(), &workspace.device(0).keys, &mut SystemRng);
    assert_eq!(refused.unwrap_err(), SealError::HeaderMismatch);
    // The same by someone who builds the envelope without our checks.
    struct Forger<'a>(&'a bezel_crypto::DeviceKeys, Vec<u8>);
    impl bezel_protocol::cose::Signer for Forger<'_> {
        fn algorithm(&self) -> bezel_protocol::cose::SignatureAlgorithm {
            bezel_protocol::cose::SignatureAlgorithm::Ed25519
        }
        fn key_id(&self) -> Vec<u8> {
            self.1.clone()
        }
        fn sign(&self, message: &[u8]) -> Result<Vec<u8>, bezel_protocol::cose::SigningFailed> {
            self.0.sign(message)
        }
    }
    let header = header(&workspace, Algorithm::Aes256Gcm);
    let forger = Forger(&workspace.device(0).keys, header.device.as_bytes().to_vec());
    let bytes = bezel_protocol::envelope::build(&header, [0; 12], vec![0; 20], &forger).unwrap();
    let refused = open(&workspace, Algorithm::Aes256Gcm, &bytes, &key()).unwrap_err();
    assert_eq!(refused, OpenError::Envelope(EnvelopeError::BadSignature), "the signature is judged before the key");
}

#[test]
fn another_algorithm_than_the_conversation_s_is_refused() {
    let workspace = Workspace::with(1);
    let bytes = sealed(&workspace, Algorithm::ChaCha20Poly1305, b"x");
    let refused = open(&workspace, Algorithm::Aes256Gcm, &bytes, &key()).unwrap_err();
    assert_eq!(refused, OpenError::WrongAlgorithm { expected: Algorithm::Aes256Gcm, found: Algorithm::ChaCha20Poly1305 });
}

#[test]
fn a_device_that_the_roster_does_not_know_is_no_sender() {
    let workspace = Workspace::with(1);
    let bytes = sealed(&workspace, Algorithm::Aes256Gcm, b"x");
    let alone = Workspace::with(0);
    assert!(matches!(open(&alone, Algorithm::Aes256Gcm, &bytes, &key()), Err(OpenError::UnknownDevice(_))));
}

#[test]
fn no_two_messages_share_a_ciphertext() {
    let workspace = Workspace::with(1);
    let one = Envelope::parse(&sealed(&workspace, Algorithm::Aes256Gcm, b"same")).unwrap();
    let two = Envelope::parse(&sealed(&workspace, Algorithm::Aes256Gcm, b"same")).unwrap();
    assert_ne!(one.nonce(), two.nonce());
    assert_ne!(one.hash(), two.hash());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_content_comes_back(content in proptest::collection::vec(any::<u8>(), 0..4096), chacha in any::<bool>()) {
        let workspace = shared();
        let algorithm = ALGORITHMS[usize::from(chacha)];
        prop_assert_eq!(open(workspace, algorithm, &sealed(workspace, algorithm, &content), &key()).unwrap(), content);
    }

    #[test]
    fn any_flipped_bit_is_refused(at in any::<proptest::sample::Index>(), bit in 0u8..8, chacha in any::<bool>()) {
        let workspace = shared();
        let algorithm = ALGORITHMS[usize::from(chacha)];
        let mut bytes = sealed(workspace, algorithm, b"Two sapphires, 2.1 ct");
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        prop_assert!(open(workspace, algorithm, &bytes, &key()).is_err(), "byte {at}, bit {bit}");
    }

    #[test]
    fn any_cut_is_refused(at in any::<proptest::sample::Index>()) {
        let workspace = shared();
        let bytes = sealed(workspace, Algorithm::Aes256Gcm, b"Two sapphires, 2.1 ct");
        let cut = &bytes[..at.index(bytes.len())];
        prop_assert!(open(workspace, Algorithm::Aes256Gcm, cut, &key()).is_err());
    }
}

fn shared() -> &'static Workspace {
    static SHARED: std::sync::OnceLock<Workspace> = std::sync::OnceLock::new();
    SHARED.get_or_init(|| Workspace::with(1))
}
