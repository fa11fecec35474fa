//! `DELETE /v1/files/{file}`: an upload is given up, or a file revoked. The register says so at once; the objects go after it.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use bezel_protocol::wire::{FileLogAction, tus};

use super::refuse::refuse;
use super::tus::check_version;
use crate::app::{App, audit};
use crate::clock::now_ms;
use crate::files::collect_revoked;
use crate::http::{Device, Refusal};
use crate::store::{FileRow, FileState, Store, StoreError, Unit};

/// What is left to delete after the commit.
enum Deleted {
    Upload(Vec<String>),
    File,
}

pub(crate) async fn delete<S: Store>(
    State(app): State<Arc<App<S>>>,
    Path(file): Path<String>,
    device: Device,
    headers: HeaderMap,
) -> Result<StatusCode, Refusal> {
    // Who revokes need not speak tus.
    if headers.contains_key(tus::RESUMABLE) {
        check_version(&headers)?;
    }
    let id = super::file(&file)?;
    let is_audited = app.settings.audit_logging;
    let deleted = app.store.write(device.caller(), move |unit| {
        Box::pin(async move {
            match check_right(unit.file(id).await?, &device) {
                Ok(file) => end(unit, &file, is_audited).await.map(Ok),
                Err(refusal) => Ok(Err(refusal)),
            }
        })
    });
    match deleted.await? {
        Ok(Deleted::Upload(objects)) => drop(tokio::spawn(async move { app.blobs.delete(objects).await })),
        Ok(Deleted::File) => drop(tokio::spawn(async move { collect_revoked(&app).await })),
        Err(refusal) => return Err(refuse(&app, &device, id, refusal).await),
    }
    Ok(StatusCode::NO_CONTENT)
}

fn check_right(file: Option<FileRow>, device: &Device) -> Result<FileRow, Refusal> {
    let file = file.filter(|file| file.is_granted || file.is_governed_by(device.user)).ok_or_else(Refusal::not_found)?;
    if file.is_governed_by(device.user) {
        Ok(file)
    } else {
        Err(Refusal::forbidden("a file is deleted by who sent it, or by an owner or admin of the conversation"))
    }
}

async fn end(unit: &mut Unit<'_>, file: &FileRow, is_audited: bool) -> Result<Deleted, StoreError> {
    match file.state {
        FileState::Uploading => {
            let objects = unit.delete_upload(file.id).await?.unwrap_or_default();
            audit(unit, is_audited, "file_upload_end", Some(file.id.to_string())).await?;
            return Ok(Deleted::Upload(objects));
        }
        FileState::Ready if unit.revoke_file(file.id).await? => {
            let now_ms = now_ms();
            unit.log_file(file.id, FileLogAction::Revocation, None, 0, (now_ms, now_ms)).await?;
            audit(unit, is_audited, "file_revoke", Some(file.id.to_string())).await?;
        }
        // Once more is the same.
        FileState::Ready | FileState::Revoked => {}
    }
    Ok(Deleted::File)
}
