//! The verbs, by noun.

mod call;
mod conversation;
mod file;
mod journey;
mod journey_call;
mod message;
mod people;
mod sync;
mod workspace;

use bezel_core::{Error, Member, Result, keys};
use bezel_protocol::roster::User;
use bezel_protocol::{ConversationId, Handle, UserId};

use crate::arguments::{Arguments, Command, Keys};
use crate::output::Output;
use crate::session::Session;

pub(crate) async fn run(arguments: Arguments, output: &Output) -> Result<()> {
    if matches!(arguments.command, Command::Journey) {
        return journey::run(output).await;
    }
    let session = Session::new(arguments.home, arguments.unlock)?;
    match arguments.command {
        Command::Workspace(command) => workspace::run(&session, command, output).await,
        Command::Join { link, handle } => workspace::join(&session, &link, handle, output).await,
        Command::Doctor => workspace::doctor(&session, output).await,
        command => {
            let member = session.open().await?;
            let done = with_member(&member, command, output).await;
            member.close().await;
            done
        }
    }
}

async fn with_member(member: &Member, command: Command, output: &Output) -> Result<()> {
    match command {
        Command::Invite(command) => workspace::invite(member, command, output).await,
        Command::People(args) => people::run(member, args.command, output).await,
        Command::Devices { command } => people::devices(member, command, output).await,
        Command::Conversation(command) => conversation::run(member, command, output).await,
        Command::Send { conversation, text, reply_to } => message::send(member, &conversation, &text, reply_to, output).await,
        Command::Messages { conversation, limit, before } => message::list(member, &conversation, limit, before.as_deref(), output).await,
        Command::Search { query, limit } => message::search(member, &query, limit, output).await,
        Command::File(command) => file::run(member, command, output).await,
        Command::Call(command) => call::run(member, command, output).await,
        Command::Sync { follow } => sync::run(member, follow, output).await,
        Command::Keys(Keys::Status) => {
            output.object(&keys::status(member).await?, |status| {
                format!(
                    "{} {}\n{} days old, rotates at {} days ({})",
                    status.algorithm,
                    status.fingerprint,
                    status.age_days,
                    status.rotation_days,
                    status.due_at.as_str()
                )
            });
            Ok(())
        }
        Command::Keys(Keys::Rotate) => {
            output.object(&keys::rotate(member).await?, |rotated| format!("The new identity key is {}", rotated.fingerprint));
            Ok(())
        }
        Command::Workspace(_) | Command::Join { .. } | Command::Doctor | Command::Journey => Ok(()),
    }
}

fn conversation_id(text: &str) -> Result<ConversationId> {
    text.parse().map_err(|error: bezel_protocol::ids::InvalidId| {
        Error::new("bad_id", format!("{text:?}: {error}."), "List the conversations: bezel conversation list.")
    })
}

/// The user with a handle.
fn user_id(member: &Member, handle: &Handle) -> Result<UserId> {
    member.find_user(handle).map(|User { id, .. }| id).ok_or_else(|| {
        Error::new(
            "no_such_person",
            format!("Nobody here is called {handle}."),
            "Look at the list: bezel people. Synchronise if they have just joined.",
        )
    })
}
