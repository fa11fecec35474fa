//! Every way into an installation gives the same key, and every wrong way says what is wrong.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use bezel_crypto::slots::{Cost, MasterKey, NewPassphrase, Passphrase, RecoveryWords, SlotError, SlotFile};
use bezel_crypto::{Secret, SystemRng};
use proptest::prelude::*;

/// Argon2id at its cheapest: its strength is not what is tested.
const CHEAP: Cost = match Cost::new(8, 1, 1) {
    Ok(cost) => cost,
    Err(_) => panic!("the cheapest cost is a cost"),
};

fn passphrase(text: &str) -> Passphrase {
    Passphrase::parse(text.into()).unwrap()
}

fn chosen(text: &str) -> NewPassphrase {
    NewPassphrase::choose(text.into(), &[]).unwrap()
}

fn copy(master: &MasterKey) -> MasterKey {
    MasterKey::from_secret(Secret::from_slice(master.secret().expose()).unwrap())
}

#[test]
fn each_slot_opens_to_the_same_master_key() {
    let master = MasterKey::generate(&mut SystemRng).unwrap();
    let words = RecoveryWords::generate(&mut SystemRng).unwrap();
    let mut file = SlotFile::new();
    assert!(!file.has_slot());
    file.set_keychain("bezel", "a", &master).unwrap();
    file.set_words(&words, &master, &mut SystemRng).unwrap();
    file.set_passphrase(&chosen("Rue de la Paix"), CHEAP, &master, &mut SystemRng).unwrap();
    let file = SlotFile::from_bytes(&file.to_bytes()).unwrap();
    assert_eq!(file.keychain().unwrap().account, "a");
    assert_eq!(file.check_keychain(copy(&master)).unwrap(), master);
    assert_eq!(file.open_with_words(&words).unwrap(), master);
    assert_eq!(file.open_with_passphrase(&passphrase("Rue de la Paix")).unwrap(), master);
    assert_eq!(file.open_with_words(&words).unwrap().database_key().unwrap(), master.database_key().unwrap());
    assert_ne!(master.database_key().unwrap(), *master.secret(), "the database never gets the master key itself");
    assert_ne!(master.storage_key("a").unwrap(), master.storage_key("b").unwrap());
}

#[test]
fn a_wrong_secret_is_named_and_gives_nothing() {
    let master = MasterKey::generate(&mut SystemRng).unwrap();
    let words = RecoveryWords::generate(&mut SystemRng).unwrap();
    let mut file = SlotFile::new();
    assert_eq!(file.open_with_words(&words).unwrap_err(), SlotError::NoSuchSlot);
    assert_eq!(file.open_with_passphrase(&passphrase("x")).unwrap_err(), SlotError::NoSuchSlot);
    assert_eq!(file.check_keychain(copy(&master)).unwrap_err(), SlotError::NoSuchSlot);
    file.set_keychain("bezel", "a", &master).unwrap();
    file.set_words(&words, &master, &mut SystemRng).unwrap();
    file.set_passphrase(&chosen("the right ruby lantern"), CHEAP, &master, &mut SystemRng).unwrap();
    let other = MasterKey::generate(&mut SystemRng).unwrap();
    assert_eq!(file.check_keychain(other).unwrap_err(), SlotError::WrongKeychain, "a replaced keychain entry is noticed");
    let others = RecoveryWords::generate(&mut SystemRng).unwrap();
    assert_eq!(file.open_with_words(&others).unwrap_err(), SlotError::WrongWords);
    assert_eq!(file.open_with_passphrase(&passphrase("wrong")).unwrap_err(), SlotError::WrongPassphrase);
}

#[test]
fn new_words_end_the_old_ones() {
    let master = MasterKey::generate(&mut SystemRng).unwrap();
    let (old, new) = (RecoveryWords::generate(&mut SystemRng).unwrap(), RecoveryWords::generate(&mut SystemRng).unwrap());
    let mut file = SlotFile::new();
    file.set_words(&old, &master, &mut SystemRng).unwrap();
    file.set_words(&new, &master, &mut SystemRng).unwrap();
    assert_eq!(file.open_with_words(&new).unwrap(), master);
    assert_eq!(file.open_with_words(&old).unwrap_err(), SlotError::WrongWords);
}

/// Guards against a file that asks for all the memory there is.
#[test]
fn costs_out_of_bounds_are_refused() {
    for (kib, passes, lanes) in [(7, 1, 1), (8, 0, 1), (8, 1, 0), (u32::MAX, 1, 1), (8, u32::MAX, 1), (64, 1, 1000)] {
        assert!(Cost::new(kib, passes, lanes).is_err(), "{kib} KiB, {passes} passes, {lanes} lanes");
    }
}

fn full_file() -> Vec<u8> {
    let master = MasterKey::from_secret(Secret::from_slice(&[1; 32]).unwrap());
    let mut file = SlotFile::new();
    file.set_keychain("bezel", "a", &master).unwrap();
    file.set_words(&RecoveryWords::generate(&mut SystemRng).unwrap(), &master, &mut SystemRng).unwrap();
    file.set_passphrase(&chosen("a ruby under the bridge"), CHEAP, &master, &mut SystemRng).unwrap();
    file.to_bytes()
}

proptest! {
    #[test]
    fn any_bytes_are_a_file_or_an_error(bytes: Vec<u8>) {
        let _ = SlotFile::from_bytes(&bytes);
    }

    /// Whatever is changed in a file, the words open it to the right key or not at all.
    #[test]
    fn a_damaged_file_gives_no_wrong_key(at in any::<proptest::sample::Index>(), bit in 0u8..8) {
        let mut bytes = full_file();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        if let Ok(file) = SlotFile::from_bytes(&bytes)
            && let Ok(master) = file.open_with_passphrase(&passphrase("a ruby under the bridge"))
        {
            prop_assert_eq!(master.secret().expose(), &[1; 32]);
        }
    }
}
