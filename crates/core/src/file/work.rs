//! Moves everything that waits, until it is told to stop.

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::watch;

use super::transfer::{Direction, TransferState, transfers};
use super::{download, upload};
use crate::error::Result;
use crate::member::Member;

/// So many files move at once; the parts of all of them take turns.
const AT_ONCE: usize = 4;

/// Moves what waits, and what is added later, until `stop` holds `true`. What fails is kept with its reason for a person.
pub async fn work(member: &Member, mut stop: watch::Receiver<bool>) {
    let mut moving = FuturesUnordered::new();
    while !*stop.borrow() {
        match waiting(member).await {
            Ok(files) => {
                for (file, direction) in files {
                    if moving.len() < AT_ONCE {
                        moving.push(one(member, file, direction));
                    }
                }
            }
            Err(error) => tracing::error!(code = error.code, "the list of transfers can't be read"),
        }
        tokio::select! {
            _ = stop.changed() => {}
            () = member.transfers.woken.notified() => {}
            Some(()) = moving.next(), if !moving.is_empty() => {}
        }
    }
}

async fn one(member: &Member, file: bezel_protocol::FileId, direction: Direction) {
    let done = match direction {
        Direction::Upload => upload::run(member, file).await.map(drop),
        Direction::Download => download::run(member, file).await.map(drop),
    };
    if let Err(error) = done {
        tracing::info!(code = error.code, "a transfer stopped");
    }
}

async fn waiting(member: &Member) -> Result<Vec<(bezel_protocol::FileId, Direction)>> {
    let views = transfers(member).await?;
    let waiting = views.iter().filter(|view| view.state == TransferState::Waiting);
    Ok(waiting.filter_map(|view| Some((view.file.parse().ok()?, view.direction))).collect())
}
