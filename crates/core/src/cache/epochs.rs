//! The keys of all epochs that this device learnt, and who was in them.

use std::collections::BTreeMap;

use bezel_crypto::Secret;
use bezel_crypto::group::EpochKey;
use bezel_protocol::{ConversationId, Hash, Role, UserId, cbor};
use sqlx::Row as _;
use zeroize::Zeroizing;

use super::row::signed;
use super::{Connection, hash, id, unsigned};
use crate::error::{Result, damaged};

/// An epoch.
pub(crate) struct Epoch {
    pub(crate) key: EpochKey,
    /// SHA-256 of the epoch authenticator.
    pub(crate) authenticator: Hash,
    pub(crate) roles: BTreeMap<UserId, Role>,
    /// Number of the newest roster statement by which the epoch was judged.
    pub(crate) roster: u64,
    /// The place of the commit that began it; 0 where none did.
    pub(crate) began_at: u64,
    /// The place of the commit that ended it.
    pub(crate) ended_at: Option<u64>,
}

pub(crate) async fn put(db: &mut Connection, epoch: &Epoch, now_ms: i64) -> Result<()> {
    sqlx::query(
        "INSERT INTO conversation_keys (conversation, epoch, key, authenticator, roles, roster, learned_at_ms, backed_up, began_at, ended_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $9) ON CONFLICT (conversation, epoch) DO NOTHING",
    )
    .bind(epoch.key.conversation().as_bytes().as_slice())
    .bind(signed(epoch.key.epoch()))
    .bind(epoch.key.secret().expose().as_slice())
    .bind(epoch.authenticator.as_bytes().as_slice())
    .bind(cbor::encode(&epoch.roles))
    .bind(signed(epoch.roster))
    .bind(now_ms)
    .bind(signed(epoch.began_at))
    .bind(epoch.ended_at.map(signed))
    .execute(db)
    .await?;
    Ok(())
}

/// A commit at a place ended an epoch.
pub(crate) async fn set_ended(db: &mut Connection, conversation: ConversationId, epoch: u64, sequence: u64) -> Result<()> {
    sqlx::query("UPDATE conversation_keys SET ended_at = $3 WHERE conversation = $1 AND epoch = $2 AND ended_at IS NULL")
        .bind(conversation.as_bytes().as_slice())
        .bind(signed(epoch))
        .bind(signed(sequence))
        .execute(db)
        .await?;
    Ok(())
}

pub(crate) async fn get(db: &mut Connection, conversation: ConversationId, epoch: u64) -> Result<Option<Epoch>> {
    let row = sqlx::query(
        "SELECT key, authenticator, roles, roster, began_at, ended_at FROM conversation_keys WHERE conversation = $1 AND epoch = $2",
    )
    .bind(conversation.as_bytes().as_slice())
    .bind(signed(epoch))
    .fetch_optional(db)
    .await?;
    row.map(|row| {
        Ok(Epoch {
            key: key(conversation, epoch, row.try_get("key")?)?,
            authenticator: hash(&row, "authenticator")?,
            roles: cbor::decode(row.try_get("roles")?).map_err(|_| damaged("roles"))?,
            roster: unsigned(&row, "roster")?,
            began_at: unsigned(&row, "began_at")?,
            ended_at: row.try_get::<Option<i64>, _>("ended_at")?.and_then(|place| u64::try_from(place).ok()),
        })
    })
    .transpose()
}

/// Keys that are not yet in the user's backup.
pub(crate) async fn not_backed_up(db: &mut Connection) -> Result<Vec<EpochKey>> {
    let rows =
        sqlx::query("SELECT conversation, epoch, key FROM conversation_keys WHERE backed_up = 0 ORDER BY conversation, epoch LIMIT 500")
            .fetch_all(db)
            .await?;
    rows.iter().map(|row| key(id(row, "conversation", ConversationId::from_slice)?, unsigned(row, "epoch")?, row.try_get("key")?)).collect()
}

pub(crate) async fn set_backed_up(db: &mut Connection, conversation: ConversationId, epoch: u64) -> Result<()> {
    sqlx::query("UPDATE conversation_keys SET backed_up = 1 WHERE conversation = $1 AND epoch = $2")
        .bind(conversation.as_bytes().as_slice())
        .bind(signed(epoch))
        .execute(db)
        .await?;
    Ok(())
}

fn key(conversation: ConversationId, epoch: u64, bytes: Vec<u8>) -> Result<EpochKey> {
    let bytes = Zeroizing::new(bytes);
    Secret::from_slice(&bytes).map(|secret| EpochKey::new(conversation, epoch, secret)).ok_or_else(|| damaged("conversation key"))
}
