//! The verbs, by noun.

mod alarm;
mod call;
mod conversation;
mod file;
mod journey;
mod journey_call;
mod message;
mod people;
mod sync;
mod vault;
mod workspace;

use bezel_core::{Error, Member, Result, keys};
use bezel_protocol::roster::User;
use bezel_protocol::{Handle, UserId};

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
        Command::Vault(command) => vault::run(&session, command, output).await,
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
        Command::People(args) => people::run(member, args, output).await,
        Command::Devices { command } => people::devices(member, command, output).await,
        Command::Conversation(command) => conversation::run(member, command, output).await,
        Command::Send { conversation, text, reply_to } => message::send(member, &conversation, &text, reply_to, output).await,
        Command::Messages { conversation, limit, before } => message::list(member, &conversation, limit, before.as_deref(), output).await,
        Command::Search { query, limit, skip } => message::search(member, &query, limit, skip, output).await,
        Command::File(command) => file::run(member, command, output).await,
        Command::Call(command) => call::run(member, command, output).await,
        Command::Sync { follow } => sync::run(member, follow, output).await,
        Command::Audit => sync::audit(member, output).await,
        Command::Replay => workspace::replay(member, output).await,
        Command::Alarms { command } => alarm::run(member, command, output).await,
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
        Command::Workspace(_) | Command::Join { .. } | Command::Doctor | Command::Journey | Command::Vault(_) => Ok(()),
    }
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
