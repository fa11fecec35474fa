//! The list of conversations.

use bezel_protocol::{Algorithm, ConversationId, Role};
use serde::Serialize;
use ts_rs::TS;

use crate::cache::conversations::{Conversation, known, role_of};
use crate::cache::messages::Kind;
use crate::cache::{self, Connection};
use crate::call::MediaName;
use crate::change::Change;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::member::Member;

/// A conversation in a line.
#[derive(Debug, Clone, Serialize, TS)]
pub struct ConversationSummary {
    /// Id.
    pub id: String,
    /// Title.
    pub title: String,
    /// How many people are in it.
    pub people: u32,
    /// How its messages are encrypted.
    #[ts(as = "crate::view::AlgorithmName")]
    pub algorithm: Algorithm,
    /// How many messages of others came since it was read.
    pub unread: u32,
    /// This member's role in it; what it was, where this member was removed.
    #[ts(as = "crate::view::RoleName")]
    pub my_role: Role,
    /// Whether this member was removed.
    pub removed: bool,
    /// The newest message.
    pub last: Option<LastMessage>,
    /// When something last happened.
    pub updated_at: Timestamp,
}

/// The newest message in a line.
#[derive(Debug, Clone, Serialize, TS)]
pub struct LastMessage {
    /// Handle of the sender.
    pub from: String,
    /// The first words; empty where there are none, or it can't be read.
    pub preview: String,
    /// Of a call: what it was to carry.
    pub call: Option<MediaName>,
    /// When.
    pub sent_at: Timestamp,
    /// Whether this member sent it.
    pub mine: bool,
}

const PREVIEW_CHARS: usize = 120;

/// Every conversation, the one with the newest message first.
///
/// # Errors
/// When the local database fails.
pub async fn list(member: &Member) -> Result<Vec<ConversationSummary>> {
    let mut db = member.cache.read().await?;
    let conversations = cache::conversations::all(&mut db).await?;
    let mut summaries = Vec::with_capacity(conversations.len());
    for conversation in &conversations {
        summaries.push(summary(member, &mut db, conversation).await?);
    }
    Ok(summaries)
}

async fn summary(member: &Member, db: &mut Connection, conversation: &Conversation) -> Result<ConversationSummary> {
    let members = cache::conversations::members(db, conversation.id).await?;
    let roster = member.roster();
    let newest = cache::messages::newest(db, conversation.id).await?;
    let call = match newest.as_ref().filter(|message| message.kind == Kind::Call) {
        Some(message) => cache::calls::of_message(db, conversation.id, message.name()).await?.map(|call| call.media.into()),
        None => None,
    };
    Ok(ConversationSummary {
        id: conversation.id.to_string(),
        title: conversation.title.clone(),
        people: u32::try_from(members.len()).unwrap_or(u32::MAX),
        algorithm: conversation.suite.algorithm(),
        unread: cache::messages::unread(db, conversation.id, conversation.read_sequence, member.user()).await?,
        my_role: role_of(&members, member.user()).unwrap_or(Role::ReadOnly),
        removed: conversation.removed_at_ms.is_some(),
        last: newest.map(|message| LastMessage {
            from: roster.user(message.user).map_or_else(|| "?".into(), |user| user.handle.to_string()),
            preview: match message.kind {
                Kind::Text | Kind::File => message.text.unwrap_or_default().chars().take(PREVIEW_CHARS).collect(),
                Kind::Call | Kind::Unknown | Kind::Unreadable => String::new(),
            },
            call,
            sent_at: Timestamp::from_ms(message.sent_at_ms),
            mine: message.user == member.user(),
        }),
        updated_at: Timestamp::from_ms(conversation.updated_at_ms),
    })
}

/// Everything that came so far was read.
///
/// # Errors
/// When there is no such conversation.
pub async fn mark_read(member: &Member, conversation: ConversationId) -> Result<()> {
    let mut tx = member.cache.begin().await?;
    let before = known(&mut tx, conversation).await?;
    if before.read_sequence < before.last.sequence {
        cache::conversations::mark_read(&mut tx, conversation).await?;
        tx.commit().await?;
        member.changed([Change::Conversations]);
    }
    Ok(())
}
