//! Conversations and their members, as the groups say.

use std::collections::BTreeMap;

use bezel_protocol::log::Place;
use bezel_protocol::{ConversationId, Hash, Role, Suite, UserId};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::row::signed;
use super::{Connection, hash, id, unsigned};
use crate::error::{Error, Result, damaged};

/// A conversation.
#[derive(Debug, Clone)]
pub(crate) struct Conversation {
    pub(crate) id: ConversationId,
    pub(crate) suite: Suite,
    pub(crate) title: String,
    pub(crate) epoch: u64,
    /// SHA-256 of the epoch authenticator.
    pub(crate) authenticator: Hash,
    pub(crate) created_at_ms: i64,
    pub(crate) rotated_at_ms: i64,
    pub(crate) removed_at_ms: Option<i64>,
    /// The place of the commit by which this device came in; 0 where it began the conversation.
    pub(crate) first_sequence: u64,
    /// The end of the spine.
    pub(crate) last: Place,
    /// Every commit up to here was judged.
    pub(crate) judged_sequence: u64,
    pub(crate) read_sequence: u64,
    pub(crate) updated_at_ms: i64,
}

/// A member of a conversation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Member {
    pub(crate) user: UserId,
    pub(crate) role: Role,
    pub(crate) devices: u32,
}

const COLUMNS: &str = "id, suite, title, epoch, authenticator, created_at_ms, rotated_at_ms, removed_at_ms,
    first_sequence, last_sequence, last_hash, judged_sequence, read_sequence, updated_at_ms";

fn conversation(row: &SqliteRow) -> Result<Conversation> {
    let suite = u16::try_from(unsigned(row, "suite")?).ok().and_then(|code| Suite::try_from(code).ok());
    Ok(Conversation {
        id: id(row, "id", ConversationId::from_slice)?,
        suite: suite.ok_or_else(|| damaged("cipher suite"))?,
        title: row.try_get("title")?,
        epoch: unsigned(row, "epoch")?,
        authenticator: hash(row, "authenticator")?,
        created_at_ms: row.try_get("created_at_ms")?,
        rotated_at_ms: row.try_get("rotated_at_ms")?,
        removed_at_ms: row.try_get("removed_at_ms")?,
        first_sequence: unsigned(row, "first_sequence")?,
        last: Place { sequence: unsigned(row, "last_sequence")?, hash: hash(row, "last_hash")? },
        judged_sequence: unsigned(row, "judged_sequence")?,
        read_sequence: unsigned(row, "read_sequence")?,
        updated_at_ms: row.try_get("updated_at_ms")?,
    })
}

pub(crate) async fn insert(db: &mut Connection, new: &Conversation) -> Result<()> {
    sqlx::query(
        "INSERT INTO conversations (id, suite, title, epoch, authenticator, created_at_ms, rotated_at_ms,
                                    first_sequence, last_sequence, last_hash, judged_sequence, read_sequence, updated_at_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
    )
    .bind(new.id.as_bytes().as_slice())
    .bind(i64::from(new.suite.code()))
    .bind(&new.title)
    .bind(signed(new.epoch))
    .bind(new.authenticator.as_bytes().as_slice())
    .bind(new.created_at_ms)
    .bind(new.rotated_at_ms)
    .bind(signed(new.first_sequence))
    .bind(signed(new.last.sequence))
    .bind(new.last.hash.as_bytes().as_slice())
    .bind(signed(new.judged_sequence))
    .bind(signed(new.read_sequence))
    .bind(new.updated_at_ms)
    .execute(db)
    .await?;
    Ok(())
}

pub(crate) async fn get(db: &mut Connection, conversation_id: ConversationId) -> Result<Option<Conversation>> {
    let sql = format!("SELECT {COLUMNS} FROM conversations WHERE id = $1");
    let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(conversation_id.as_bytes().as_slice()).fetch_optional(db).await?;
    row.map(|row| conversation(&row)).transpose()
}

/// The conversation, which must be known here.
pub(crate) async fn known(db: &mut Connection, conversation: ConversationId) -> Result<Conversation> {
    get(db, conversation).await?.ok_or_else(|| {
        Error::new("no_conversation", "There is no such conversation on this device.", "Synchronise, or look at the list of conversations.")
    })
}

/// The role of a user among members.
pub(crate) fn role_of(members: &[Member], user: UserId) -> Option<Role> {
    members.iter().find(|member| member.user == user).map(|member| member.role)
}

/// Every conversation, the one with the newest message first.
pub(crate) async fn all(db: &mut Connection) -> Result<Vec<Conversation>> {
    let sql = format!("SELECT {COLUMNS} FROM conversations ORDER BY updated_at_ms DESC, id DESC");
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(db).await?;
    rows.iter().map(conversation).collect()
}

/// A new epoch began.
pub(crate) async fn set_epoch(db: &mut Connection, id: ConversationId, epoch: u64, authenticator: Hash, at_ms: i64) -> Result<()> {
    sqlx::query("UPDATE conversations SET epoch = $2, authenticator = $3, rotated_at_ms = $4 WHERE id = $1")
        .bind(id.as_bytes().as_slice())
        .bind(signed(epoch))
        .bind(authenticator.as_bytes().as_slice())
        .bind(at_ms)
        .execute(db)
        .await?;
    Ok(())
}

