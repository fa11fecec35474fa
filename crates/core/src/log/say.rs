//! Writes into the log and the outbox what this device says.

use bezel_protocol::content::{Content, MessageRef};
use bezel_protocol::{ConversationId, MessageId, Role};

use crate::cache::conversations::{known, role_of};
use crate::cache::log::Row;
use crate::cache::{self, Connection};
use crate::change::Change;
use crate::error::{Error, Result};
use crate::member::Member;
use crate::{search, spine, vault};

/// Whether this member may write in a conversation.
///
/// # Errors
/// When not, with the reason.
pub(crate) async fn may_post(member: &Member, conversation: ConversationId) -> Result<()> {
    let mut db = member.cache.read().await?;
    let known = known(&mut db, conversation).await?;
    let role = role_of(&cache::conversations::members(&mut db, conversation).await?, member.user());
    if known.removed_at_ms.is_some() {
        return Err(Error::refused(
            "not_a_member",
            "You are no longer a member of this conversation.",
            "Ask one of its owners or admins to add you again.",
        ));
    }
    if !role.is_some_and(Role::may_post) {
        return Err(Error::refused(
            "read_only",
            "You may read this conversation, not write in it.",
            "Ask one of its owners or admins for another role.",
        ));
    }
    Ok(())
}

/// Writes a content into log and outbox.
pub(crate) async fn queue(member: &Member, conversation: ConversationId, content: &Content) -> Result<MessageRef> {
    let mut tx = member.cache.begin().await?;
    let row = enqueue(member, &mut tx, conversation, content).await?;
    tx.commit().await?;
    member.changed([Change::Messages(conversation), Change::Conversations, Change::Connection]);
    Ok(MessageRef { device: row.device, message: row.message })
}

/// The same in the caller's transaction.
pub(crate) async fn enqueue(member: &Member, db: &mut Connection, conversation: ConversationId, content: &Content) -> Result<Row> {
    let now_ms = member.now_ms();
    let here = known(db, conversation).await?;
    let role = role_of(&cache::conversations::members(db, conversation).await?, member.user());
    let row = Row {
        number: search::number(db, now_ms).await?,
        conversation,
        device: member.device(),
        message: MessageId::new(now_ms, vault::id_bytes(&mut member.rng())?),
        user: member.user(),
        role: role.unwrap_or(Role::ReadOnly),
        place: None,
        epoch: here.epoch,
        sent_at_ms: now_ms,
        seen: spine::seen(db, conversation).await?.sequence,
        roster: member.roster().head().sequence,
        kind: content.kind().into(),
        content: content.encode(),
    };
    cache::log::insert(db, &row, member.projections.version()).await?;
    cache::outbox::put(db, row.number, conversation).await?;
    member.projections.apply(member, db, &row, content).await?;
    Ok(row)
}
