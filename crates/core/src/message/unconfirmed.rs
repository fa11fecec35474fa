//! Own messages that nobody confirms, although those who could are there: what a relay that keeps a conversation apart looks like.

use bezel_protocol::ConversationId;
use bezel_protocol::roster::Roster;

use crate::cache::messages::{Message, State};
use crate::cache::{self, Connection};
use crate::clock::DAY_MS;
use crate::error::Result;
use crate::member::Member;

/// So long a message may go without anybody having confirmed it.
const PATIENCE_MS: i64 = DAY_MS;

/// Which messages of a page are this member's own, a day old, and confirmed by nobody, while somebody who reads the conversation has
/// written elsewhere since.
pub(super) async fn unconfirmed(
    member: &Member,
    db: &mut Connection,
    roster: &Roster,
    conversation: ConversationId,
    page: &[Message],
) -> Result<Vec<bool>> {
    let overdue_ms = member.now_ms().saturating_sub(PATIENCE_MS);
    let is_overdue = |message: &Message| message.state == State::Sent && message.sent_at_ms <= overdue_ms;
    let Some(oldest_ms) = page.iter().filter(|message| is_overdue(message)).map(|message| message.sent_at_ms).min() else {
        return Ok(vec![false; page.len()]);
    };
    let of_others = cache::confirmations::all(db, conversation)
        .await?
        .into_iter()
        .filter(|confirmed| roster.device(confirmed.device).is_some_and(|device| device.user != member.user()));
    let confirmed = of_others.map(|confirmed| confirmed.sequence).max().unwrap_or(0);
    if page.iter().filter(|message| is_overdue(message)).all(|message| message.sequence <= Some(confirmed)) {
        return Ok(vec![false; page.len()]);
    }
    let active_ms = active_elsewhere(member, db, roster, conversation).await?.filter(|active_ms| *active_ms > oldest_ms);
    let is_unconfirmed =
        |message: &Message| is_overdue(message) && message.sequence > Some(confirmed) && active_ms > Some(message.sent_at_ms);
    Ok(page.iter().map(is_unconfirmed).collect())
}

/// When somebody else who reads the conversation last wrote in another one, by their own clock.
async fn active_elsewhere(member: &Member, db: &mut Connection, roster: &Roster, conversation: ConversationId) -> Result<Option<i64>> {
    let readers = cache::conversations::members(db, conversation).await?;
    let others = readers.iter().map(|reader| reader.user).filter(|user| *user != member.user());
    let devices: Vec<_> = others.flat_map(|user| roster.devices_of(user)).map(|device| device.id).collect();
    cache::confirmations::newest_elsewhere(db, conversation, &devices).await
}
