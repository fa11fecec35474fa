//! Begins a conversation.

use bezel_protocol::Algorithm;
use bezel_protocol::content::{Content, Description};
use serde::Serialize;
use ts_rs::TS;

use super::NewMember;
use super::members::{Newcomers, add_claimed};
use crate::error::{Error, Result, capitalised};
use crate::member::Member;
use crate::{group, log};

/// A conversation that has just begun.
#[derive(Debug, Clone, Serialize, TS)]
pub struct Created {
    /// Its id.
    pub conversation: String,
}

/// Begins a conversation; this member owns it. Where somebody can't be added, nothing begins.
///
/// # Errors
/// When this member may not, somebody can't be added (all of them are named), or the relay can't be reached.
pub async fn create(member: &Member, title: &str, members: &[NewMember], algorithm: Option<Algorithm>) -> Result<Created> {
    let title = checked_title(title)?;
    let _work = member.work.lock().await;
    let suite = algorithm.unwrap_or(member.environment.settings.default_algorithm).suite();
    // Before anything is there that would be left behind.
    let newcomers = Newcomers::claim(member, members, suite).await?;
    let id = group::begin(member, suite, title).await?;
    let description = Content::Description(Description { title: title.into(), links: Default::default() });
    if let Err(error) = add_claimed(member, id, &newcomers).await {
        let next_step = format!("The conversation {id} has begun with you alone: add people to it. {}", error.next_step);
        return Err(Error { next_step, ..error });
    }
    log::queue(member, id, &description).await?;
    log::pump(member).await?;
    Ok(Created { conversation: id.to_string() })
}

fn checked_title(title: &str) -> Result<&str> {
    Description::checked_title(title)
        .map_err(|error| Error::new("bad_title", format!("{}.", capitalised(&error.to_string())), "Choose another title."))
}
