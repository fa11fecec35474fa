//! Refusals about a file are logged, whoever asked; an id of no file, or of another workspace's, leaves no trace.

use bezel_protocol::FileId;
use bezel_protocol::wire::FileLogAction;

use crate::app::App;
use crate::http::{Device, Refusal};
use crate::store::Store;

/// Logs a refusal and gives it back; where the log fails, that failure.
pub(super) async fn refuse<S: Store>(app: &App<S>, device: &Device, file: FileId, refusal: Refusal) -> Refusal {
    let who = (device.caller(), device.device);
    match app.ledger.note(&app.store, who, file, FileLogAction::Refusal, Some(refusal.code())).await {
        Ok(_) => refusal,
        Err(error) => error.into(),
    }
}
