//! `GET /v1/files/{file}/log`: who got a file, for its owner and for owners and admins of the conversation.

use std::sync::Arc;

use axum::extract::{Path, State};
use bezel_protocol::wire::FileLog;

use super::refuse::refuse;
use crate::app::App;
use crate::http::{Cbor, Device, Refusal};
use crate::store::Store;

/// The most lines of an answer.
const MAX_LINES: u32 = 1000;

pub(crate) async fn log<S: Store>(
    State(app): State<Arc<App<S>>>,
    Path(file): Path<String>,
    device: Device,
) -> Result<Cbor<FileLog>, Refusal> {
    let id = super::file(&file)?;
    app.ledger.flush(&app.store).await?;
    let read = app.store.read(device.caller(), move |unit| {
        Box::pin(async move {
            let file = unit.file(id).await?.filter(|file| file.is_granted || file.is_governed_by(device.user));
            match file {
                None => Ok(Err(Refusal::not_found())),
                Some(file) if !file.is_governed_by(device.user) => {
                    Ok(Err(Refusal::forbidden("the log is for who sent the file, and for owners and admins of the conversation")))
                }
                Some(_) => unit.file_log(id, MAX_LINES).await.map(Ok),
            }
        })
    });
    match read.await? {
        Ok(entries) => Ok(Cbor(FileLog { entries })),
        Err(refusal) => Err(refuse(&app, &device, id, refusal).await),
    }
}
