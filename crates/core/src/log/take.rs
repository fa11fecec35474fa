//! Takes entries from the log of a conversation: verified, or kept with the reason why not.

use bezel_protocol::envelope::Envelope;
use bezel_protocol::log::EntryKind;
use bezel_protocol::wire::StoredMessage;
use bezel_protocol::{ConversationId, DeviceId, Hash, MessageId, UserId};

use super::judge::{Found, Outcome, judge};
use super::{Problem, confirmed, content_of, outbox};
use crate::alarm::{Cause, accused};
use crate::cache::conversations::Conversation;
use crate::cache::held::Held;
use crate::cache::log::Row;
use crate::cache::messages::{Kind, Message, State};
use crate::cache::{self, Connection};
use crate::change::Change;
use crate::error::{Error, Result};
use crate::member::Member;
use crate::search;

/// What a page of entries brought.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// What changed by it.
    pub(crate) changes: Vec<Change>,
    /// The alarms that it gives reason for, where and against whom.
    alarms: Vec<(Error, Cause)>,
}

impl Page {
    /// Tells what it brought, when it is on the disk.
    ///
    /// # Errors
    /// When the local database fails.
    pub(crate) async fn tell(self, member: &Member) -> Result<()> {
        for (error, cause) in &self.alarms {
            member.raise_alarm(error, *cause).await?;
        }
        member.changed(self.changes);
        Ok(())
    }
}

/// So many messages are read again in one transaction.
const PAGE: u32 = 500;

/// Takes envelopes of a conversation, whose bytes are those of the spine, in one transaction of the caller's.
///
/// # Errors
/// When the local database fails.
pub(crate) async fn take(member: &Member, db: &mut Connection, conversation: &Conversation, messages: &[StoredMessage]) -> Result<Page> {
    let roster = member.roster();
    let mut page = Page::default();
    // The oldest first, so that each finds the one before it.
    let mut in_order: Vec<&StoredMessage> = messages.iter().collect();
    in_order.sort_by_key(|message| message.sequence);
    for stored in in_order {
        let Some(entry) = cache::spine::get(db, conversation.id, stored.sequence).await? else { continue };
        cache::entries::keep(db, conversation.id, (stored.sequence, entry.stored_at_ms), &stored.envelope.0).await?;
        if entry.kind != EntryKind::Envelope {
            continue;
        }
        let found = Found { conversation, sequence: stored.sequence, roster: entry.roster, bytes: &stored.envelope.0 };
        let (outcome, alarm) = judge(member, db, &roster, &found).await?;
        page.alarms.extend(alarm.map(|alarm| {
            let accused = alarm.accused.map(|device| accused(member, device));
            (alarm.error, Cause { conversation: Some(conversation.id), accused })
        }));
        keep(member, db, stored, (conversation.id, outcome), &mut page).await?;
    }
    Ok(page)
}

/// Tries again what could not be read so far and what has now all that it lacked.
///
/// # Errors
/// When the local database fails.
pub(crate) async fn retry_held(member: &Member) -> Result<()> {
    let held = cache::held::ready(&mut *member.cache.read().await?).await?;
    if held.is_empty() {
        return Ok(());
    }
    let mut tx = member.cache.begin().await?;
    let mut brought = Page::default();
    for held in &held {
        let Some(conversation) = cache::conversations::get(&mut tx, held.conversation).await? else { continue };
        let stored = StoredMessage { sequence: held.sequence, stored_at_ms: 0, envelope: held.envelope.clone().into() };
        let page = take(member, &mut tx, &conversation, &[stored]).await?;
        brought.changes.extend(page.changes);
        brought.alarms.extend(page.alarms);
    }
    tx.commit().await?;
    brought.tell(member).await
}

/// Makes what is derived from the log again: all of it, or only what older rules than the present ones have read.
///
/// # Errors
/// When the local database fails.
pub(crate) async fn replay(member: &Member, all: bool) -> Result<u64> {
    let version = member.projections.version();
    if all {
        let mut tx = member.cache.begin().await?;
        member.projections.forget(member, &mut tx).await?;
        tx.commit().await?;
    }
    let (mut after, mut count) = (i64::MIN, 0);
    loop {
        let mut tx = member.cache.begin().await?;
        let rows =
            if all { cache::log::page(&mut tx, after, PAGE).await? } else { cache::log::read_before(&mut tx, version, PAGE).await? };
        let Some(last) = rows.last() else { return Ok(count) };
        after = last.number;
        for row in &rows {
            let content = content_of(&row.content);
            member.projections.apply(member, &mut tx, row, &content).await?;
            cache::log::set_read(&mut tx, row.number, version).await?;
            count += 1;
        }
        tx.commit().await?;
    }
}