/// The description changed. What stands earlier in the log never replaces what stands later; one that waits for its place shows at once.
/// Whoever waited to be told it has heard it, unless it is only made again from the log.
pub(crate) async fn set_description(
    db: &mut Connection,
    id: ConversationId,
    title: &str,
    description: &[u8],
    place: Option<u64>,
) -> Result<()> {
    sqlx::query(
        "UPDATE conversations SET
             title = $2, description = $3, described_at = coalesce($4, described_at),
             describe_at_ms = CASE WHEN described_at = $4 THEN describe_at_ms END
         WHERE id = $1 AND ($4 IS NULL OR described_at <= $4)",
    )
    .bind(id.as_bytes().as_slice())
    .bind(title)
    .bind(description)
    .bind(place.map(signed))
    .execute(db)
    .await?;
    Ok(())
}

/// From `at_ms` on this device tells the description again; `None`: nobody waits for it.
pub(crate) async fn set_describe_at(db: &mut Connection, id: ConversationId, at_ms: Option<i64>) -> Result<()> {
    sqlx::query("UPDATE conversations SET describe_at_ms = $2 WHERE id = $1")
        .bind(id.as_bytes().as_slice())
        .bind(at_ms)
        .execute(db)
        .await?;
    Ok(())
}

/// The conversations whose description is to be told again, with it.
pub(crate) async fn to_describe(db: &mut Connection, now_ms: i64) -> Result<Vec<(ConversationId, Vec<u8>)>> {
    let rows = sqlx::query(
        "SELECT id, description FROM conversations
         WHERE describe_at_ms <= $1 AND description IS NOT NULL AND removed_at_ms IS NULL ORDER BY id",
    )
    .bind(now_ms)
    .fetch_all(db)
    .await?;
    rows.iter().map(|row| Ok((id(row, "id", ConversationId::from_slice)?, row.try_get("description")?))).collect()
}

pub(crate) async fn description(db: &mut Connection, id: ConversationId) -> Result<Option<Vec<u8>>> {
    let row = sqlx::query("SELECT description FROM conversations WHERE id = $1").bind(id.as_bytes().as_slice()).fetch_optional(db).await?;
    Ok(row.map(|row| row.try_get("description")).transpose()?.flatten())
}

/// This member was removed (or is back, with `None`).
pub(crate) async fn set_removed(db: &mut Connection, id: ConversationId, at_ms: Option<i64>) -> Result<()> {
    sqlx::query("UPDATE conversations SET removed_at_ms = $2 WHERE id = $1").bind(id.as_bytes().as_slice()).bind(at_ms).execute(db).await?;
    Ok(())
}

/// Every commit up to a place was judged.
pub(crate) async fn set_judged(db: &mut Connection, id: ConversationId, sequence: u64) -> Result<()> {
    sqlx::query("UPDATE conversations SET judged_sequence = max(judged_sequence, $2) WHERE id = $1")
        .bind(id.as_bytes().as_slice())
        .bind(signed(sequence))
        .execute(db)
        .await?;
    Ok(())
}

/// This device came in by the commit at a place.
pub(crate) async fn set_first(db: &mut Connection, id: ConversationId, sequence: u64) -> Result<()> {
    sqlx::query("UPDATE conversations SET first_sequence = $2 WHERE id = $1")
        .bind(id.as_bytes().as_slice())
        .bind(signed(sequence))
        .execute(db)
        .await?;
    Ok(())
}

/// Something happened that moves the conversation up in the list.
pub(crate) async fn touch(db: &mut Connection, id: ConversationId, at_ms: i64) -> Result<()> {
    sqlx::query("UPDATE conversations SET updated_at_ms = max(updated_at_ms, $2) WHERE id = $1")
        .bind(id.as_bytes().as_slice())
        .bind(at_ms)
        .execute(db)
        .await?;
    Ok(())
}

/// Everything known so far is read.
pub(crate) async fn mark_read(db: &mut Connection, id: ConversationId) -> Result<()> {
    sqlx::query("UPDATE conversations SET read_sequence = last_sequence WHERE id = $1").bind(id.as_bytes().as_slice()).execute(db).await?;
    Ok(())
}

pub(crate) async fn set_members(
    db: &mut Connection,
    id: ConversationId,
    roles: &BTreeMap<UserId, Role>,
    devices: &BTreeMap<UserId, u32>,
) -> Result<()> {
    sqlx::query("DELETE FROM conversation_members WHERE conversation = $1").bind(id.as_bytes().as_slice()).execute(&mut *db).await?;
    for (user, role) in roles {
        sqlx::query("INSERT INTO conversation_members (conversation, user, role, devices) VALUES ($1, $2, $3, $4)")
            .bind(id.as_bytes().as_slice())
            .bind(user.as_bytes().as_slice())
            .bind(role.as_str())
            .bind(i64::from(devices.get(user).copied().unwrap_or(0)))
            .execute(&mut *db)
            .await?;
    }
    Ok(())
}

pub(crate) async fn members(db: &mut Connection, conversation_id: ConversationId) -> Result<Vec<Member>> {
    let rows = sqlx::query("SELECT user, role, devices FROM conversation_members WHERE conversation = $1 ORDER BY user")
        .bind(conversation_id.as_bytes().as_slice())
        .fetch_all(db)
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Member {
                user: id(row, "user", UserId::from_slice)?,
                role: row.try_get::<&str, _>("role")?.parse().map_err(|_| damaged("role"))?,
                devices: row.try_get("devices")?,
            })
        })
        .collect()
}
