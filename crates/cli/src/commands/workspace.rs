//! Workspaces, invitations, joining, and what is wrong.

use bezel_core::workspace::{CreateRequest, Enrolled, JoinRequest};
use bezel_core::{Member, Result, doctor, invite, workspace};
use bezel_protocol::Handle;
use bezel_protocol::invite_link::InviteLink;

use crate::arguments::{Invite, Workspace};
use crate::output::Output;
use crate::session::Session;
use crate::terminal::one_line;

pub(crate) async fn run(session: &Session, command: Workspace, output: &Output) -> Result<()> {
    match command {
        Workspace::Create { name, handle, relay, allow_http: _, setup_token } => {
            let slots = session.new_slots(&[handle.as_str(), &name])?;
            let setup_token = setup_token.map(Into::into);
            let request = CreateRequest { name, handle, relay, hosts_relay: false, setup_token, slots };
            let (member, enrolled) = workspace::create(&session.home, session.environment.clone(), request).await?;
            member.close().await;
            welcome(output, &enrolled);
            Ok(())
        }
        Workspace::Show => {
            let member = session.open().await?;
            output.object(&workspace::profile(&member)?, |profile| {
                format!("{} in {} ({}), identity {}", profile.handle, one_line(&profile.workspace_name), profile.role, profile.fingerprint)
            });
            member.close().await;
            Ok(())
        }
    }
}

pub(crate) async fn join(session: &Session, link: &str, handle: Handle, output: &Output) -> Result<()> {
    let request = JoinRequest { link: InviteLink::parse(link)?, slots: session.new_slots(&[handle.as_str()])?, handle };
    let (member, enrolled) = workspace::join(&session.home, session.environment.clone(), request).await?;
    member.close().await;
    welcome(output, &enrolled);
    Ok(())
}

fn welcome(output: &Output, enrolled: &Enrolled) {
    output.object(enrolled, |enrolled| {
        let lines: Vec<String> = (1..).zip(&enrolled.recovery_words).map(|(number, word)| format!("{number:2}. {word}")).collect();
        format!(
            "You are in. The relay's key: {}\nWrite these 24 recovery words down; they are shown once:\n{}",
            enrolled.relay_fingerprint,
            lines.join("\n")
        )
    });
}

pub(crate) async fn invite(member: &Member, command: Invite, output: &Output) -> Result<()> {
    let Invite::Create { role, days } = command;
    let invite = invite::create(member, role, days).await?;
    output.object(&invite, |invite| format!("{}\nworks once, until {}", invite.link, invite.expires_at.as_str()));
    Ok(())
}

pub(crate) async fn doctor(session: &Session, output: &Output) -> Result<()> {
    let member = if session.home.is_inhabited() { Some(session.open().await?) } else { None };
    let report = doctor::check(member.as_ref()).await;
    if let Some(member) = member {
        member.close().await;
    }
    output.object(&report, |report| {
        let lines: Vec<String> = report
            .checks
            .iter()
            .map(|check| match &check.remedy {
                None => format!("good  {:14} {}", check.name, one_line(&check.detail)),
                Some(remedy) => format!("BAD   {:14} {} {remedy}", check.name, one_line(&check.detail)),
            })
            .collect();
        lines.join("\n")
    });
    Ok(())
}

pub(crate) async fn replay(member: &Member, output: &Output) -> Result<()> {
    output.object(&doctor::replay(member).await?, |replayed| format!("{} messages were read again.", replayed.messages));
    Ok(())
}