async fn keep(
    member: &Member,
    db: &mut Connection,
    stored: &StoredMessage,
    (conversation, outcome): (ConversationId, Outcome),
    page: &mut Page,
) -> Result<()> {
    match outcome {
        Outcome::Verified(row, content) => {
            cache::messages::forget_unreadable_at(db, conversation, stored.sequence).await?;
            cache::held::release(db, conversation, stored.sequence).await?;
            if row.device == member.device() {
                page.alarms.extend(outbox::found(db, &row).await?.map(|error| (error, Cause::conversation(conversation))));
            } else if row.user == member.user() {
                outbox::found_of_former(db, &row).await?;
            }
            let row = written(member, db, *row).await?;
            page.changes.extend(member.projections.apply(member, db, &row, &content).await?);
            cache::confirmations::confirm(db, conversation, confirmed(&row)).await?;
        }
        Outcome::Repeated => {
            cache::held::release(db, conversation, stored.sequence).await?;
        }
        Outcome::Later(problem) => {
            let held = Held { conversation, sequence: stored.sequence, envelope: stored.envelope.0.clone() };
            cache::held::hold(db, &held, &problem, member.now_ms()).await?;
            show_unreadable(member, db, (conversation, stored.sequence), (problem, None), stored.stored_at_ms).await?;
            page.changes.push(Change::Messages(conversation));
        }
        Outcome::Never(problem, device) => {
            cache::held::release(db, conversation, stored.sequence).await?;
            show_unreadable(member, db, (conversation, stored.sequence), (problem, device), stored.stored_at_ms).await?;
            page.changes.push(Change::Messages(conversation));
        }
    }
    Ok(())
}

/// The row of a verified message as it stands in the log from now on.
async fn written(member: &Member, db: &mut Connection, row: Row) -> Result<Row> {
    let name = bezel_protocol::content::MessageRef { device: row.device, message: row.message };
    if let Some(known) = cache::log::get(db, row.conversation, name).await? {
        let row = Row { number: known.number, ..row };
        cache::log::place(db, &row).await?;
        return Ok(row);
    }
    let row = Row { number: search::number(db, row.sent_at_ms).await?, ..row };
    cache::log::insert(db, &row, member.projections.version()).await?;
    Ok(row)
}

/// Shows that the bytes of an entry are lost.
///
/// # Errors
/// When the local database fails.
pub(crate) async fn show_lost(member: &Member, db: &mut Connection, place: (ConversationId, u64), at_ms: i64) -> Result<()> {
    let problem = "The relay was put back from a copy, and nobody kept what stood here.".to_owned();
    show_unreadable(member, db, place, (problem, None), at_ms).await
}

/// What is shown in place of an entry that can't be read. Nobody's name stands on it whose device did not sign it, and its id is made from
/// its place, so that a forgery never takes the place of the message whose id it claims.
async fn show_unreadable(
    member: &Member,
    db: &mut Connection,
    (conversation, sequence): (ConversationId, u64),
    (problem, device): (Problem, Option<DeviceId>),
    at_ms: i64,
) -> Result<()> {
    let user = device.and_then(|device| member.roster().device(device).map(|device| device.user));
    let mut name = conversation.as_bytes().to_vec();
    name.extend_from_slice(&sequence.to_be_bytes());
    let row = Message {
        number: search::number(db, at_ms).await?,
        conversation,
        device: device.unwrap_or(DeviceId::from_bytes([0; 16])),
        id: id_of(Hash::of(&name)),
        user: user.unwrap_or(UserId::from_bytes([0; 16])),
        sequence: Some(sequence),
        epoch: 0,
        sent_at_ms: at_ms,
        seen: 0,
        kind: Kind::Unreadable,
        text: None,
        reply_to: None,
        problem: Some(problem),
        state: State::Received,
    };
    cache::messages::put_unreadable(db, &row).await
}

fn id_of(hash: Hash) -> MessageId {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(hash.as_bytes().split_at(16).0);
    MessageId::from_bytes(bytes)
}

/// Whether the author of an envelope knows more of the roster than is known here.
pub(crate) fn refers_to_news(member: &Member, envelope: &[u8]) -> bool {
    Envelope::parse(envelope).is_ok_and(|envelope| envelope.header().roster.sequence > member.roster().head().sequence)
}
