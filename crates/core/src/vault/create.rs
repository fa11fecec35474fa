//! Makes the slots of a new home.

use bezel_crypto::slots::{Cost, MasterKey, Passphrase, RecoveryWords, SlotFile};
use bezel_crypto::{Rng, SystemRng};
use bezel_protocol::DeviceId;

use super::keychain::{self, Missing};
use crate::error::{Error, Result};
use crate::home::{Home, write_private_file};

/// Which slots a new home gets beside the recovery words.
#[derive(Debug)]
pub struct NewSlots {
    /// The operating system's keychain.
    pub keychain: bool,
    /// A passphrase.
    pub passphrase: Option<Passphrase>,
    /// What a guess at the passphrase costs.
    pub cost: Cost,
}

impl Default for NewSlots {
    fn default() -> Self {
        Self { keychain: true, passphrase: None, cost: Cost::DEFAULT }
    }
}

/// Makes a master key, its slots and its recovery words, and writes the slot file. The home must not be inhabited.
pub(crate) async fn create(home: &Home, device: DeviceId, new: &NewSlots) -> Result<(MasterKey, RecoveryWords)> {
    let mut rng = SystemRng;
    let master = MasterKey::generate(&mut rng)?;
    let words = RecoveryWords::generate(&mut rng)?;
    let mut slots = SlotFile::new();
    slots.device = Some(device);
    slots.set_words(&words, &master, &mut rng)?;
    if let Some(passphrase) = &new.passphrase {
        slots.set_passphrase(passphrase, new.cost, &master, &mut rng)?;
    }
    if new.keychain {
        let account = format!("device-{device}");
        match keychain::set(&account, master.secret()).await {
            Ok(()) => slots.set_keychain(keychain::SERVICE, account, &master)?,
            // Another convenient way in is there: go on without.
            Err(Missing::NoEntry | Missing::Unavailable(_)) if new.passphrase.is_some() => {}
            Err(Missing::NoEntry) => return Err(no_keychain("it gives nothing back")),
            Err(Missing::Unavailable(reason)) => return Err(no_keychain(&reason)),
        }
    } else if new.passphrase.is_none() {
        return Err(Error::new("no_slot", "Without keychain or passphrase there is no daily way in.", "Give a passphrase."));
    }
    write_private_file(&home.slots(), &slots.to_bytes())?;
    Ok((master, words))
}

/// Takes back a home whose enrolment was refused: nothing in it was ever used.
pub(crate) async fn destroy(home: &Home) {
    if let Ok(slots) = super::read_slots(home)
        && let Some(slot) = slots.keychain()
    {
        keychain::delete(&slot.service, &slot.account).await;
    }
    for file in [home.slots(), home.database(), home.database().with_extension("db-wal"), home.database().with_extension("db-shm")] {
        let _ = std::fs::remove_file(file);
    }
}

fn no_keychain(reason: &str) -> Error {
    Error::new(
        "no_keychain",
        format!("The system's keychain can't be used ({reason})."),
        "Unlock or start it (on Linux: a Secret Service such as gnome-keyring), or set a passphrase instead (--unlock passphrase).",
    )
}

/// Fills an array with random bytes for an id.
pub(crate) fn id_bytes(rng: &mut dyn Rng) -> Result<[u8; 10]> {
    let mut bytes = [0; 10];
    rng.fill(&mut bytes)?;
    Ok(bytes)
}
