//! The vault on the relay: versions that rise, each signed by a device of the user (protocol §10). At each start it is looked at whether the
//! newest is there and the user's own; what is missing is put back.

use std::sync::atomic::Ordering;

use bezel_crypto::slots::RecoveryWords;
use bezel_crypto::vault::{Vault, VaultKey};
use bezel_crypto::{DeviceKeys, Secret};
use bezel_protocol::cose::Signer as _;
use bezel_protocol::wire::{Bytes, StoredVault, code, path};
use bezel_protocol::{UserId, WorkspaceId};

use crate::alarm::Cause;
use crate::cache;
use crate::cache::own_vault::OwnVault;
use crate::error::{Error, Result, damaged};
use crate::member::Member;
use crate::relay::RelayError;

/// Signs a version of the vault with a device of the user.
pub(crate) fn sign(keys: &DeviceKeys, (workspace, user): (WorkspaceId, UserId), version: u64, vault: &[u8]) -> Result<StoredVault> {
    let message = StoredVault::to_be_signed(workspace, user, version, vault);
    let signature = keys.sign(&message).map_err(|error| Error::new("backup", format!("{error}."), "Start again."))?;
    Ok(StoredVault { version, vault: Bytes(vault.to_vec()), device: keys.device(), signature: Bytes(signature) })
}

/// Looks once after each start whether the relay still has the newest vault. Where it hands out another, an older one or none, an alarm is raised
/// and the known one put there again.
///
/// # Errors
/// When the relay can't be reached, or the local database fails.
pub(crate) async fn check(member: &Member) -> Result<()> {
    if member.is_vault_checked.load(Ordering::Acquire) {
        return Ok(());
    }
    let Some(known) = cache::own_vault::get(&mut *member.cache.read().await?).await? else { return Ok(()) };
    let found = match member.client.get::<StoredVault>(path::VAULT).await {
        Ok(found) => Some(found),
        Err(RelayError::Refused(refusal)) if refusal.code == code::NOT_FOUND => None,
        Err(error) => return Err(error.into()),
    };
    if let Some(found) = &found
        && is_good(member, &known, found).await?
    {
        keep(member, &OwnVault { version: found.version, vault: found.vault.0.clone() }).await?;
    } else {
        member.raise_alarm(&vault_changed(), Cause::WORKSPACE).await?;
        put_back(member, known, found.map_or(0, |found| found.version)).await?;
    }
    member.is_vault_checked.store(true, Ordering::Release);
    Ok(())
}

/// Puts the known vault back on a relay that was put back from a copy, where it has an older one.
///
/// # Errors
/// When the relay can't be reached, or the local database fails.
pub(crate) async fn put_again(member: &Member) -> Result<()> {
    let Some(known) = cache::own_vault::get(&mut *member.cache.read().await?).await? else { return Ok(()) };
    let found = match member.client.get::<StoredVault>(path::VAULT).await {
        Ok(found) => Some(found),
        Err(RelayError::Refused(refusal)) if refusal.code == code::NOT_FOUND => None,
        Err(error) => return Err(error.into()),
    };
    let is_older = match &found {
        Some(found) => !is_good(member, &known, found).await?,
        None => true,
    };
    if is_older { put_back(member, known, found.map_or(0, |found| found.version)).await } else { Ok(()) }
}

/// Whether what the relay hands out is what is known here, or a newer version by a device of this user.
async fn is_good(member: &Member, known: &OwnVault, found: &StoredVault) -> Result<bool> {
    if found.version <= known.version {
        return Ok(found.version == known.version && found.vault.0 == known.vault);
    }
    let roster = member.roster();
    let device = roster.device(found.device).filter(|device| device.user == member.user() && roster.stands(device.id, member.now_ms()));
    let key = device.and_then(|device| device.current()).map(|current| current.certificate().message_key);
    let is_signed = key.is_some_and(|key| found.verify(member.profile().workspace, member.user(), &key).is_ok());
    Ok(is_signed && opens(member, &found.vault.0).await?)
}

/// Whether a vault opens, and holds what it must. Only who still has the recovery words can look; others believe the signature.
async fn opens(member: &Member, sealed: &[u8]) -> Result<bool> {
    let words = cache::profile::recovery_words(&mut *member.cache.read().await?).await?.map(zeroize::Zeroizing::new);
    let Some(words) = words.and_then(|words| RecoveryWords::parse(&words).ok()) else { return Ok(true) };
    let profile = member.profile();
    Ok(Vault::open(sealed, &words).is_ok_and(|vault| {
        (vault.user, vault.workspace, vault.genesis) == (member.user(), profile.workspace, profile.genesis)
            && vault.relay_key == profile.relay_key
            && vault.key == member.vault_key
    }))
}

/// Puts the known vault back, as a version above everything that was ever there.
async fn put_back(member: &Member, known: OwnVault, found: u64) -> Result<()> {
    let version = known.version.max(found).saturating_add(1);
    let signed = sign(&member.device_keys(), (member.profile().workspace, member.user()), version, &known.vault)?;
    match member.client.put(path::VAULT, &signed).await {
        Ok(()) => keep(member, &OwnVault { version, ..known }).await,
        Err(RelayError::Refused(refusal)) => {
            // The alarm stands; at the next start it is tried again.
            tracing::warn!(code = refusal.code, "the vault could not be put back on the relay");
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

/// Seals the vault under other recovery words, as a version above the one that is known.
///
/// # Errors
/// When the relay can't be reached, or holds a newer version by another device of this user.
pub(super) async fn replace(member: &Member, words: &RecoveryWords) -> Result<()> {
    let profile = member.profile();
    let key = Secret::from_slice(member.vault_key.secret().expose()).ok_or_else(|| damaged("vault key"))?;
    let vault = Vault {
        key: VaultKey::from_secret(key),
        user: member.user(),
        workspace: profile.workspace,
        genesis: profile.genesis,
        relay_key: profile.relay_key,
    };
    let sealed = vault.seal(words, &mut member.rng())?;
    let before = cache::own_vault::get(&mut *member.cache.read().await?).await?.map_or(0, |known| known.version);
    let signed = sign(&member.device_keys(), (profile.workspace, member.user()), before.saturating_add(1), &sealed)?;
    member.client.put(path::VAULT, &signed).await?;
    keep(member, &OwnVault { version: signed.version, vault: sealed }).await
}

async fn keep(member: &Member, own: &OwnVault) -> Result<()> {
    let mut tx = member.cache.begin().await?;
    cache::own_vault::put(&mut tx, own).await?;
    tx.commit().await?;
    Ok(())
}

fn vault_changed() -> Error {
    Error::unverifiable(
        "vault_changed",
        "The relay no longer had the backup of your keys that your devices left there: it was older, changed, or gone.",
        "Your copy was put there again. Speak with whoever runs the relay before you rely on your recovery words alone.",
    )
}
