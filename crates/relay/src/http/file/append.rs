//! `PATCH /v1/files/{file}`: bytes of an upload. They are taken in parts; each part is in the store of blobs before it is in the register,
//! and in the register before it is acknowledged. What a broken connection leaves over of a part is dropped.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::extract::{Path, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use bezel_protocol::wire::{FileLogAction, tus};
use bytes::{Bytes, BytesMut};

use super::offset::own;
use super::tus::{bytes, check_version, expires, number};
use crate::app::{App, audit};
use crate::blobs::MAX_PART_BYTES;
use crate::clock::now_ms;
use crate::files::{Busy, UPLOAD_LIFETIME_MS};
use crate::http::pace::{Broken, Pace};
use crate::http::{Device, Refusal};
use crate::store::{FileRow, Store};

/// A part that is not whole after so long is written as it is, and makes room for others. At the least rate of a body that is a mebibyte.
const PART_TIME: Duration = Duration::from_secs(64);
/// Parts that a file may have whatever its size, and bytes for each further one: nobody fills the register with crumbs.
const FREE_PARTS: u64 = 1024;
const BYTES_A_PART: u64 = 1024 * 1024;

pub(crate) async fn append<S: Store>(
    State(app): State<Arc<App<S>>>,
    Path(file): Path<String>,
    device: Device,
    headers: HeaderMap,
    body: Body,
) -> Result<impl IntoResponse, Refusal> {
    check_version(&headers)?;
    if headers.get(CONTENT_TYPE).is_none_or(|media_type| media_type != tus::CONTENT_TYPE) {
        return Err(Refusal::wrong_media_type());
    }
    let first_byte = number(&headers, tus::UPLOAD_OFFSET)?;
    let id = super::file(&file)?;
    let file = app.store.read(device.caller(), move |unit| Box::pin(unit.file(id))).await?;
    let _held = app.uploads.hold(id, device.user).map_err(|busy| match busy {
        // Nobody learns of others' uploads by it.
        Busy::Locked if own(file, &device).is_ok() => Refusal::locked(),
        Busy::Locked => Refusal::not_found(),
        Busy::TooMany => Refusal::too_many(),
    })?;
    let file = own(app.store.read(device.caller(), move |unit| Box::pin(unit.file(id))).await?, &device)?;
    check(&file, first_byte, &headers)?;
    let mut body = Incoming { body: body.into_data_stream(), left_over: Bytes::new(), pace: Pace::start() };
    let (mut offset, mut parts) = (first_byte, file.parts);
    loop {
        // Held until the part is written: the memory of all uploads together has a bound.
        let _memory = app.blobs.memory(device.user).await;
        let Some(part) = body.part(file.size_bytes - offset).await? else { break };
        if parts >= FREE_PARTS + file.size_bytes / BYTES_A_PART {
            return Err(Refusal::refused("the file comes in too small parts: send larger ones"));
        }
        offset = take(&app, &device, &file, offset, part).await?;
        parts += 1;
    }
    let mut answer: HeaderMap = [bytes(tus::UPLOAD_OFFSET, offset)].into_iter().collect();
    if offset < file.size_bytes {
        answer.extend(expires(now_ms() + UPLOAD_LIFETIME_MS).map(|(name, value)| (Some(name), value)));
    }
    Ok((StatusCode::NO_CONTENT, answer))
}

fn check(file: &FileRow, first_byte: u64, headers: &HeaderMap) -> Result<(), Refusal> {
    if !file.role.may_post() {
        return Err(Refusal::forbidden("you may read this conversation, not write in it"));
    }
    if first_byte != file.received_bytes {
        return Err(Refusal::conflict(format!("the upload stands at {}, not at {first_byte}", file.received_bytes)));
    }
    let length = headers.contains_key(CONTENT_LENGTH).then(|| number(headers, CONTENT_LENGTH.as_str())).transpose()?;
    if length.is_some_and(|length| length > file.size_bytes - first_byte) {
        return Err(beyond_the_end());
    }
    Ok(())
}

fn beyond_the_end() -> Refusal {
    Refusal::too_large_because("there are more bytes than the upload's length")
}

/// First the object, then the register; whatever ends it in between, the object is nobody's and will be swept.
async fn take<S: Store>(app: &App<S>, device: &Device, file: &FileRow, first_byte: u64, bytes: Bytes) -> Result<u64, Refusal> {
    let part = app.blobs.put(file.id, first_byte, bytes).await?;
    let (id, size_bytes, object) = (file.id, file.size_bytes, part.object.clone());
    let is_audited = app.settings.audit_logging;
    let taken = app.store.write(device.caller(), move |unit| {
        Box::pin(async move {
            let now_ms = now_ms();
            let offset = unit.append_part(id, &part, now_ms, now_ms + UPLOAD_LIFETIME_MS).await?;
            if offset == Some(size_bytes) {
                unit.log_file(id, FileLogAction::Upload, None, size_bytes, (now_ms, now_ms)).await?;
                audit(unit, is_audited, "file_upload", Some(id.to_string())).await?;
            }
            Ok(offset)
        })
    });
    match taken.await {
        Ok(Some(offset)) => Ok(offset),
        // Given up, revoked or shut out meanwhile.
        Ok(None) => {
            app.blobs.delete(vec![object]).await;
            Err(Refusal::gone())
        }
        // It may be in the register or not: if it isn't, the sweep finds it.
        Err(error) => Err(error.into()),
    }
}

/// A body, cut into parts.
struct Incoming {
    body: BodyDataStream,
    left_over: Bytes,
    /// Of the part that comes in.
    pace: Pace,
}

impl Incoming {
    /// The next part, of at most `room` bytes; `None` at the end of the body.
    async fn part(&mut self, room: u64) -> Result<Option<Bytes>, Refusal> {
        self.pace = Pace::start();
        let most = usize::try_from(room).unwrap_or(MAX_PART_BYTES).min(MAX_PART_BYTES);
        let mut part = BytesMut::new();
        loop {
            let more = std::mem::take(&mut self.left_over);
            let more = if more.is_empty() { self.next().await? } else { Some(more) };
            let Some(mut more) = more else { break };
            if part.capacity() == 0 {
                part.reserve(most);
            }
            part.extend_from_slice(&more.split_to(more.len().min(most - part.len())));
            self.left_over = more;
            // A part that ends the file is taken only when nothing follows it.
            if !self.left_over.is_empty() || (part.len() == most && most as u64 != room) {
                break;
            }
            if self.pace.elapsed() > PART_TIME && part.len() < most {
                break;
            }
        }
        if part.len() as u64 == room && !self.left_over.is_empty() {
            return Err(beyond_the_end());
        }
        Ok((!part.is_empty()).then(|| part.freeze()))
    }

    /// The next bytes of the body that are any.
    async fn next(&mut self) -> Result<Option<Bytes>, Refusal> {
        loop {
            match self.pace.next(&mut self.body).await {
                Ok(Some(bytes)) if bytes.is_empty() => {}
                Ok(next) => return Ok(next),
                Err(Broken::TooSlow) => return Err(Refusal::stalled()),
                Err(Broken::Off) => return Err(Refusal::malformed("the body did not arrive whole")),
            }
        }
    }
}
