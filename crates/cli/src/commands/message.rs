//! Messages.

use bezel_core::message::{self, MessageView};
use bezel_core::{Member, Result};
use bezel_protocol::MessageId;

use super::conversation_id;
use crate::output::Output;

pub(crate) async fn send(member: &Member, conversation: &str, text: &str, reply_to: Option<MessageId>, output: &Output) -> Result<()> {
    let sent = message::send(member, conversation_id(conversation)?, text, reply_to).await?;
    output.object(&sent, |sent| format!("{} {:?}", sent.message, sent.state));
    Ok(())
}

pub(crate) async fn list(member: &Member, conversation: &str, limit: u32, before: Option<&str>, output: &Output) -> Result<()> {
    let page = message::list(member, conversation_id(conversation)?, before, limit).await?;
    output.lines(&page.messages, line);
    Ok(())
}

pub(crate) async fn search(member: &Member, query: &str, limit: u32, output: &Output) -> Result<()> {
    output.lines(&message::search(member, query, limit).await?, |hit| format!("{}: {}", hit.conversation_title, line(&hit.message)));
    Ok(())
}

fn line(message: &MessageView) -> String {
    let words = message.text.as_deref().or(message.problem.as_deref()).unwrap_or_default();
    let mark = if message.verified { "" } else { " [not verified]" };
    format!("{} {}{mark}: {words}", message.sent_at.as_str(), message.from)
}
