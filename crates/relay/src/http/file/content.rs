//! `GET /v1/files/{file}/content?purpose=preview|download`: ciphertext, whole or a range, in constant memory. Rights are looked at again
//! before each part.

use std::ops::Range;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::header::{ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, RANGE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bezel_protocol::FileId;
use bezel_protocol::wire::{FileLogAction, FilePurpose};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::Deserialize;

use super::range;
use super::refuse::refuse;
use crate::app::App;
use crate::blobs::{BlobError, Slices};
use crate::clock::now_ms;
use crate::files::{Denial, Tally, judge};
use crate::http::{Device, Refusal};
use crate::store::{FilePart, FileRow, Store};

#[derive(Deserialize)]
pub(crate) struct Purpose {
    purpose: Option<String>,
}

pub(crate) async fn content<S: Store>(
    State(app): State<Arc<App<S>>>,
    Path(file): Path<String>,
    Query(Purpose { purpose }): Query<Purpose>,
    device: Device,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let id = super::file(&file)?;
    let purpose = [FilePurpose::Preview, FilePurpose::Download].into_iter().find(|known| purpose.as_deref() == Some(known.as_str()));
    let purpose = purpose.ok_or_else(|| Refusal::malformed("purpose=preview or purpose=download is wanted"))?;
    let file = match allowed(&app, &device, id, purpose).await {
        Ok(file) => file,
        Err(refusal) => return Err(refuse(&app, &device, id, refusal).await),
    };
    let Some(range) = asked(&headers, file.size_bytes) else { return Ok(unsatisfiable(file.size_bytes)) };
    let parts = parts(&app, &device, &file, &range).await?;
    let first = match parts.first() {
        Some(part) => Some(app.blobs.open_part(id, part, within(part, &range)).await?),
        None => None,
    };
    let action = match purpose {
        FilePurpose::Preview => FileLogAction::Preview,
        FilePurpose::Download => FileLogAction::Download,
    };
    let tally = app.ledger.note(&app.store, (device.caller(), device.device), id, action, None).await?.ok_or_else(Refusal::not_found)?;
    let is_partial = headers.contains_key(RANGE);
    let headers = headers_of(&range, file.size_bytes, is_partial);
    let sending = Sending { app, device, file: id, purpose, range, parts: parts.into_iter(), open: first, tally };
    let status = if is_partial { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
    Ok((status, headers, Body::from_stream(sending.stream())).into_response())
}

/// The file, if the caller gets it for this purpose now.
async fn allowed<S: Store>(app: &App<S>, device: &Device, id: FileId, purpose: FilePurpose) -> Result<FileRow, Refusal> {
    let file = app.store.read(device.caller(), move |unit| Box::pin(unit.file(id))).await?.ok_or_else(Refusal::not_found)?;
    match judge(&file, device.user, purpose, now_ms()) {
        Ok(()) => Ok(file),
        Err(Denial::NotThere) => Err(Refusal::not_found()),
        Err(Denial::Gone) => Err(Refusal::gone()),
        Err(Denial::ViewOnly) => Err(Refusal::forbidden("this file may be shown, not saved")),
    }
}

/// Without a header, all of it; `None` for a range that can't be given.
fn asked(headers: &HeaderMap, size_bytes: u64) -> Option<Range<u64>> {
    match headers.get(RANGE) {
        None => Some(0..size_bytes),
        Some(range) => range::parse(range.to_str().ok()?, size_bytes),
    }
}

fn unsatisfiable(size_bytes: u64) -> Response {
    ([(CONTENT_RANGE, format!("bytes */{size_bytes}"))], Refusal::unsatisfiable()).into_response()
}

/// The parts that the range lies in; they must cover it without a gap.
async fn parts<S: Store>(app: &App<S>, device: &Device, file: &FileRow, range: &Range<u64>) -> Result<Vec<FilePart>, Refusal> {
    if range.is_empty() {
        return Ok(Vec::new());
    }
    let (id, first, last) = (file.id, range.start, range.end - 1);
    let parts = app.store.read(device.caller(), move |unit| Box::pin(unit.file_parts(id, first, last))).await?;
    let begins = parts.first().is_some_and(|part| part.first_byte <= range.start);
    let end = parts.iter().try_fold(None, |end, part| match end {
        Some(end) if end != part.first_byte => None,
        _ => Some(Some(part.first_byte + part.bytes)),
    });
    if begins && end.flatten().is_some_and(|end| end >= range.end) { Ok(parts) } else { Err(BlobError::Damaged(id).into()) }
}

/// What of a part lies in the range, from the beginning of the part.
fn within(part: &FilePart, range: &Range<u64>) -> Range<u64> {
    range.start.saturating_sub(part.first_byte)..part.bytes.min(range.end.saturating_sub(part.first_byte))
}

fn headers_of(range: &Range<u64>, size_bytes: u64, is_partial: bool) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(CONTENT_LENGTH, (range.end - range.start).into());
    if is_partial && let Ok(value) = HeaderValue::try_from(format!("bytes {}-{}/{size_bytes}", range.start, range.end.saturating_sub(1))) {
        headers.insert(CONTENT_RANGE, value);
    }
    headers
}

/// An answer under way.
struct Sending<S> {
    app: Arc<App<S>>,
    device: Device,
    file: FileId,
    purpose: FilePurpose,
    range: Range<u64>,
    parts: std::vec::IntoIter<FilePart>,
    /// The first part, which was opened before the answer began.
    open: Option<Slices>,
    tally: Tally,
}

/// Ends an answer in the middle: the client sees that it is too short.
#[derive(Debug, thiserror::Error)]
#[error("the content can't be read on")]
struct CutShort;

impl<S: Store> Sending<S> {
    fn stream(self) -> impl futures_util::Stream<Item = Result<axum::body::Bytes, CutShort>> + Send {
        let slices = stream::try_unfold(self, |mut sending| async move {
            loop {
                if let Some(open) = &mut sending.open {
                    match open.try_next().await.map_err(|error| cut_short(&error))? {
                        Some(slice) => {
                            sending.tally.add(slice.len());
                            return Ok(Some((slice, sending)));
                        }
                        None => {
                            sending.open = None;
                            sending.tally.settle();
                            sending.parts.next();
                        }
                    }
                }
                let Some(part) = sending.parts.as_slice().first().cloned() else { return Ok(None) };
                sending.open = Some(sending.open_next(&part).await?);
            }
        });
        slices.fuse()
    }

    /// Whoever was removed meanwhile gets no further part.
    async fn open_next(&mut self, part: &FilePart) -> Result<Slices, CutShort> {
        allowed(&self.app, &self.device, self.file, self.purpose).await.map_err(|_| CutShort)?;
        let opened = self.app.blobs.open_part(self.file, part, within(part, &self.range)).await;
        opened.map_err(|error| cut_short(&error))
    }
}

fn cut_short(error: &BlobError) -> CutShort {
    tracing::warn!(%error, "content could not be read to its end");
    CutShort
}
