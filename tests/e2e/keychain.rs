//! Keys in a real keyring: kept, locked away, lost. The keychain is never the only way in, and a locked one is never taken
//! for a first run.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use bezel_tests::keyring::{Keyring, SERVICE};
use bezel_tests::member::{Member, Unlock};
use bezel_tests::needle::files;
use bezel_tests::scene::{Stage, found, relay};

/// Where each file of a home is and how long: a new database over an old one would show.
fn contents(home: &Path) -> Result<Vec<(PathBuf, u64)>> {
    let mut all: Vec<_> =
        files(home)?.into_iter().map(|file| (file.clone(), file.metadata().map(|meta| meta.len()).unwrap_or_default())).collect();
    all.retain(|(file, _)| !["-wal", "-shm", ".log", ".lock"].iter().any(|end| file.to_string_lossy().ends_with(end)));
    all.sort();
    Ok(all)
}

#[test]
fn a_master_key_in_the_keyring_opens_the_member_again_and_again() -> Result<()> {
    let stage = Stage::new("keyring")?;
    let relay = relay(&stage)?;
    let keyring = Keyring::open(&stage.folder("keyring"))?;
    let ana = Member::new(stage.path(), "ana", Unlock::Keychain(keyring.address().to_owned()))?;
    found(&ana, "Maison Lune", &relay.url())?;
    for _ in 0..2 {
        assert_eq!(ana.lines(&["people"])?.len(), 1, "opened by the keyring alone");
    }
    Ok(())
}

#[test]
fn a_locked_keyring_is_told_from_a_first_run_and_another_way_in_works() -> Result<()> {
    let stage = Stage::new("locked")?;
    let relay = relay(&stage)?;
    let mut keyring = Keyring::open(&stage.folder("keyring"))?;
    let ana = Member::new(stage.path(), "ana", Unlock::Keychain(keyring.address().to_owned()))?;
    let words = found(&ana, "Maison Lune", &relay.url())?.words.join(" ");
    let talk = ana.field(&["conversation", "create", "--title", "Bench"], "conversation")?;
    ana.json(&["send", &talk, "before the lock"])?;
    let before = contents(&ana.home())?;

    keyring.locked()?;
    let output = ana.run(&["messages", &talk, "--json"])?;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "a locked keyring opens nothing");
    assert!(said.contains("words") || said.contains("passphrase"), "the other ways in are named: {said}");
    assert_eq!(contents(&ana.home())?, before, "nothing was made anew over the old");

    // Founding a workspace over an existing one is refused, whatever the keyring says.
    let again = ana.run(&["workspace", "create", "--name", "Another", "--handle", "ana", "--relay", &relay.url(), "--json"])?;
    assert!(!again.status.success(), "a home holds one member");
    assert_eq!(contents(&ana.home())?, before, "nothing was made anew over the old");

    let by_words = ana.by(Unlock::Words(words));
    assert_eq!(by_words.texts(&talk)?, ["before the lock"], "the recovery words open it");

    keyring.unlocked()?;
    assert_eq!(ana.texts(&talk)?, ["before the lock"], "and so does the keyring, once it is open");
    Ok(())
}

#[test]
fn a_deleted_entry_is_survived_by_the_recovery_words() -> Result<()> {
    let stage = Stage::new("deleted")?;
    let relay = relay(&stage)?;
    let keyring = Keyring::open(&stage.folder("keyring"))?;
    let ana = Member::new(stage.path(), "ana", Unlock::Keychain(keyring.address().to_owned()))?;
    let words = found(&ana, "Maison Lune", &relay.url())?.words.join(" ");
    let before = contents(&ana.home())?;

    let account = keyring.account_of(SERVICE)?.context("the entry of the master key")?;
    keyring.delete(&[("service", SERVICE), ("username", &account)])?;
    assert!(!ana.run(&["people", "--json"])?.status.success(), "without the entry the keychain opens nothing");
    assert_eq!(contents(&ana.home())?, before, "nothing was made anew over the old");

    assert_eq!(ana.by(Unlock::Words(words)).lines(&["people"])?.len(), 1, "the recovery words open it");
    Ok(())
}
