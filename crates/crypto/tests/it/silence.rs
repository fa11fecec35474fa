//! The `Debug` of every type that bears a secret, as it would stand in a log.

use bezel_crypto::envelope::{Reader, seal};
use bezel_crypto::file::{Blob, FileCipher, FileKey};
use bezel_crypto::group::{Change, EpochKey};
use bezel_crypto::slots::{Cost, MasterKey, NewPassphrase, Passphrase, RecoveryWords, SlotFile};
use bezel_crypto::vault::VaultKey;
use bezel_crypto::{InviteKeyPair, Secret, SecretBytes, SystemRng};
use bezel_protocol::envelope::{Envelope, EnvelopeHeader};
use bezel_protocol::{Algorithm, FileId, Hash, InviteId, MessageId, Suite};

use crate::fixture::{CONVERSATION, NOW_MS, Workspace};

/// Also formatted with `{:#?}`, which goes through the same code but is what most people log.
fn debug(value: &dyn core::fmt::Debug) -> String {
    let plain = format!("{value:?}");
    let pretty = format!("{value:#?}");
    let squeezed = |text: &str| text.split_whitespace().collect::<String>().replace(",}", "}").replace(",)", ")");
    assert_eq!(squeezed(&plain), squeezed(&pretty));
    plain
}

#[test]
fn secrets_are_mute() {
    let workspace = Workspace::with(1);
    let secret = || Secret::<32>::from_slice(&[0x41; 32]).unwrap();
    let person = &workspace.people[1];
    insta::assert_snapshot!(debug(&secret()), @"Secret(..)");
    insta::assert_snapshot!(debug(&SecretBytes::new(vec![0x41; 9])), @"SecretBytes(..)");
    insta::assert_snapshot!(debug(&person.identity), @"IdentityKeyPair(..)");
    insta::assert_snapshot!(debug(&person.devices[0].keys), @"DeviceKeys(02020202-0202-0202-0202-020202020202, ..)");
    let invite = InviteKeyPair::from_seed(InviteId::from_bytes([1; 16]), secret()).unwrap();
    insta::assert_snapshot!(debug(&invite), @"InviteKeyPair(01010101-0101-0101-0101-010101010101, ..)");
    insta::assert_snapshot!(debug(&MasterKey::from_secret(secret())), @"MasterKey(..)");
    insta::assert_snapshot!(debug(&Passphrase::parse("correct horse".into()).unwrap()), @"Passphrase(..)");
    insta::assert_snapshot!(debug(&RecoveryWords::generate(&mut SystemRng).unwrap()), @"RecoveryWords(..)");
    insta::assert_snapshot!(debug(&VaultKey::from_secret(secret())), @"VaultKey(Secret(..))");
    let file_key = FileKey::from_bytes(&[0x41; 32]).unwrap();
    insta::assert_snapshot!(debug(&file_key), @"FileKey(..)");
    insta::assert_snapshot!(debug(&file_key.to_message()), @"FileKeyBytes(..)");
    let blob = Blob { file: FileId::from_bytes([7; 16]), conversation: CONVERSATION };
    insta::assert_snapshot!(debug(&FileCipher::new(&file_key, blob, &mut SystemRng).unwrap()), @"FileCipher(..)");
    let key = EpochKey::new(CONVERSATION, 3, secret());
    insta::assert_snapshot!(debug(&key), @"EpochKey { conversation: ConversationId(cccccccc-cccc-cccc-cccc-cccccccccccc), epoch: 3, secret: Secret(..) }");

    let header = EnvelopeHeader {
        algorithm: Algorithm::Aes256Gcm,
        conversation: CONVERSATION,
        epoch: 3,
        device: person.devices[0].keys.device(),
        message: MessageId::from_bytes([5; 16]),
        counter: 0,
        sent_at_ms: NOW_MS,
        previous: Hash::ZERO,
        seen: bezel_protocol::log::Place::START,
        roster: workspace.roster.head(),
        epoch_authenticator: Hash::ZERO,
    };
    let bytes = seal(b"canary", &header, &key, &person.devices[0].keys, &mut SystemRng).unwrap();
    let reader = Reader { conversation: CONVERSATION, algorithm: Algorithm::Aes256Gcm, roster: &workspace.roster };
    let decrypted = reader.verify(Envelope::parse(&bytes).unwrap()).unwrap().decrypt(&key).unwrap();
    insta::assert_snapshot!(debug(&decrypted), @"Decrypted(..)");
    insta::assert_snapshot!(debug(&decrypted.into_verified()), @"Verified(05050505-0505-0505-0505-050505050505, ..)");

    let mut group = workspace.create(Suite::P384Aes256);
    insta::assert_snapshot!(debug(&group), @"Group(86185373-140c-b313-d7b2-7b482656af30, epoch 0, ..)");
    insta::assert_snapshot!(debug(&group.state().unwrap()), @"SecretBytes(..)");
    let (_, made) = workspace.key_package(workspace.device(1), Suite::P384Aes256);
    insta::assert_snapshot!(debug(&made), @"MadeKeyPackage(..)");
    let change = Change::default().renew(&person.devices[0].keys, &person.devices[0].certificate);
    assert!(format!("{change:?}").contains("DeviceKeys(02020202-0202-0202-0202-020202020202, ..)"));
}

/// A slot file holds wrapped keys only, so its `Debug` may say what it holds; it never says the master key.
#[test]
fn a_slot_file_says_nothing_of_the_master_key() {
    let master = MasterKey::from_secret(Secret::from_slice(&[0x41; 32]).unwrap());
    let mut file = SlotFile::new();
    file.set_keychain("bezel", "maison-lune", &master).unwrap();
    file.set_passphrase(
        &NewPassphrase::choose("a canary in the old mine".into(), &[]).unwrap(),
        Cost::new(8, 1, 1).unwrap(),
        &master,
        &mut SystemRng,
    )
    .unwrap();
    let said = format!("{file:?}");
    assert!(!said.contains("65, 65, 65") && !said.contains("canary"), "{said}");
    let bytes = file.to_bytes();
    assert!(!bytes.windows(4).any(|window| window == [0x41; 4]), "the file holds no plain key");
}
