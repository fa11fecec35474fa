//! Who this member is.

use bezel_protocol::key::Ed25519PublicKey;
use bezel_protocol::{DeviceId, Hash, UserId, WorkspaceId};
use sqlx::Row as _;
use url::Url;

use super::{Connection, hash, id};
use crate::error::{Result, damaged};

/// The one row that says who lives here.
#[derive(Debug, Clone)]
pub(crate) struct Profile {
    pub(crate) workspace: WorkspaceId,
    pub(crate) genesis: Hash,
    pub(crate) user: UserId,
    pub(crate) device: DeviceId,
    pub(crate) relay: Url,
    pub(crate) relay_key: Ed25519PublicKey,
    pub(crate) hosts_relay: bool,
}

pub(crate) async fn put(db: &mut Connection, profile: &Profile, recovery_words: &str) -> Result<()> {
    sqlx::query(
        "INSERT INTO profile (one, workspace, genesis, user, device, relay, relay_key, hosts_relay, recovery_words)
         VALUES (1, $1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(profile.workspace.as_bytes().as_slice())
    .bind(profile.genesis.as_bytes().as_slice())
    .bind(profile.user.as_bytes().as_slice())
    .bind(profile.device.as_bytes().as_slice())
    .bind(profile.relay.as_str())
    .bind(profile.relay_key.as_bytes().as_slice())
    .bind(profile.hosts_relay)
    .bind(recovery_words)
    .execute(db)
    .await?;
    Ok(())
}

pub(crate) async fn get(db: &mut Connection) -> Result<Option<Profile>> {
    let row = sqlx::query("SELECT workspace, genesis, user, device, relay, relay_key, hosts_relay FROM profile").fetch_optional(db).await?;
    row.map(|row| {
        Ok(Profile {
            workspace: id(&row, "workspace", WorkspaceId::from_slice)?,
            genesis: hash(&row, "genesis")?,
            user: id(&row, "user", UserId::from_slice)?,
            device: id(&row, "device", DeviceId::from_slice)?,
            relay: Url::parse(row.try_get("relay")?).map_err(|_| damaged("relay address"))?,
            relay_key: Ed25519PublicKey::from_bytes(row.try_get("relay_key")?).map_err(|_| damaged("relay key"))?,
            hosts_relay: row.try_get("hosts_relay")?,
        })
    })
    .transpose()
}

/// This home is another device from now on.
pub(crate) async fn set_device(db: &mut Connection, device: DeviceId) -> Result<()> {
    sqlx::query("UPDATE profile SET device = $1").bind(device.as_bytes().as_slice()).execute(db).await?;
    Ok(())
}

/// The recovery words, as long as their owner has not shown that they are written down.
pub(crate) async fn recovery_words(db: &mut Connection) -> Result<Option<String>> {
    let row = sqlx::query("SELECT recovery_words FROM profile").fetch_optional(db).await?;
    Ok(row.map(|row| row.try_get("recovery_words")).transpose()?.flatten())
}

/// Notes other words, which their owner has yet to write down.
pub(crate) async fn set_recovery_words(db: &mut Connection, recovery_words: &str) -> Result<()> {
    sqlx::query("UPDATE profile SET recovery_words = $1").bind(recovery_words).execute(&mut *db).await?;
    // Those of the first run open nothing any more.
    sqlx::query("DELETE FROM enrolment").execute(db).await?;
    Ok(())
}

pub(crate) async fn forget_recovery_words(db: &mut Connection) -> Result<()> {
    sqlx::query("UPDATE profile SET recovery_words = NULL").execute(&mut *db).await?;
    // They stand there as well, to be said again should nobody have seen them.
    sqlx::query("DELETE FROM enrolment").execute(db).await?;
    Ok(())
}
