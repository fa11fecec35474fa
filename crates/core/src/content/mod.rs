//! The kinds of content: one file a kind, each saying who may say it, what follows from it, and what is shown and found.
//!
//! The one invariant: what was sent and what was received goes through the same code, so that a thread is the same on both sides.

mod call;
mod description;
mod file;
mod text;
mod unknown;

use async_trait::async_trait;
use bezel_protocol::content::{Content, MessageRef};

use crate::cache::log::Row;
use crate::cache::messages::{Kind, Message, State};
use crate::cache::{self, Connection};
use crate::change::Change;
use crate::error::Result;
use crate::log::{Problem, Projections};
use crate::member::Member;

/// The kinds that this version knows.
pub(crate) struct Contents;

/// Rises whenever a kind is read that the version before kept as unknown, or read otherwise.
const VERSION: u32 = 1;

/// A message on its way into what is derived.
struct At<'a> {
    member: &'a Member,
    db: &'a mut Connection,
    row: &'a Row,
}

/// What a thread shows of a message, and what search finds of it.
struct Shown {
    kind: Kind,
    /// The words, or the name of the file: what search finds.
    words: Option<String>,
    reply_to: Option<MessageRef>,
    problem: Option<Problem>,
}

impl Shown {
    const fn of(kind: Kind) -> Self {
        Self { kind, words: None, reply_to: None, problem: None }
    }
}

/// A kind of content.
#[async_trait]
trait Said: Sync {
    /// Whether the author may say this here.
    async fn judge(&self, _: &mut At<'_>) -> Result<Option<Problem>> {
        Ok(None)
    }

    /// Writes what follows from it, and tells what changed.
    async fn apply(&self, _: &mut At<'_>) -> Result<Vec<Change>> {
        Ok(Vec::new())
    }

    /// What the thread shows; `None` where it is silent.
    async fn shown(&self, at: &mut At<'_>) -> Result<Option<Shown>>;
}

/// The one list of kinds.
fn said(content: &Content) -> &dyn Said {
    match content {
        Content::Text(text) => text,
        Content::Description(description) => description,
        Content::File(file) => file,
        Content::FileReceipt(receipt) => receipt,
        Content::FileRevocation(revocation) => revocation,
        Content::Call(invitation) => invitation,
        Content::CallEnd(end) => end,
        Content::CallSignal(signal) => signal,
        Content::Unknown { .. } => unknown::of(content),
    }
}

#[async_trait]
impl Projections for Contents {
    fn version(&self) -> u32 {
        VERSION
    }

    async fn judge(&self, member: &Member, db: &mut Connection, row: &Row, content: &Content) -> Result<Option<Problem>> {
        said(content).judge(&mut At { member, db, row }).await
    }

    async fn apply(&self, member: &Member, db: &mut Connection, row: &Row, content: &Content) -> Result<Vec<Change>> {
        let mut at = At { member, db, row };
        let mut changes = said(content).apply(&mut at).await?;
        if let Some(shown) = said(content).shown(&mut at).await? {
            show(&mut at, shown).await?;
            changes.extend([Change::Messages(row.conversation), Change::Conversations]);
        }
        Ok(changes)
    }

    async fn forget(&self, member: &Member, db: &mut Connection) -> Result<()> {
        cache::messages::delete_derived(db).await?;
        cache::files::forget_reactions(db, member.device()).await
    }
}

/// Writes a message into the thread. One that was refused stays refused.
async fn show(at: &mut At<'_>, shown: Shown) -> Result<()> {
    let row = at.row;
    let is_mine = row.user == at.member.user();
    let before = cache::messages::by_number(at.db, row.number).await?;
    let state = match row.place {
        Some(_) if is_mine => State::Sent,
        Some(_) => State::Received,
        None if cache::outbox::get(at.db, row.number).await?.is_none() => State::Lost,
        None if cache::outbox::is_refused(at.db, row.number).await? => State::Refused,
        None => State::Queued,
    };
    let refused = before.filter(|before| row.place.is_none() && before.state == State::Refused).and_then(|before| before.problem);
    let message = Message {
        number: row.number,
        conversation: row.conversation,
        device: row.device,
        id: row.message,
        user: row.user,
        sequence: row.place.map(|place| place.sequence),
        epoch: row.epoch,
        sent_at_ms: row.sent_at_ms,
        seen: row.seen,
        kind: shown.kind,
        text: shown.words,
        reply_to: shown.reply_to,
        problem: refused.or(shown.problem),
        state,
    };
    cache::messages::put(at.db, &message).await?;
    cache::conversations::touch(at.db, row.conversation, row.sent_at_ms.min(at.member.now_ms())).await
}
