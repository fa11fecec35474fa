//! Changes the ways into a home that is open. Each gives the master key once more, by a secret that its owner holds.

use bezel_crypto::SystemRng;
use bezel_crypto::slots::{Cost, NewPassphrase, RecoveryWords};
use zeroize::Zeroizing;

use super::create::no_daily_slot;
use super::unlock::{Unlock, read, unlock};
use super::{keychain, on_relay};
use crate::cache;
use crate::change::Change;
use crate::error::{Error, Result};
use crate::home::write_private_file;
use crate::member::Member;

/// Sets a passphrase, in place of the one that was there.
///
/// # Errors
/// When `by` does not open the home, or the disk refuses; nothing is changed then.
pub async fn set_passphrase(member: &Member, by: &Unlock, passphrase: &NewPassphrase, cost: Cost) -> Result<()> {
    let _work = member.work.lock().await;
    let mut file = read(&member.home)?;
    let master = unlock(&file, by).await?;
    file.set_passphrase(passphrase, cost, &master, &mut SystemRng)?;
    write_private_file(&member.home.slots(), &file.to_bytes())
}

/// Forgets the passphrase.
///
/// # Errors
/// When there is none, when it is the last daily way in, or when the disk refuses.
pub async fn remove_passphrase(member: &Member) -> Result<()> {
    let _work = member.work.lock().await;
    let mut file = read(&member.home)?;
    if !file.has_passphrase() {
        return Err(Error::new("no_such_slot", "There is no passphrase.", "Nothing is to be done."));
    }
    if file.keychain().is_none() {
        return Err(no_daily_slot("Put the key into the keychain first: bezel vault keychain on."));
    }
    file.remove_passphrase();
    write_private_file(&member.home.slots(), &file.to_bytes())
}

/// Puts the master key into the system's keychain.
///
/// # Errors
/// When `by` does not open the home, there is no keychain, or the disk refuses.
pub async fn keychain_on(member: &Member, by: &Unlock) -> Result<()> {
    let _work = member.work.lock().await;
    let mut file = read(&member.home)?;
    let master = unlock(&file, by).await?;
    let account = file.keychain().map_or_else(|| format!("device-{}", member.device()), |slot| slot.account.clone());
    keychain::set(&account, master.secret()).await.map_err(|missing| keychain::unusable(&missing))?;
    file.set_keychain(keychain::SERVICE, account, &master)?;
    write_private_file(&member.home.slots(), &file.to_bytes())
}

/// Takes the master key out of the system's keychain.
///
/// # Errors
/// When it is not there, when it is the last daily way in, or when the disk refuses.
pub async fn keychain_off(member: &Member) -> Result<()> {
    let _work = member.work.lock().await;
    let mut file = read(&member.home)?;
    let Some(slot) = file.keychain().cloned() else {
        return Err(Error::new("no_such_slot", "The keychain holds no key of this home.", "Nothing is to be done."));
    };
    if !file.has_passphrase() {
        return Err(no_daily_slot("Set a passphrase first: bezel vault passphrase set."));
    }
    file.remove_keychain();
    write_private_file(&member.home.slots(), &file.to_bytes())?;
    keychain::delete(&slot.service, &slot.account).await;
    Ok(())
}

/// Makes recovery words. They open nothing until [`set_words`] or [`super::rekey()`] is given them: show them first.
///
/// # Errors
/// When there is no randomness.
pub fn new_words() -> Result<RecoveryWords> {
    Ok(RecoveryWords::generate(&mut SystemRng)?)
}

/// Puts recovery words in the place of the old ones, which open nothing any more: neither this home nor the vault on the relay.
///
/// # Errors
/// When `by` does not open the home, the relay can't be reached, or the disk refuses: the old words open the home then.
pub async fn set_words(member: &Member, by: &Unlock, words: &RecoveryWords) -> Result<()> {
    let _work = member.work.lock().await;
    let mut file = read(&member.home)?;
    let master = unlock(&file, by).await?;
    file.set_words(words, &master, &mut SystemRng)?;
    announce_words(member, words).await?;
    write_private_file(&member.home.slots(), &file.to_bytes())?;
    member.changed([Change::AppState]);
    Ok(())
}

/// Tells the relay's vault and the reminder of other words. Before the slots: a reminder must never ask for words that open nothing.
pub(super) async fn announce_words(member: &Member, words: &RecoveryWords) -> Result<()> {
    on_relay::replace(member, words).await?;
    let words = Zeroizing::new(words.expose().collect::<Vec<_>>().join(" "));
    let mut tx = member.cache.begin().await?;
    cache::profile::set_recovery_words(&mut tx, &words).await?;
    tx.commit().await?;
    Ok(())
}
