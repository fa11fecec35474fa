//! The member's own keys.

use bezel_crypto::group::MadeKeyPackage;
use bezel_crypto::vault::VaultKey;
use bezel_crypto::{DeviceKeys, IdentityKeyPair, Secret};
use bezel_protocol::{DeviceId, Hash, Suite};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use zeroize::Zeroizing;

use super::Connection;
use crate::error::{Result, damaged};

/// Where an identity key stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IdentityState {
    /// Made, but not yet in the roster.
    Pending,
    /// In force.
    Current,
}

pub(crate) async fn put_identity(db: &mut Connection, identity: &IdentityKeyPair, state: IdentityState, now_ms: i64) -> Result<()> {
    let pkcs8 = identity.to_pkcs8_der().map_err(|_| damaged("identity key"))?;
    let state = match state {
        IdentityState::Pending => "pending",
        IdentityState::Current => "current",
    };
    sqlx::query("INSERT INTO identity_keys (fingerprint, pkcs8, created_at_ms, state) VALUES ($1, $2, $3, $4)")
        .bind(identity.public().fingerprint().as_bytes().as_slice())
        .bind(pkcs8.expose())
        .bind(now_ms)
        .bind(state)
        .execute(db)
        .await?;
    Ok(())
}

/// The identity key with this fingerprint, if its private half is here.
pub(crate) async fn identity(db: &mut Connection, fingerprint: Hash) -> Result<Option<IdentityKeyPair>> {
    let row = sqlx::query("SELECT pkcs8 FROM identity_keys WHERE fingerprint = $1")
        .bind(fingerprint.as_bytes().as_slice())
        .fetch_optional(db)
        .await?;
    row.map(|row| {
        let pkcs8 = Zeroizing::new(row.try_get::<Vec<u8>, _>("pkcs8")?);
        IdentityKeyPair::from_pkcs8_der(&pkcs8).map_err(|_| damaged("identity key"))
    })
    .transpose()
}

/// When the identity key with this fingerprint was made here, by this machine's clock, milliseconds since the epoch.
pub(crate) async fn identity_made_at_ms(db: &mut Connection, fingerprint: Hash) -> Result<Option<i64>> {
    let row = sqlx::query("SELECT created_at_ms FROM identity_keys WHERE fingerprint = $1")
        .bind(fingerprint.as_bytes().as_slice())
        .fetch_optional(db)
        .await?;
    Ok(row.map(|row| row.try_get("created_at_ms")).transpose()?)
}

/// The key that was made for a rotation which may not have been heard of yet.
pub(crate) async fn pending_identity(db: &mut Connection) -> Result<Option<IdentityKeyPair>> {
    let row = sqlx::query("SELECT pkcs8 FROM identity_keys WHERE state = 'pending' ORDER BY created_at_ms DESC LIMIT 1")
        .fetch_optional(db)
        .await?;
    row.map(|row| {
        let pkcs8 = Zeroizing::new(row.try_get::<Vec<u8>, _>("pkcs8")?);
        IdentityKeyPair::from_pkcs8_der(&pkcs8).map_err(|_| damaged("identity key"))
    })
    .transpose()
}

/// The key with this fingerprint is in force; the one before is retired and its private half destroyed.
pub(crate) async fn promote_identity(db: &mut Connection, fingerprint: Hash) -> Result<()> {
    sqlx::query("UPDATE identity_keys SET state = 'retired', pkcs8 = x'' WHERE state = 'current' AND fingerprint <> $1")
        .bind(fingerprint.as_bytes().as_slice())
        .execute(&mut *db)
        .await?;
    sqlx::query("UPDATE identity_keys SET state = 'current' WHERE fingerprint = $1")
        .bind(fingerprint.as_bytes().as_slice())
        .execute(db)
        .await?;
    Ok(())
}

pub(crate) async fn put_device(db: &mut Connection, keys: &DeviceKeys) -> Result<()> {
    sqlx::query("INSERT INTO device_keys (device, keys) VALUES ($1, $2)")
        .bind(keys.device().as_bytes().as_slice())
        .bind(keys.to_bytes().expose())
        .execute(db)
        .await?;
    Ok(())
}

pub(crate) async fn device(db: &mut Connection, device: DeviceId) -> Result<DeviceKeys> {
    let row = sqlx::query("SELECT keys FROM device_keys WHERE device = $1")
        .bind(device.as_bytes().as_slice())
        .fetch_optional(db)
        .await?
        .ok_or_else(|| damaged("device key"))?;
    device_keys(&row)
}

/// The keys of the device that this home is about to become.
pub(crate) async fn next_device(db: &mut Connection, present: DeviceId) -> Result<Option<DeviceKeys>> {
    let row = sqlx::query("SELECT keys FROM device_keys WHERE device <> $1 LIMIT 1")
        .bind(present.as_bytes().as_slice())
        .fetch_optional(db)
        .await?;
    row.as_ref().map(device_keys).transpose()
}

