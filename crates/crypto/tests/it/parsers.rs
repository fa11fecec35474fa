//! What comes from outside is read or refused; nothing of it makes a member fall over.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::sync::OnceLock;

use bezel_crypto::group::{Change, CommitEntry, Group, KeyPackage, NewCommit, Observer, Welcome};
use bezel_crypto::{DeviceKeys, IdentityKeyPair};
use bezel_protocol::{Role, Suite};
use proptest::prelude::*;

use crate::fixture::{Workspace, take};

/// A workspace, a group's state, a commit that waits for it, and a key package.
struct Material {
    workspace: Workspace,
    state: Vec<u8>,
    upload: NewCommit,
    /// Before the commit.
    observer: Observer,
    begin: Vec<u8>,
    key_package: Vec<u8>,
}

fn material() -> &'static Material {
    static MATERIAL: OnceLock<Material> = OnceLock::new();
    MATERIAL.get_or_init(|| {
        let workspace = Workspace::with(2);
        let (mut ana, begin) = workspace.begun(Suite::X25519ChaCha20);
        let (_, ben) = workspace.let_in(&mut ana, 1, Role::Admin);
        let (offered, made) = workspace.key_package(workspace.device(2), Suite::X25519ChaCha20);
        let upload = workspace.built(&ben, Change::default().add_user(workspace.user(2), Role::Guest, [offered])).unwrap();
        let state = ana.state().unwrap().expose().to_vec();
        let observer = workspace.observer();
        Material { workspace, state, upload, observer, begin, key_package: made.public }
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
        let _ = CommitEntry::parse(&bytes);
        let _ = DeviceKeys::from_bytes(&bytes);
        let _ = IdentityKeyPair::from_pkcs8_der(&bytes);
        prop_assert!(Group::load(&bytes, material().upload.conversation, material().workspace.judge()).is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_flipped_bit_in_a_commit_is_refused(at: proptest::sample::Index, bit in 0u8..8) {
        let Material { workspace, state, upload, .. } = material();
        let mut ana = Group::load(state, material().upload.conversation, workspace.judge()).unwrap();
        prop_assert!(take(&mut ana, &flipped(&upload.entry, &at, bit)).is_err());
        prop_assert!(take(&mut ana, &upload.entry).is_ok(), "a refused commit leaves no trace");
    }

    #[test]
    fn any_flipped_bit_in_a_key_package_is_refused_when_it_is_added(at: proptest::sample::Index, bit in 0u8..8) {
        let Material { workspace, state, key_package, .. } = material();
        let ana = Group::load(state, material().upload.conversation, workspace.judge()).unwrap();
        if let Ok(offered) = KeyPackage::parse(&flipped(key_package, &at, bit)) {
            prop_assert!(workspace.built(&ana, Change::default().add_user(workspace.user(2), Role::Member, [offered])).is_err());
        }
    }

    #[test]
    fn any_flipped_bit_in_what_the_relay_publishes_stops_a_rejoin(at: proptest::sample::Index, bit in 0u8..8) {
        let Material { workspace, upload, observer, .. } = material();
        let group_info = flipped(&upload.group_info, &at, bit);
        let device = workspace.device(1);
        let seen = bezel_protocol::log::Place::START;
        prop_assert!(Group::rejoin(observer, &group_info, &device.keys, &device.certificate, workspace.judge(), seen).is_err());
    }

    /// Whoever follows from outside sees neither tag of a commit; the device's signature covers them.
    #[test]
    fn any_flipped_bit_in_a_commit_stops_who_follows_from_outside(at: proptest::sample::Index, bit in 0u8..8) {
        let Material { workspace, upload, observer, .. } = material();
        let mut observer = observer.clone();
        let flipped = CommitEntry::parse(&flipped(&upload.entry, &at, bit));
        prop_assert!(flipped.and_then(|commit| observer.apply(&commit, workspace.judge()).map(drop)).is_err());
        prop_assert!(observer.apply(&CommitEntry::parse(&upload.entry).unwrap(), workspace.judge()).is_ok(), "it leaves no trace");
    }

    #[test]
    fn any_flipped_bit_in_a_beginning_is_refused_or_another_conversation(at: proptest::sample::Index, bit in 0u8..8) {
        let Material { workspace, begin, upload, .. } = material();
        let other = Observer::begin(&flipped(begin, &at, bit), workspace.judge());
        prop_assert!(other.is_err(), "its device has signed it: {:?}", other.map(|other| other.conversation() == upload.conversation));
    }
}
