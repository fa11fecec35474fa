//! `HEAD /v1/files/{file}`: how far an upload is.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::IntoResponse;
use bezel_protocol::wire::tus;

use super::tus::{bytes, check_version, expires};
use crate::app::App;
use crate::clock::now_ms;
use crate::http::{Device, Refusal};
use crate::store::{FileRow, FileState, Store};

pub(crate) async fn offset<S: Store>(
    State(app): State<Arc<App<S>>>,
    Path(file): Path<String>,
    device: Device,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Refusal> {
    check_version(&headers)?;
    let id = super::file(&file)?;
    let file = app.store.read(device.caller(), move |unit| Box::pin(unit.file(id))).await?;
    let file = own(file, &device)?;
    let mut answer: HeaderMap =
        [bytes(tus::UPLOAD_OFFSET, file.received_bytes), bytes(tus::UPLOAD_LENGTH, file.size_bytes)].into_iter().collect();
    if file.state == FileState::Uploading {
        answer.extend(expires(file.upload_expires_at_ms).map(|(name, value)| (Some(name), value)));
    }
    answer.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok((StatusCode::OK, answer))
}

/// An upload is for the device that began it.
pub(super) fn own(file: Option<FileRow>, device: &Device) -> Result<FileRow, Refusal> {
    let file = file.filter(|file| file.owner_device == device.device).ok_or_else(Refusal::not_found)?;
    if file.is_over(now_ms()) { Err(Refusal::gone()) } else { Ok(file) }
}
