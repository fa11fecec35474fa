//! What a conversation is about: said by owners and admins, in force by its place in the log.

use async_trait::async_trait;
use bezel_protocol::Role;
use bezel_protocol::content::{Content, Description};

use super::{At, Said, Shown};
use crate::cache;
use crate::change::Change;
use crate::error::Result;
use crate::log::Problem;

#[async_trait]
impl Said for Description {
    async fn judge(&self, at: &mut At<'_>) -> Result<Option<Problem>> {
        Ok(problem(at.row.role, &self.title))
    }

    async fn apply(&self, at: &mut At<'_>) -> Result<Vec<Change>> {
        let bytes = Content::Description(self.clone()).encode();
        let place = at.row.place.map(|place| place.sequence);
        cache::conversations::set_description(at.db, at.row.conversation, &self.title, &bytes, place).await?;
        Ok(vec![Change::Conversations, Change::Conversation(at.row.conversation)])
    }

    async fn shown(&self, _: &mut At<'_>) -> Result<Option<Shown>> {
        Ok(None)
    }
}

/// Why somebody with a role may not give a conversation this title. What no honest client sends could pass for something else in the list.
fn problem(role: Role, title: &str) -> Option<Problem> {
    if !role.administers() {
        return Some("Its sender may not name this conversation.".into());
    }
    (Description::checked_title(title) != Ok(title)).then(|| "It gives the conversation a title that none may have.".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conversation_is_named_by_those_who_govern_it_and_by_a_title_that_shows_what_it_is() {
        assert_eq!(problem(Role::Admin, "Ring 2041"), None);
        assert!(problem(Role::Member, "Ring 2041").is_some());
        for title in ["", " Ring 2041", "Ring\n2041", "Ring \u{202e}1402", &"x".repeat(121)] {
            assert!(problem(Role::Owner, title).is_some(), "{title:?}");
        }
    }
}
