//! Alarms that a person must see.

use bezel_protocol::{ConversationId, DeviceId, UserId};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::Connection;
use crate::error::{Error, Result};

/// Where an alarm was raised, and whom it accuses. The same cause is one alarm, however often it is raised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Cause {
    pub(crate) conversation: Option<ConversationId>,
    pub(crate) accused: Option<Accused>,
}

/// A device, and whose it is where the roster knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Accused {
    pub(crate) device: DeviceId,
    pub(crate) user: Option<UserId>,
}

impl Cause {
    /// The workspace as a whole, or the relay.
    pub(crate) const WORKSPACE: Self = Self { conversation: None, accused: None };

    /// One conversation.
    pub(crate) const fn conversation(id: ConversationId) -> Self {
        Self { conversation: Some(id), accused: None }
    }
}

/// An alarm as it is kept.
#[derive(Debug, Clone)]
pub(crate) struct Alarm {
    pub(crate) id: i64,
    pub(crate) code: String,
    pub(crate) cause: Cause,
    pub(crate) message: String,
    pub(crate) next_step: String,
    pub(crate) first_at_ms: i64,
    pub(crate) last_at_ms: i64,
    pub(crate) count: u32,
    pub(crate) acknowledged_at_ms: Option<i64>,
}

/// So many alarms of one code are kept: whoever raises many of one kind pushes out none of another.
const MAX_OF_A_CODE: u32 = 32;
/// Longer words come from outside and are cut.
const MAX_WORDS: usize = 500;

/// Keeps an alarm. One that is there already comes back into sight.
pub(crate) async fn raise(db: &mut Connection, error: &Error, cause: Cause, now_ms: i64) -> Result<()> {
    let cut = |text: &str| text.chars().take(MAX_WORDS).collect::<String>();
    sqlx::query(
        "INSERT INTO alarms (code, conversation, device, user, message, next_step, first_at_ms, last_at_ms, count)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7, 1)
         ON CONFLICT (code, coalesce(conversation, x''), coalesce(device, x'')) DO UPDATE SET
             user = excluded.user, message = excluded.message, next_step = excluded.next_step,
             last_at_ms = max(last_at_ms, excluded.last_at_ms), count = count + 1, acknowledged_at_ms = NULL",
    )
    .bind(error.code)
    .bind(cause.conversation.as_ref().map(|id| id.as_bytes().as_slice()))
    .bind(cause.accused.as_ref().map(|accused| accused.device.as_bytes().as_slice()))
    .bind(cause.accused.as_ref().and_then(|accused| accused.user.as_ref()).map(|user| user.as_bytes().as_slice()))
    .bind(cut(&error.message))
    .bind(cut(&error.next_step))
    .bind(now_ms)
    .execute(&mut *db)
    .await?;
    forget_surplus(db, error.code).await
}

/// Of one code the newest stay, and those that nobody has seen before those that somebody has.
async fn forget_surplus(db: &mut Connection, code: &str) -> Result<()> {
    sqlx::query(
        "DELETE FROM alarms WHERE code = $1 AND id NOT IN (
             SELECT id FROM alarms WHERE code = $1 ORDER BY acknowledged_at_ms IS NULL DESC, last_at_ms DESC, id DESC LIMIT $2)",
    )
    .bind(code)
    .bind(MAX_OF_A_CODE)
    .execute(db)
    .await?;
    Ok(())
}

fn alarm(row: &SqliteRow) -> Result<Alarm> {
    let bytes = |column: &str| row.try_get::<Option<&[u8]>, _>(column);
    let user = bytes("user")?.and_then(UserId::from_slice);
    Ok(Alarm {
        id: row.try_get("id")?,
        code: row.try_get("code")?,
        cause: Cause {
            conversation: bytes("conversation")?.and_then(ConversationId::from_slice),
            accused: bytes("device")?.and_then(DeviceId::from_slice).map(|device| Accused { device, user }),
        },
        message: row.try_get("message")?,
        next_step: row.try_get("next_step")?,
        first_at_ms: row.try_get("first_at_ms")?,
        last_at_ms: row.try_get("last_at_ms")?,
        count: row.try_get("count")?,
        acknowledged_at_ms: row.try_get("acknowledged_at_ms")?,
    })
}

/// Every alarm: those that nobody has acknowledged first, the newest of each before the others.
pub(crate) async fn all(db: &mut Connection) -> Result<Vec<Alarm>> {
    let rows = sqlx::query(
        "SELECT id, code, conversation, device, user, message, next_step, first_at_ms, last_at_ms, count, acknowledged_at_ms
         FROM alarms ORDER BY acknowledged_at_ms IS NULL DESC, last_at_ms DESC, id DESC",
    )
    .fetch_all(db)
    .await?;
    rows.iter().map(alarm).collect()
}

/// A person has seen it. Returns whether there is such an alarm.
pub(crate) async fn acknowledge(db: &mut Connection, id: i64, now_ms: i64) -> Result<bool> {
    let done = sqlx::query("UPDATE alarms SET acknowledged_at_ms = coalesce(acknowledged_at_ms, $2) WHERE id = $1")
        .bind(id)
        .bind(now_ms)
        .execute(db)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Whether an alarm of this code is kept for a conversation, seen by a person or not.
pub(crate) async fn is_there(db: &mut Connection, code: &str, conversation: ConversationId) -> Result<bool> {
    let row = sqlx::query("SELECT 1 FROM alarms WHERE code = $1 AND coalesce(conversation, x'') = $2 LIMIT 1")
        .bind(code)
        .bind(conversation.as_bytes().as_slice())
        .fetch_optional(db)
        .await?;
    Ok(row.is_some())
}

/// What an alarm of this code spoke of in the whole workspace has righted itself.
pub(crate) async fn settle_everywhere(db: &mut Connection, code: &str) -> Result<()> {
    sqlx::query("DELETE FROM alarms WHERE code = $1").bind(code).execute(db).await?;
    Ok(())
}

/// What an alarm of this code spoke of in a conversation has righted itself.
pub(crate) async fn settle(db: &mut Connection, code: &str, conversation: ConversationId) -> Result<()> {
    sqlx::query("DELETE FROM alarms WHERE code = $1 AND conversation = $2")
        .bind(code)
        .bind(conversation.as_bytes().as_slice())
        .execute(db)
        .await?;
    Ok(())
}
