//! `POST /v1/files`: an upload begins, by tus's creation extension. Everything that would refuse it later is looked at now.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::IntoResponse;
use bezel_protocol::wire::{FileAccess, FileLogAction, path, tus};

use super::metadata::Metadata;
use super::tus::{bytes, check_version, expires, number};
use crate::app::{App, audit};
use crate::clock::now_ms;
use crate::files::{ByteSize, FileOptions, UPLOAD_LIFETIME_MS};
use crate::http::{Device, Refusal};
use crate::store::{FilePart, FileRow, NewFile, Store, StoreError, Unit, Usage};

/// Where the upload stands.
struct Begun {
    is_new: bool,
    offset: u64,
    expires_at_ms: i64,
}

pub(crate) async fn create<S: Store>(
    State(app): State<Arc<App<S>>>,
    device: Device,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Refusal> {
    check_version(&headers)?;
    let size_bytes = number(&headers, tus::UPLOAD_LENGTH)?;
    let Metadata { file, conversation, access } = Metadata::from_headers(&headers)?;
    let now_ms = now_ms();
    let new = NewFile { file, conversation, size_bytes, access, upload_expires_at_ms: now_ms + UPLOAD_LIFETIME_MS };
    check(&new, &app.file_options, now_ms)?;
    let (is_audited, room) = (app.settings.audit_logging, app.blobs.room());
    let max_workspace_bytes = app.file_options.max_workspace_bytes;
    let begun = app.store.write(device.caller(), move |unit| {
        Box::pin(async move {
            let begun = begin(unit, &device, &new, (max_workspace_bytes, room), now_ms).await?;
            if matches!(begun, Ok(Begun { is_new: true, .. })) {
                audit(unit, is_audited, "file_upload_begin", Some(format!("{file} in {conversation}"))).await?;
            }
            Ok(begun)
        })
    });
    let begun = begun.await??;
    let status = if begun.is_new { StatusCode::CREATED } else { StatusCode::OK };
    let location = HeaderValue::try_from(path::of_file(path::FILE, file)).map_err(|_| Refusal::not_found())?;
    let mut answer: Vec<(HeaderName, HeaderValue)> = vec![(LOCATION, location), bytes(tus::UPLOAD_OFFSET, begun.offset)];
    answer.extend(expires(begun.expires_at_ms));
    Ok((status, answer.into_iter().collect::<HeaderMap>()))
}

fn check(new: &NewFile, options: &FileOptions, now_ms: i64) -> Result<(), Refusal> {
    if new.size_bytes > options.max_file_bytes {
        let (size, most) = (ByteSize(new.size_bytes), ByteSize(options.max_file_bytes));
        return Err(Refusal::too_large_because(format!("this file has {size}; the relay takes files of at most {most}")));
    }
    if new.access.expires_at_ms.is_some_and(|end| end <= now_ms) {
        return Err(Refusal::refused("the file's time would be over before it begins"));
    }
    Ok(())
}

async fn begin(
    unit: &mut Unit<'_>,
    device: &Device,
    new: &NewFile,
    limits: (u64, Option<u64>),
    now_ms: i64,
) -> Result<Result<Begun, Refusal>, StoreError> {
    if let Some(file) = unit.file(new.file).await? {
        return Ok(again(&file, device, new, now_ms));
    }
    let Some(conversation) = unit.conversation_of_member(new.conversation).await? else { return Ok(Err(Refusal::not_found())) };
    if !conversation.role.may_post() {
        return Ok(Err(Refusal::forbidden("you may read this conversation, not write in it")));
    }
    if unit.is_file(new.file).await? {
        return Ok(Err(Refusal::conflict("another file has this id")));
    }
    if let Err(refusal) = reserve(unit.file_usage().await?, new.size_bytes, limits) {
        return Ok(Err(refusal));
    }
    if !unit.insert_file(new, now_ms).await? {
        return Ok(Err(Refusal::not_found()));
    }
    if new.access != FileAccess::default() {
        unit.log_file(new.file, FileLogAction::Grant, None, 0, (now_ms, now_ms)).await?;
    }
    if new.size_bytes == 0 {
        // Nothing will follow.
        let nothing = FilePart { first_byte: 0, bytes: 0, object: String::new() };
        unit.append_part(new.file, &nothing, now_ms, new.upload_expires_at_ms).await?;
        unit.log_file(new.file, FileLogAction::Upload, None, 0, (now_ms, now_ms)).await?;
    }
    Ok(Ok(Begun { is_new: true, offset: 0, expires_at_ms: new.upload_expires_at_ms }))
}

/// The same device asks for the same once more: its first answer was lost.
fn again(file: &FileRow, device: &Device, new: &NewFile, now_ms: i64) -> Result<Begun, Refusal> {
    let is_same = file.owner_device == device.device && file.size_bytes == new.size_bytes && file.conversation == new.conversation;
    if !is_same {
        return Err(Refusal::conflict("another file has this id"));
    }
    if file.is_over(now_ms) {
        return Err(Refusal::gone());
    }
    Ok(Begun { is_new: false, offset: file.received_bytes, expires_at_ms: file.upload_expires_at_ms })
}

/// What an upload will take is kept for it from the beginning.
fn reserve(usage: Usage, size_bytes: u64, (max_workspace_bytes, room): (u64, Option<u64>)) -> Result<(), Refusal> {
    let left = max_workspace_bytes.saturating_sub(usage.workspace_bytes);
    if size_bytes > left {
        let (size, left) = (ByteSize(size_bytes), ByteSize(left));
        return Err(Refusal::no_room(format!(
            "this file has {size}; the workspace has room for {left} more: delete files, or ask whoever runs the relay"
        )));
    }
    let free = room.map(|room| room.saturating_sub(usage.expected_bytes));
    if let Some(free) = free.filter(|free| size_bytes > *free) {
        let (size, free) = (ByteSize(size_bytes), ByteSize(free));
        return Err(Refusal::no_room(format!(
            "this file has {size}; the relay's disk has room for {free} more: ask whoever runs the relay"
        )));
    }
    Ok(())
}
