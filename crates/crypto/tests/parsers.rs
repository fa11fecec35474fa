//! What comes from outside is read or refused; nothing of it makes a member fall over.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod fixture;

use std::sync::OnceLock;

use bezel_crypto::group::{Change, CommitHeader, CommitUpload, Group, KeyPackage, Published, Welcome};
use bezel_crypto::{DeviceKeys, IdentityKeyPair};
use bezel_protocol::{Role, Suite};
use fixture::{CONVERSATION, Workspace};
use proptest::prelude::*;

/// A workspace, a group's state, a commit that waits for it, and a key package.
struct Material {
    workspace: Workspace,
    state: Vec<u8>,
    upload: CommitUpload,
    key_package: Vec<u8>,
}

fn material() -> &'static Material {
    static MATERIAL: OnceLock<Material> = OnceLock::new();
    MATERIAL.get_or_init(|| {
        let workspace = Workspace::with(2);
        let mut ana = workspace.create(Suite::X25519ChaCha20);
        let (_, mut ben) = workspace.let_in(&mut ana, 1, Role::Admin);
        let (offered, made) = workspace.key_package(workspace.device(2), Suite::X25519ChaCha20);
        let upload = ben.commit(Change::default().add_user(workspace.user(2), Role::Guest, [offered])).unwrap();
        let state = ana.state().unwrap().expose().to_vec();
        Material { workspace, state, upload, key_package: made.public }
    })
}

fn flipped(bytes: &[u8], at: &proptest::sample::Index, bit: u8) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let at = at.index(bytes.len());
    bytes[at] ^= 1 << bit;
    bytes
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        let _ = KeyPackage::parse(&bytes);
        let _ = Welcome::parse(&bytes);
        let _ = CommitHeader::parse(&bytes);
        let _ = DeviceKeys::from_bytes(&bytes);
        let _ = IdentityKeyPair::from_pkcs8_der(&bytes);
        prop_assert!(Group::load(&bytes, CONVERSATION, material().workspace.judge()).is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_flipped_bit_in_a_commit_is_refused(at: proptest::sample::Index, bit in 0u8..8) {
        let Material { workspace, state, upload, .. } = material();
        let mut ana = Group::load(state, CONVERSATION, workspace.judge()).unwrap();
        prop_assert!(ana.process(&flipped(&upload.commit, &at, bit)).is_err());
        prop_assert!(ana.process(&upload.commit).is_ok(), "a refused commit leaves no trace");
    }

    #[test]
    fn any_flipped_bit_in_a_key_package_is_refused_when_it_is_added(at: proptest::sample::Index, bit in 0u8..8) {
        let Material { workspace, state, key_package, .. } = material();
        let mut ana = Group::load(state, CONVERSATION, workspace.judge()).unwrap();
        if let Ok(offered) = KeyPackage::parse(&flipped(key_package, &at, bit)) {
            prop_assert!(ana.commit(Change::default().add_user(workspace.user(2), Role::Member, [offered])).is_err());
        }
    }

    #[test]
    fn any_flipped_bit_in_what_the_relay_publishes_stops_a_rejoin(at: proptest::sample::Index, bit in 0u8..8, tree: bool) {
        let Material { workspace, upload, .. } = material();
        let Published { mut group_info, mut ratchet_tree } = upload.published.clone();
        let changed = if tree { &mut ratchet_tree } else { &mut group_info };
        *changed = flipped(changed, &at, bit);
        let device = workspace.device(1);
        let published = Published { group_info, ratchet_tree };
        prop_assert!(Group::rejoin(CONVERSATION, &published, &device.keys, &device.certificate, workspace.judge()).is_err());
    }
}
