//! Moves everything that waits, until it is told to stop.

use std::pin::pin;
use std::time::Duration;

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
/// When the list can't be read, it is read again after so long.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Moves what waits, and what is added later, until `stop` holds `true`. What fails is kept with its reason for a person.
pub async fn work(member: &Member, mut stop: watch::Receiver<bool>) {
    let mut moving = FuturesUnordered::new();
    while !*stop.borrow() {
        let mut look = pin!(waiting(member, AT_ONCE.saturating_sub(moving.len())));
        // What moves goes on meanwhile: it may hold the very connection that looking waits for.
        let mut has_room = false;
        let found = loop {
            tokio::select! {
                found = &mut look => break found,
                Some(()) = moving.next(), if !moving.is_empty() => has_room = true,
            }
        };
        let is_known = found.is_ok();
        match found {
            Ok(files) => moving.extend(files.into_iter().map(|(is_upload, file)| one(member, is_upload, file))),
            Err(error) => tracing::error!(code = error.code, "the list of transfers can't be read"),
        }
        if has_room && is_known {
            continue;
        }
        tokio::select! {
            _ = stop.changed() => {}
            () = member.transfers.woken.notified() => {}
            Some(()) = moving.next(), if !moving.is_empty() => {}
            () = tokio::time::sleep(LOOK_AGAIN), if !is_known => {}
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
