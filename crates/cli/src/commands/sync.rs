//! Synchronisation.

use bezel_core::{Member, Result, conversation, sync};

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

/// Prints a line for each thing that changes, until Ctrl C.
async fn follow_changes(member: &Member, output: &Output) -> Result<()> {
    let mut changes = member.changes();
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let print = async {
        loop {
            match changes.recv().await {
                Ok(change) => {
                    let topic = change.to_string();
                    output.object(&serde_json::json!({ "changed": topic }), |_| topic.clone());
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
