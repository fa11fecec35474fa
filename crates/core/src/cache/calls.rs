//! Calls: what was said of them, and how they went for this device.

use bezel_protocol::content::{CallInvitation, CallMedia, CallOutcome, CallSecretBytes, GuestInvitation, MessageRef};
use bezel_protocol::{CallId, ConversationId, DeviceId, GuestLinkId, MessageId, UserId, cbor};
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, QueryBuilder, Row as _};
use zeroize::Zeroizing;

use super::log::Row;
use super::{Connection, id};
use crate::error::{Result, damaged};

/// A row.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) id: CallId,
    pub(crate) conversation: ConversationId,
    /// Who called, and from which device.
    pub(crate) user: UserId,
    pub(crate) device: DeviceId,
    pub(crate) media: CallMedia,
    pub(crate) started_at_ms: i64,
    /// From which frame keys come, and its number.
    pub(crate) secret: CallSecretBytes,
    pub(crate) generation: u32,
    /// How clients come in, the newest link last.
    pub(crate) links: Vec<GuestInvitation>,
    pub(crate) joined_at_ms: Option<i64>,
    /// None as long as it goes on, for all that is known.
    pub(crate) outcome: Option<CallOutcome>,
    pub(crate) seconds: Option<u32>,
    /// JSON.
    pub(crate) quality: Option<String>,
}

/// So many links lead into one call; the oldest ones are forgotten.
const MAX_LINKS: usize = 32;

const COLUMNS: &str =
    "call, conversation, user, device, media, started_at_ms, secret, generation, guest, joined_at_ms, outcome, seconds, quality";

const MEDIA: [(CallMedia, &str); 2] = [(CallMedia::Audio, "audio"), (CallMedia::Video, "video")];

const OUTCOMES: [(CallOutcome, &str); 6] = [
    (CallOutcome::Completed, "completed"),
    (CallOutcome::Missed, "missed"),
    (CallOutcome::Declined, "declined"),
    (CallOutcome::Busy, "busy"),
    (CallOutcome::Cancelled, "cancelled"),
    (CallOutcome::Failed, "failed"),
];

fn name<T: PartialEq>(names: &'static [(T, &'static str)], value: &T) -> &'static str {
    names.iter().find(|(known, _)| known == value).map_or("", |(_, name)| name)
}

fn value<T: Copy>(names: &[(T, &str)], text: &str) -> Result<T> {
    names.iter().find(|(_, name)| *name == text).map(|(value, _)| *value).ok_or_else(|| damaged("call"))
}

fn call(row: &SqliteRow) -> Result<Call> {
    let secret: Zeroizing<Vec<u8>> = Zeroizing::new(row.try_get("secret")?);
    let outcome: Option<&str> = row.try_get("outcome")?;
    Ok(Call {
        id: id(row, "call", CallId::from_slice)?,
        conversation: id(row, "conversation", ConversationId::from_slice)?,
        user: id(row, "user", UserId::from_slice)?,
        device: id(row, "device", DeviceId::from_slice)?,
        media: value(&MEDIA, row.try_get("media")?)?,
        started_at_ms: row.try_get("started_at_ms")?,
        secret: CallSecretBytes::new(secret.as_slice().try_into().map_err(|_| damaged("secret of a call"))?),
        generation: row.try_get::<i64, _>("generation")?.try_into().map_err(|_| damaged("number"))?,
        links: links(row)?,
        joined_at_ms: row.try_get("joined_at_ms")?,
        outcome: outcome.map(|outcome| value(&OUTCOMES, outcome)).transpose()?,
        seconds: row.try_get::<Option<i64>, _>("seconds")?.and_then(|seconds| u32::try_from(seconds).ok()),
        quality: row.try_get("quality")?,
    })
}

/// One link stands there as itself, several as an array.
fn links(row: &SqliteRow) -> Result<Vec<GuestInvitation>> {
    let Some(bytes) = row.try_get::<Option<Vec<u8>>, _>("guest")?.map(Zeroizing::new) else { return Ok(Vec::new()) };
    let one = || cbor::decode(&bytes).map(|link| vec![link]);
    cbor::decode(&bytes).or_else(|_| one()).map_err(|_| damaged("link into a call"))
}

