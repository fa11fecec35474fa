//! `GET /v1/files`: what the relay takes.

use std::sync::Arc;

use axum::extract::State;
use bezel_protocol::wire::FileLimits;

use crate::app::App;
use crate::http::{Cbor, Device, Refusal};
use crate::store::Store;

pub(crate) async fn limits<S: Store>(State(app): State<Arc<App<S>>>, device: Device) -> Result<Cbor<FileLimits>, Refusal> {
    let usage = app.store.read(device.caller(), |unit| Box::pin(unit.file_usage())).await?;
    let options = &app.file_options;
    Ok(Cbor(FileLimits {
        max_file_bytes: options.max_file_bytes,
        max_workspace_bytes: options.max_workspace_bytes,
        used_bytes: usage.workspace_bytes,
    }))
}
