//! Words.

use async_trait::async_trait;
use bezel_protocol::content::{MAX_TEXT_BYTES, Text, is_blank};

use super::{At, Said, Shown};
use crate::cache::messages::Kind;
use crate::error::Result;
use crate::log::Problem;

#[async_trait]
impl Said for Text {
    /// By the rule by which words are sent: no other program shows an empty bubble, or one without end.
    async fn judge(&self, _: &mut At<'_>) -> Result<Option<Problem>> {
        if is_blank(&self.text) {
            return Ok(Some("It says nothing.".into()));
        }
        Ok((self.text.len() > MAX_TEXT_BYTES).then(|| "It has more words than a message may have.".into()))
    }

    async fn shown(&self, _: &mut At<'_>) -> Result<Option<Shown>> {
        Ok(Some(Shown { words: Some(self.text.clone()), reply_to: self.reply_to, ..Shown::of(Kind::Text) }))
    }
}