/// Only the keys of one device are left.
pub(crate) async fn forget_other_devices(db: &mut Connection, present: DeviceId) -> Result<()> {
    sqlx::query("DELETE FROM device_keys WHERE device <> $1").bind(present.as_bytes().as_slice()).execute(db).await?;
    Ok(())
}

fn device_keys(row: &SqliteRow) -> Result<DeviceKeys> {
    let keys = Zeroizing::new(row.try_get::<Vec<u8>, _>("keys")?);
    DeviceKeys::from_bytes(&keys).map_err(|_| damaged("device key"))
}

pub(crate) async fn put_vault(db: &mut Connection, key: &VaultKey, now_ms: i64) -> Result<()> {
    sqlx::query("INSERT INTO vault_keys (key, created_at_ms) VALUES ($1, $2)")
        .bind(key.secret().expose().as_slice())
        .bind(now_ms)
        .execute(db)
        .await?;
    Ok(())
}

/// The newest vault key.
pub(crate) async fn vault(db: &mut Connection) -> Result<VaultKey> {
    let row =
        sqlx::query("SELECT key FROM vault_keys ORDER BY id DESC LIMIT 1").fetch_optional(db).await?.ok_or_else(|| damaged("vault key"))?;
    let key = Zeroizing::new(row.try_get::<Vec<u8>, _>("key")?);
    Secret::from_slice(&key).map(VaultKey::from_secret).ok_or_else(|| damaged("vault key"))
}

/// Keeps the private half of a key package.
pub(crate) async fn put_key_package(db: &mut Connection, made: &MadeKeyPackage, now_ms: i64) -> Result<()> {
    sqlx::query(
        "INSERT INTO key_packages (id, suite, last_resort, private, created_at_ms, not_after_ms, used) VALUES ($1, $2, $3, $4, $5, $6, 0)",
    )
    .bind(&made.reference)
    .bind(i64::from(made.suite.code()))
    .bind(made.last_resort)
    .bind(made.private.expose())
    .bind(now_ms)
    .bind(made.not_after_ms)
    .execute(db)
    .await?;
    Ok(())
}

/// Private halves of all key packages of a suite: id and bytes.
pub(crate) async fn key_packages(db: &mut Connection, suite: Suite) -> Result<Vec<(Vec<u8>, Zeroizing<Vec<u8>>)>> {
    let rows = sqlx::query("SELECT id, private FROM key_packages WHERE suite = $1").bind(i64::from(suite.code())).fetch_all(db).await?;
    rows.iter().map(|row| Ok((row.try_get("id")?, Zeroizing::new(row.try_get("private")?)))).collect()
}

/// The last-resort key package of a suite that was made last.
pub(crate) struct LastResort {
    /// When it ends, milliseconds since the epoch.
    pub(crate) not_after_ms: i64,
    /// Whether somebody has used it.
    pub(crate) is_used: bool,
}

pub(crate) async fn last_resort(db: &mut Connection, suite: Suite) -> Result<Option<LastResort>> {
    let row = sqlx::query(
        "SELECT not_after_ms, used FROM key_packages WHERE suite = $1 AND last_resort = 1 ORDER BY created_at_ms DESC, rowid DESC LIMIT 1",
    )
    .bind(i64::from(suite.code()))
    .fetch_optional(db)
    .await?;
    row.map(|row| Ok(LastResort { not_after_ms: row.try_get("not_after_ms")?, is_used: row.try_get("used")? })).transpose()
}

/// A welcome has used a key package. A one-time one goes; others may still use the last resort that they were handed, until another takes
/// its place and its time is over.
pub(crate) async fn use_key_package(db: &mut Connection, id: &[u8]) -> Result<()> {
    sqlx::query("DELETE FROM key_packages WHERE id = $1 AND last_resort = 0").bind(id).execute(&mut *db).await?;
    sqlx::query("UPDATE key_packages SET used = 1 WHERE id = $1").bind(id).execute(db).await?;
    Ok(())
}

/// Destroys the private halves of all: the device for which they were made is no more.
pub(crate) async fn forget_all_key_packages(db: &mut Connection) -> Result<()> {
    sqlx::query("DELETE FROM key_packages").execute(db).await?;
    Ok(())
}

/// Destroys the private halves of those that ended before `end_ms`: nobody can use them any more, and a thief must not.
pub(crate) async fn forget_key_packages(db: &mut Connection, end_ms: i64) -> Result<()> {
    sqlx::query("DELETE FROM key_packages WHERE not_after_ms < $1").bind(end_ms).execute(db).await?;
    Ok(())
}
