//! `GET` and `PUT /v1/files/{file}/access`: who gets a file, said by its owner.

use std::sync::Arc;

use axum::extract::{Path, State};
use bezel_protocol::wire::{FileAccess, FileLogAction};

use super::metadata::check_access;
use super::refuse::refuse;
use crate::app::{App, audit};
use crate::clock::now_ms;
use crate::http::{Cbor, Device, Refusal};
use crate::store::{FileRow, Store};

pub(crate) async fn access<S: Store>(
    State(app): State<Arc<App<S>>>,
    Path(file): Path<String>,
    device: Device,
) -> Result<Cbor<FileAccess>, Refusal> {
    let id = super::file(&file)?;
    let found = app.store.read(device.caller(), move |unit| {
        Box::pin(async move {
            let file = unit.file(id).await?;
            Ok((file, unit.file_access(id).await?))
        })
    });
    let (file, access) = found.await?;
    if let Err(refusal) = check_owner(file.as_ref(), &device) {
        return Err(refuse(&app, &device, id, refusal).await);
    }
    access.map(Cbor).ok_or_else(Refusal::not_found)
}

pub(crate) async fn put_access<S: Store>(
    State(app): State<Arc<App<S>>>,
    Path(file): Path<String>,
    device: Device,
    Cbor(access): Cbor<FileAccess>,
) -> Result<(), Refusal> {
    let id = super::file(&file)?;
    check_access(&access)?;
    let now_ms = now_ms();
    let is_audited = app.settings.audit_logging;
    let set = app.store.write(device.caller(), move |unit| {
        Box::pin(async move {
            if let Err(refusal) = check_owner(unit.file(id).await?.as_ref(), &device) {
                return Ok(Err(refusal));
            }
            if access.expires_at_ms.is_some_and(|end| end <= now_ms) {
                return Ok(Err(Refusal::refused("this time is over: revoke the file to end it now")));
            }
            if !unit.set_file_access(id, &access).await? {
                return Ok(Err(Refusal::gone()));
            }
            unit.log_file(id, FileLogAction::Grant, None, 0, (now_ms, now_ms)).await?;
            audit(unit, is_audited, "file_grant", Some(id.to_string())).await?;
            Ok(Ok(()))
        })
    });
    match set.await? {
        Ok(()) => Ok(()),
        Err(refusal) => Err(refuse(&app, &device, id, refusal).await),
    }
}

/// Members who get the file may know that somebody else owns it; for the others it is not there.
fn check_owner(file: Option<&FileRow>, device: &Device) -> Result<(), Refusal> {
    let file = file.filter(|file| file.is_granted).ok_or_else(Refusal::not_found)?;
    if file.owner != device.user {
        return Err(Refusal::forbidden("only who sent a file says who gets it"));
    }
    if file.is_over(now_ms()) { Err(Refusal::gone()) } else { Ok(()) }
}
