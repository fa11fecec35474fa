//! Conversations.

use bezel_core::conversation::{self, NewMember};
use bezel_core::{Error, Member, Result, sync};
use bezel_protocol::Role;

use super::user_id;
use crate::arguments::{Conversation, HandleRole};
use crate::output::Output;
use crate::terminal::one_line;

pub(crate) async fn run(member: &Member, command: Conversation, output: &Output) -> Result<()> {
    match command {
        Conversation::Create { title, with, role, algorithm } => {
            // Who has just joined is known after a round only.
            sync::once(member).await?;
            let members = with
                .iter()
                .map(|handle| {
                    let role = role.iter().find(|given| given.handle == *handle).map_or(Role::Member, |given| given.role);
                    Ok(NewMember { user: user_id(member, handle)?, role })
                })
                .collect::<Result<Vec<_>>>()?;
            if let Some(stray) = role.iter().find(|given| !with.contains(&given.handle)) {
                return Err(Error::new("stray_role", format!("{} has a role but is not added.", stray.handle), "Add them with --with."));
            }
            let created = conversation::create(member, &title, &members, algorithm).await?;
            output.object(&created, |created| created.conversation.clone());
        }
        Conversation::List { find } => {
            let found = conversation::find(member, find.as_deref().unwrap_or_default()).await?;
            output.lines(&found, |each| format!("{} {} ({} unread)", each.id, one_line(&each.title), each.unread))
        }
        Conversation::Show { conversation } => {
            output.object(&conversation::show(member, conversation::named(member, &conversation).await?).await?, |details| {
                let members: Vec<String> = details.members.iter().map(|each| format!("  {:16} {}", each.handle, each.role)).collect();
                format!(
                    "{}, {}, epoch {}, rotated {}\n{}",
                    one_line(&details.title),
                    details.algorithm,
                    details.epoch,
                    details.rotated_at.as_str(),
                    members.join("\n")
                )
            });
        }
        Conversation::Add { conversation, who } => {
            sync::once(member).await?;
            let change: HandleRole = if who.contains('=') { who.parse() } else { format!("{who}=member").parse() }
                .map_err(|error: String| Error::new("bad_person", error, "Write HANDLE, or HANDLE=ROLE."))?;
            let new = NewMember { user: user_id(member, &change.handle)?, role: change.role };
            conversation::add(member, conversation::named(member, &conversation).await?, new).await?;
            output.done("Added.");
        }
        Conversation::Remove { conversation, handle } => {
            conversation::remove(member, conversation::named(member, &conversation).await?, user_id(member, &handle)?).await?;
            output.done("Removed: what is sent from now on is in new keys.");
        }
        Conversation::Leave { conversation } => {
            conversation::leave(member, conversation::named(member, &conversation).await?).await?;
            output.done("You have left: what is sent from now on is not for you.");
        }
        Conversation::Role { conversation, change } => {
            conversation::set_role(
                member,
                conversation::named(member, &conversation).await?,
                user_id(member, &change.handle)?,
                change.role,
            )
            .await?;
            output.done("Changed.");
        }
        Conversation::Rotate { conversation } => {
            let epoch = conversation::rotate(member, conversation::named(member, &conversation).await?).await?;
            output.object(&serde_json::json!({ "epoch": epoch }), |_| format!("New keys, epoch {epoch}."));
        }
        Conversation::Status { conversation } => {
            output.object(&conversation::status(member, conversation::named(member, &conversation).await?).await?, |status| {
                let warnings: Vec<String> = status.warnings.iter().map(|warning| format!("\n  {}", one_line(&warning.text))).collect();
                format!(
                    "{}, {} of {} verified, epoch {}{}",
                    status.algorithm,
                    status.verified,
                    status.people,
                    status.epoch,
                    warnings.concat()
                )
            });
        }
    }
    Ok(())
}
