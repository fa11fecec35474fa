//! Begins a conversation.

use bezel_protocol::content::{Content, Description};
use bezel_protocol::{Algorithm, ConversationId};
use serde::Serialize;
use ts_rs::TS;

use super::NewMember;
use super::members::add_locked;
use crate::error::{Error, Result};
use crate::member::Member;
use crate::{cache, group, message, vault};

/// A conversation that has just begun.
#[derive(Debug, Clone, Serialize, TS)]
pub struct Created {
    /// Its id.
    pub conversation: String,
}

/// Begins a conversation; this member owns it.
///
/// # Errors
/// When this member may not, somebody can't be added, or the relay can't be reached.
pub async fn create(member: &Member, title: &str, members: &[NewMember], algorithm: Option<Algorithm>) -> Result<Created> {
    let title = checked_title(title)?;
    let _work = member.work.lock().await;
    let algorithm = algorithm.unwrap_or(member.environment.settings.default_algorithm);
    let id = ConversationId::new(member.now_ms(), vault::id_bytes(&mut member.rng())?);
    group::begin(member, id, algorithm.suite(), title).await?;
    let description = Content::Description(Description { title: title.into(), links: Default::default() });
    let mut tx = member.cache.begin().await?;
    cache::conversations::set_description(&mut tx, id, title, &description.encode(), member.now_ms()).await?;
    tx.commit().await?;
    add_locked(member, id, members).await?;
    message::queue(member, id, &description).await?;
    message::pump(member).await?;
    Ok(Created { conversation: id.to_string() })
}

fn checked_title(title: &str) -> Result<&str> {
    let title = title.trim();
    if title.is_empty() || title.chars().count() > 120 || title.chars().any(char::is_control) {
        return Err(Error::new("bad_title", "A title has 1 to 120 characters.", "Choose another title."));
    }
    Ok(title)
}