impl Call {
    /// Whether a link leads into this call.
    pub(crate) fn has_link(&self, link: GuestLinkId) -> bool {
        self.links.iter().any(|invitation| invitation.link == link)
    }

    /// What is needed to answer those who come by a link, if it leads into this call.
    pub(crate) fn into_link(self, link: GuestLinkId) -> Option<GuestInvitation> {
        self.links.into_iter().find(|invitation| invitation.link == link)
    }

    /// Whether somebody may still come by a link.
    pub(crate) fn has_open_link(&self, now_ms: i64) -> bool {
        self.links.iter().any(|link| link.expires_at_ms > now_ms)
    }
}

/// Notes a call that the device of the message began. One that is there already keeps its secret; to it, and to the call of another device, a
/// link for guests is added. The message that began it may be sealed later than it was written.
pub(crate) async fn put(db: &mut Connection, row: &Row, invitation: &CallInvitation) -> Result<()> {
    if !invitation.call.is_of(row.conversation, row.device) {
        return set_guest(db, invitation, row.conversation).await;
    }
    let guest = invitation.guest.as_ref().map(|guest| Zeroizing::new(cbor::encode(guest)));
    let inserted = sqlx::query(
        "INSERT INTO calls (call, conversation, message, user, device, media, started_at_ms, secret, generation, guest)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9)
         ON CONFLICT (call) DO UPDATE SET started_at_ms = excluded.started_at_ms
         WHERE (calls.conversation, calls.device, calls.message) = (excluded.conversation, excluded.device, excluded.message)
         ON CONFLICT DO NOTHING",
    )
    .bind(invitation.call.as_bytes().as_slice())
    .bind(row.conversation.as_bytes().as_slice())
    .bind(row.message.as_bytes().as_slice())
    .bind(row.user.as_bytes().as_slice())
    .bind(row.device.as_bytes().as_slice())
    .bind(name(&MEDIA, &invitation.media))
    .bind(row.sent_at_ms)
    .bind(invitation.secret.expose().as_slice())
    .bind(guest.as_ref().map(|guest| guest.as_slice()))
    .execute(&mut *db)
    .await?
    .rows_affected();
    if inserted == 0 { set_guest(db, invitation, row.conversation).await } else { Ok(()) }
}

pub(crate) async fn get(db: &mut Connection, of: CallId) -> Result<Option<Call>> {
    let row = sqlx::query(AssertSqlSafe(format!("SELECT {COLUMNS} FROM calls WHERE call = $1")))
        .bind(of.as_bytes().as_slice())
        .fetch_optional(db)
        .await?;
    row.as_ref().map(call).transpose()
}

/// The call that a message began.
pub(crate) async fn of_message(db: &mut Connection, conversation: ConversationId, message: MessageRef) -> Result<Option<Call>> {
    Ok(of_messages(db, conversation, &[message]).await?.into_iter().next().map(|(_, call)| call))
}

/// The calls that messages of a conversation began, with the messages.
pub(crate) async fn of_messages(
    db: &mut Connection,
    conversation: ConversationId,
    messages: &[MessageRef],
) -> Result<Vec<(MessageRef, Call)>> {
    if messages.is_empty() {
        return Ok(Vec::new());
    }
    let mut query = QueryBuilder::new(format!("SELECT message, {COLUMNS} FROM calls WHERE conversation = "));
    query.push_bind(conversation.as_bytes().as_slice()).push(" AND (device, message) IN ");
    query.push_tuples(messages, |mut tuple, name| {
        tuple.push_bind(name.device.as_bytes().as_slice()).push_bind(name.message.as_bytes().as_slice());
    });
    let rows = query.build().fetch_all(db).await?;
    rows.iter()
        .map(|row| {
            let name = MessageRef { device: id(row, "device", DeviceId::from_slice)?, message: id(row, "message", MessageId::from_slice)? };
            Ok((name, call(row)?))
        })
        .collect()
}

/// Calls of which no end is known, the oldest first.
pub(crate) async fn open(db: &mut Connection) -> Result<Vec<Call>> {
    let query = format!("SELECT {COLUMNS} FROM calls WHERE outcome IS NULL ORDER BY started_at_ms, call");
    sqlx::query(AssertSqlSafe(query)).fetch_all(db).await?.iter().map(call).collect()
}

