//! Lists what was raised.

use serde::Serialize;
use ts_rs::TS;

use crate::cache;
use crate::cache::alarms::Alarm;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::member::Member;

/// An alarm that a person must see.
#[derive(Debug, Clone, Serialize, TS)]
pub struct AlarmView {
    /// Its number, by which it is acknowledged.
    pub id: String,
    /// Stable code.
    pub code: String,
    /// What happened.
    pub message: String,
    /// What to do.
    pub next_step: String,
    /// The conversation that it is about.
    pub conversation: Option<String>,
    /// That conversation's title.
    pub conversation_title: Option<String>,
    /// The handle of the person whose device is accused.
    pub accused: Option<String>,
    /// The device that is accused.
    pub accused_device: Option<String>,
    /// When it was raised for the first time.
    pub first_at: Timestamp,
    /// When it was raised last.
    pub last_at: Timestamp,
    /// How often it was raised.
    pub count: u32,
    /// When a person acknowledged it; none: it still waits for that.
    pub acknowledged_at: Option<Timestamp>,
}

/// Every alarm: those that wait to be seen first, the newest of each before the others.
///
/// # Errors
/// When the local database fails.
pub async fn list(member: &Member) -> Result<Vec<AlarmView>> {
    let mut db = member.cache.read().await?;
    let roster = member.roster();
    let mut views = Vec::new();
    for alarm in cache::alarms::all(&mut db).await? {
        let Alarm { id, code, cause, message, next_step, first_at_ms, last_at_ms, count, acknowledged_at_ms } = alarm;
        let conversation = match cause.conversation {
            Some(id) => cache::conversations::get(&mut db, id).await?,
            None => None,
        };
        let user = cause.accused.and_then(|accused| accused.user);
        views.push(AlarmView {
            id: id.to_string(),
            code,
            message,
            next_step,
            conversation: cause.conversation.map(|id| id.to_string()),
            conversation_title: conversation.map(|known| known.title).filter(|title| !title.is_empty()),
            accused: user.and_then(|user| roster.user(user)).map(|user| user.handle.to_string()),
            accused_device: cause.accused.map(|accused| accused.device.to_string()),
            first_at: Timestamp::from_ms(first_at_ms),
            last_at: Timestamp::from_ms(last_at_ms),
            count,
            acknowledged_at: acknowledged_at_ms.map(Timestamp::from_ms),
        });
    }
    Ok(views)
}
