//! Moves everything that waits, until it is told to stop.

use bezel_protocol::FileId;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::watch;

use super::{download, upload};
use crate::cache;
use crate::error::Result;
use crate::member::Member;

/// So many files move at once; the parts of all of them take turns.
const AT_ONCE: usize = 4;

/// Moves what waits, and what is added later, until `stop` holds `true`. What fails is kept with its reason for a person.
pub async fn work(member: &Member, mut stop: watch::Receiver<bool>) {
    let mut moving = FuturesUnordered::new();
    while !*stop.borrow() {
        match waiting(member, AT_ONCE.saturating_sub(moving.len())).await {
            Ok(files) => moving.extend(files.into_iter().map(|(is_upload, file)| one(member, is_upload, file))),
            Err(error) => tracing::error!(code = error.code, "the list of transfers can't be read"),
        }
        tokio::select! {
            _ = stop.changed() => {}
            () = member.transfers.woken.notified() => {}
            Some(()) = moving.next(), if !moving.is_empty() => {}
        }
    }
}

async fn one(member: &Member, is_upload: bool, file: FileId) {
    let done = if is_upload { upload::run(member, file).await.map(drop) } else { download::run(member, file).await.map(drop) };
    if let Err(error) = done {
        tracing::info!(code = error.code, "a transfer stopped");
    }
}

/// What waits and does not move yet.
async fn waiting(member: &Member, room: usize) -> Result<Vec<(bool, FileId)>> {
    let limit = u32::try_from(2 * AT_ONCE).unwrap_or(u32::MAX);
    let mut waiting = cache::transfers::waiting(&mut *member.cache.read().await?, limit).await?;
    waiting.retain(|(_, file)| !member.transfers.is_running(*file));
    waiting.truncate(room);
    Ok(waiting)
}