/// Up to `limit` calls that began before, the newest first.
pub(crate) async fn page(db: &mut Connection, conversation: Option<ConversationId>, before_ms: i64, limit: u32) -> Result<Vec<Call>> {
    let query = format!(
        "SELECT {COLUMNS} FROM calls WHERE ($1 IS NULL OR conversation = $1) AND started_at_ms < $2
         ORDER BY started_at_ms DESC, call DESC LIMIT $3"
    );
    let rows = sqlx::query(AssertSqlSafe(query))
        .bind(conversation.as_ref().map(|id| id.as_bytes().as_slice()))
        .bind(before_ms)
        .bind(limit)
        .fetch_all(db)
        .await?;
    rows.iter().map(call).collect()
}

/// This device is in the call.
pub(crate) async fn set_joined(db: &mut Connection, call: CallId, at_ms: i64) -> Result<()> {
    sqlx::query("UPDATE calls SET joined_at_ms = coalesce(joined_at_ms, $2), outcome = NULL WHERE call = $1")
        .bind(call.as_bytes().as_slice())
        .bind(at_ms)
        .execute(db)
        .await?;
    Ok(())
}

/// How the call went for this device. A talk that was stays one: by a link of several uses it may ring again, and that may be missed.
pub(crate) async fn set_ended(
    db: &mut Connection,
    call: CallId,
    outcome: CallOutcome,
    seconds: Option<u32>,
    quality: Option<&str>,
) -> Result<()> {
    sqlx::query(
        "UPDATE calls SET outcome = CASE outcome WHEN 'completed' THEN outcome ELSE $2 END,
                          seconds = coalesce($3, seconds), quality = coalesce($4, quality)
         WHERE call = $1",
    )
    .bind(call.as_bytes().as_slice())
    .bind(name(&OUTCOMES, &outcome))
    .bind(seconds)
    .bind(quality)
    .execute(db)
    .await?;
    Ok(())
}

/// What the caller's device says of the end; what this device knows itself stays.
pub(crate) async fn believe_end(db: &mut Connection, call: CallId, caller: DeviceId, outcome: CallOutcome, seconds: u32) -> Result<()> {
    sqlx::query("UPDATE calls SET outcome = $3, seconds = $4 WHERE call = $1 AND device = $2 AND outcome IS NULL")
        .bind(call.as_bytes().as_slice())
        .bind(caller.as_bytes().as_slice())
        .bind(name(&OUTCOMES, &outcome))
        .bind(seconds)
        .execute(db)
        .await?;
    Ok(())
}

/// Frame keys come from a newer secret.
pub(crate) async fn set_secret(db: &mut Connection, call: CallId, generation: u32, secret: &CallSecretBytes) -> Result<()> {
    sqlx::query("UPDATE calls SET secret = $3, generation = $2 WHERE call = $1 AND generation < $2")
        .bind(call.as_bytes().as_slice())
        .bind(generation)
        .bind(secret.expose().as_slice())
        .execute(db)
        .await?;
    Ok(())
}

/// For how long there was a connection so far, so that a crash does not forget it.
pub(crate) async fn set_seconds(db: &mut Connection, call: CallId, seconds: u32) -> Result<()> {
    sqlx::query("UPDATE calls SET seconds = $2 WHERE call = $1").bind(call.as_bytes().as_slice()).bind(seconds).execute(db).await?;
    Ok(())
}

/// Another link leads into a call that is there.
async fn set_guest(db: &mut Connection, invitation: &CallInvitation, conversation: ConversationId) -> Result<()> {
    let Some(new) = &invitation.guest else { return Ok(()) };
    let Some(call) = get(db, invitation.call).await? else { return Ok(()) };
    let mut links: Vec<&GuestInvitation> = call.links.iter().filter(|known| known.link != new.link).collect();
    links.push(new);
    let guest = Zeroizing::new(cbor::encode(&links.split_off(links.len().saturating_sub(MAX_LINKS))));
    sqlx::query("UPDATE calls SET guest = $3 WHERE call = $1 AND conversation = $2")
        .bind(invitation.call.as_bytes().as_slice())
        .bind(conversation.as_bytes().as_slice())
        .bind(guest.as_slice())
        .execute(db)
        .await?;
    Ok(())
}
