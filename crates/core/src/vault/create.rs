//! Makes the slots of a new home.

use bezel_crypto::slots::{Cost, MasterKey, NewPassphrase, RecoveryWords, SlotFile};
use bezel_crypto::{Rng, SystemRng};
use bezel_protocol::DeviceId;

use super::keychain;
use crate::error::{Error, Result};
use crate::home::{Home, write_private_file};

/// Which slots a new home gets beside the recovery words.
#[derive(Debug)]
pub struct NewSlots {
    /// The operating system's keychain.
    pub keychain: bool,
    /// A passphrase.
    pub passphrase: Option<NewPassphrase>,
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
            Err(_) if new.passphrase.is_some() => {}
            Err(missing) => return Err(keychain::unusable(&missing)),
        }
    } else if new.passphrase.is_none() {
        return Err(no_daily_slot("Give a passphrase."));
    }
    write_private_file(&home.slots(), &slots.to_bytes())?;
    Ok((master, words))
}

/// Takes back a home that nobody ever used: a first run that was cut short or refused. Cut short itself, it leaves a first run again.
///
/// # Errors
/// When the disk refuses.
pub(crate) async fn destroy(home: &Home) -> Result<()> {
    home.begin_first_run()?;
    if let Ok(slots) = super::read_slots(home)
        && let Some(slot) = slots.keychain()
    {
        keychain::delete(&slot.service, &slot.account).await;
    }
    for file in [
        home.slots(),
        home.next_slots(),
        home.database(),
        home.database().with_extension("db-wal"),
        home.database().with_extension("db-shm"),
    ] {
        match std::fs::remove_file(file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    home.end_first_run()
}

pub(super) fn no_daily_slot(next_step: &str) -> Error {
    Error::new("no_slot", "Without keychain or passphrase there is no daily way in.", next_step)
}

/// Fills an array with random bytes for an id.
pub(crate) fn id_bytes<const N: usize>(rng: &mut dyn Rng) -> Result<[u8; N]> {
    let mut bytes = [0; N];
    rng.fill(&mut bytes)?;
    Ok(bytes)
}
