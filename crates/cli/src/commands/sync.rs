//! Synchronisation.

use bezel_core::sync::{Connection, ConnectionName};
use bezel_core::{Change, Member, Result, conversation, sync};

use crate::output::Output;

pub(crate) async fn run(member: &Member, follow: bool, output: &Output) -> Result<()> {
    if follow {
        return follow_changes(member, output).await;
    }
    sync::once(member).await?;
    let conversations = conversation::list(member).await?;
    let unread: u32 = conversations.iter().map(|each| each.unread).sum();
    output.object(&serde_json::json!({ "conversations": conversations.len(), "unread": unread }), |_| {
        format!("In step: {} conversations, {unread} unread.", conversations.len())
    });
    Ok(())
}

/// Prints a line for each thing that changes, until Ctrl C. What keeps news from coming is said on the standard error.
async fn follow_changes(member: &Member, output: &Output) -> Result<()> {
    let mut changes = member.changes();
    let mut said = None;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let print = async {
        loop {
            match changes.recv().await {
                Ok(change) => {
                    let topic = change.to_string();
                    output.object(&serde_json::json!({ "changed": topic }), |_| topic.clone());
                    if change == Change::Connection {
                        explain(&sync::connection(member).await, &mut said, output);
                    }
                }
                Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => {}
                Err(tokio::sync::broadcast::error::RecvError::Closed) => break,
            }
        }
    };
    tokio::select! {
        () = sync::follow(member, stopped) => {}
        () = print => {}
        _ = tokio::signal::ctrl_c() => { let _ = stop.send(true); }
    }
    Ok(())
}

/// The newest checkpoint of the relay's audit log.
pub(crate) async fn audit(member: &Member, output: &Output) -> Result<()> {
    output.object(&sync::audit_checkpoint(member).await?, |checkpoint| match checkpoint {
        Some(checkpoint) => format!(
            "{} entries at {}, signed by relay {}\n{}",
            checkpoint.entries,
            checkpoint.at.as_str(),
            checkpoint.relay_key,
            checkpoint.checkpoint
        ),
        None => "No audit log was seen yet: synchronise, or ask whoever runs the relay whether one is kept.".into(),
    });
    Ok(())
}

/// Says once why nothing comes.
fn explain(connection: &Result<Connection>, said: &mut Option<String>, output: &Output) {
    let detail = match connection {
        Ok(Connection { state: ConnectionName::Connecting, .. }) => return,
        Ok(connection) => connection.detail.clone(),
        Err(error) => Some(error.to_string()),
    };
    if detail != *said {
        output.note(detail.as_deref().unwrap_or("Connected."));
        *said = detail;
    }
}
