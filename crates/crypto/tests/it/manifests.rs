//! What a file is said to be: believed only from the device that announced it, at its own place.

use bezel_crypto::SystemRng;
use bezel_crypto::file::{Blob, FileKey, OpenManifestError, open_manifest, seal_manifest};
use bezel_protocol::content::{Manifest, ManifestError};
use bezel_protocol::{ConversationId, FileId, Hash};

use crate::fixture::{CONVERSATION, Device, Workspace};

const BLOB: Blob = Blob { file: FileId::from_bytes([7; 16]), conversation: CONVERSATION };

fn manifest(device: &Device) -> Manifest {
    Manifest {
        file: BLOB.file,
        conversation: BLOB.conversation,
        device: device.keys.device(),
        name: "ring.jpg".into(),
        media_type: "image/jpeg".into(),
        size_bytes: 5,
        ciphertext_bytes: 77,
        ciphertext_sha256: Hash::of(b"blob"),
        picture: None,
        view_only: false,
        expires_at_ms: None,
    }
}

fn open(bytes: &[u8], key: &FileKey, blob: Blob, device: &Device) -> Result<Manifest, OpenManifestError> {
    open_manifest(bytes, key, blob, device.keys.device(), &device.certificate.certificate().message_key)
}

#[test]
fn a_manifest_opens_to_what_its_sender_said() {
    let workspace = Workspace::with(1);
    let (ana, key) = (&workspace.people[0].devices[0], FileKey::random(&mut SystemRng).unwrap());
    let bytes = seal_manifest(&manifest(ana), &key, &ana.keys, &mut SystemRng).unwrap();
    assert!(!bytes.windows(8).any(|window| window == b"ring.jpg"), "a name is content: it never travels in the clear");
    assert!(open(&bytes, &key, BLOB, ana).unwrap() == manifest(ana));
}

#[test]
fn a_manifest_of_another_device_or_place_or_key_is_refused() {
    let workspace = Workspace::with(1);
    let (ana, ben) = (&workspace.people[0].devices[0], &workspace.people[1].devices[0]);
    let key = FileKey::random(&mut SystemRng).unwrap();
    let bytes = seal_manifest(&manifest(ana), &key, &ana.keys, &mut SystemRng).unwrap();
    assert_eq!(open(&bytes, &key, BLOB, ben).unwrap_err(), OpenManifestError::Manifest(ManifestError::BadSignature), "forged sender");
    let other = FileKey::random(&mut SystemRng).unwrap();
    assert_eq!(open(&bytes, &other, BLOB, ana).unwrap_err(), OpenManifestError::WrongKey);
    for blob in [Blob { file: FileId::from_bytes([8; 16]), ..BLOB }, Blob { conversation: ConversationId::from_bytes([8; 16]), ..BLOB }] {
        assert_eq!(open(&bytes, &key, blob, ana).unwrap_err(), OpenManifestError::WrongPlace, "{blob:?}");
    }
    assert!(seal_manifest(&manifest(ana), &key, &ben.keys, &mut SystemRng).is_err(), "nobody signs in another device's name");
}

#[test]
fn any_changed_byte_of_a_manifest_is_noticed() {
    let workspace = Workspace::with(0);
    let (ana, key) = (&workspace.people[0].devices[0], FileKey::random(&mut SystemRng).unwrap());
    let bytes = seal_manifest(&manifest(ana), &key, &ana.keys, &mut SystemRng).unwrap();
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        assert!(open(&changed, &key, BLOB, ana).is_err(), "byte {at}");
    }
}
