//! The sweep: what is over goes, what nobody knows goes, what is missing is told.

use std::path::Path;

use bezel_protocol::FileId;
use futures_util::TryStreamExt as _;

use crate::app::{App, audit};
use crate::blobs::{BlobError, BlobLocation, Blobs};
use crate::store::{Caller, FilePart, Store, StoreError};

/// An object that no part has may be one whose row is about to be written; after so long it is an orphan.
const ORPHAN_AGE_MS: i64 = 3_600_000;
/// So many objects or parts are looked at in one unit of work.
const BATCH: u32 = 256;

/// What a sweep found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Files whose time was over.
    pub ended_files: u64,
    /// Objects deleted because they belonged to ended or revoked files or to abandoned uploads.
    pub deleted_objects: u64,
    /// Objects deleted because nobody knew them.
    pub orphans: u64,
    /// Parts whose object is missing or has another size: damage that only a backup mends.
    pub damaged_parts: u64,
}

/// Why a sweep ended early. The next one begins anew.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// The database.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The store of blobs.
    #[error("{0}")]
    Blobs(#[from] BlobError),
}

/// Sweeps once; with `looks_for_damage`, every part is looked at too.
pub(crate) async fn sweep<S: Store>(app: &App<S>, now_ms: i64, looks_for_damage: bool) -> Result<Swept, SweepError> {
    let mut swept = Swept::default();
    let is_audited = app.settings.audit_logging;
    let over = app.store.write(Caller::Relay, move |unit| {
        Box::pin(async move {
            let over = unit.end_files(now_ms).await?;
            for file in &over.files {
                audit(unit, is_audited, "file_expired", Some(file.to_string())).await?;
            }
            Ok(over)
        })
    });
    let over = over.await?;
    swept.ended_files = over.files.len() as u64;
    swept.deleted_objects = over.objects.len() as u64;
    app.blobs.delete(over.objects).await;
    swept.deleted_objects += collect_revoked(app).await?;
    swept.orphans = collect_orphans(app, now_ms - ORPHAN_AGE_MS).await?;
    swept.orphans += app.blobs.delete_half_written(now_ms - ORPHAN_AGE_MS).await;
    if looks_for_damage {
        swept.damaged_parts = find_damage(&app.store, &app.blobs).await?;
    }
    if swept != Swept::default() {
        tracing::info!(?swept, "files were swept");
    }
    Ok(swept)
}

/// Deletes what revoked files still have: first the object, then its row, so that whatever ends it, the rest is found again.
pub(crate) async fn collect_revoked<S: Store>(app: &App<S>) -> Result<u64, StoreError> {
    let mut deleted = 0;
    loop {
        let parts = app.store.read(Caller::Relay, |unit| Box::pin(unit.revoked_parts(BATCH))).await?;
        let objects = parts.iter().map(|(_, part)| part.object.clone()).collect();
        if parts.is_empty() || !app.blobs.delete(objects).await {
            return Ok(deleted);
        }
        deleted += parts.len() as u64;
        let forget = app.store.write(Caller::Relay, move |unit| {
            Box::pin(async move {
                for (file, part) in parts {
                    unit.delete_part(file, part.first_byte).await?;
                }
                Ok(())
            })
        });
        forget.await?;
    }
}

async fn collect_orphans<S: Store>(app: &App<S>, before_ms: i64) -> Result<u64, SweepError> {
    let mut orphans = 0;
    let mut objects = std::pin::pin!(app.blobs.older_than(before_ms).try_chunks(BATCH as usize));
    while let Some(batch) = objects.try_next().await.map_err(|error| error.1)? {
        let unknown = app.store.read(Caller::Relay, move |unit| Box::pin(async move { unit.unknown_objects(&batch).await })).await?;
        orphans += unknown.len() as u64;
        app.blobs.delete(unknown).await;
    }
    Ok(orphans)
}

/// Counts the parts whose object is missing or has another size.
async fn find_damage(store: &impl Store, blobs: &Blobs) -> Result<u64, SweepError> {
    let (mut damaged, mut after) = (0, None);
    loop {
        let parts = store.read(Caller::Relay, move |unit| Box::pin(unit.all_parts(after, BATCH))).await?;
        let Some((file, last)) = parts.last() else { return Ok(damaged) };
        after = Some((*file, last.first_byte));
        for (file, part) in &parts {
            damaged += u64::from(is_damaged(store, blobs, *file, part).await?);
        }
    }
}

async fn is_damaged(store: &impl Store, blobs: &Blobs, file: FileId, part: &FilePart) -> Result<bool, SweepError> {
    if blobs.size(&part.object).await? == Some(part.bytes) {
        return Ok(false);
    }
    // A file may have been revoked meanwhile.
    let object = vec![part.object.clone()];
    let unknown = store.read(Caller::Relay, move |unit| Box::pin(async move { unit.unknown_objects(&object).await })).await?;
    let is_damaged = unknown.is_empty();
    if is_damaged {
        tracing::error!(%file, first_byte = part.first_byte, "a part of a file is missing or damaged: bring it back from a backup");
    }
    Ok(is_damaged)
}

/// Looks for the blob of every part that the register has. Returns how many are missing or have another size.
///
/// # Errors
/// When the database or the store of blobs fails.
pub async fn check_blobs(store: &impl Store, location: &BlobLocation, data: &Path) -> Result<u64, SweepError> {
    find_damage(store, &Blobs::open(location, data).await?).await
}
