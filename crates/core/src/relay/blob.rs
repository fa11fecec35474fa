//! Blobs of files: up by tus 1.0, down by ranges.

use std::ops::Range;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bezel_protocol::wire::{FileAccess, FileLimits, FileLog, FilePurpose, code, path, tus};
use bezel_protocol::{ConversationId, FileId, cbor};
use bytes::Bytes;
use reqwest::header::{CONTENT_RANGE, CONTENT_TYPE, HeaderMap, RANGE};
use reqwest::{Method, RequestBuilder, StatusCode};

use super::answer::{self, MAX_ONE_BYTES};
use super::client::{Client, RelayError, offline, refusal};

/// One part may take so long: 4 MiB at 56 kbit/s.
const PART_TIMEOUT: Duration = Duration::from_secs(600);

impl Client {
    pub(crate) async fn file_limits(&self) -> Result<FileLimits, RelayError> {
        self.get(path::FILES).await
    }

    pub(crate) async fn file_log(&self, file: FileId) -> Result<FileLog, RelayError> {
        self.get(&path::of_file(path::FILE_LOG, file)).await
    }

    pub(crate) async fn set_file_access(&self, file: FileId, access: &FileAccess) -> Result<(), RelayError> {
        self.put(&path::of_file(path::FILE_ACCESS, file), access).await
    }

    /// Gives an upload up, or deletes the blob of a file that is there.
    pub(crate) async fn delete_file(&self, file: FileId) -> Result<(), RelayError> {
        let answer =
            self.exchange(Method::DELETE, &path::of_file(path::FILE, file), |request| request.header(tus::RESUMABLE, tus::VERSION)).await?;
        answer.success().map(drop)
    }

    /// Begins an upload of `bytes` bytes.
    pub(crate) async fn begin_upload(
        &self,
        file: FileId,
        conversation: ConversationId,
        bytes: u64,
        access: &FileAccess,
    ) -> Result<(), RelayError> {
        let metadata = [
            (tus::FILE, file.as_bytes().to_vec()),
            (tus::CONVERSATION, conversation.as_bytes().to_vec()),
            (tus::ACCESS, cbor::encode(access)),
        ]
        .map(|(name, value)| format!("{name} {}", STANDARD.encode(value)))
        .join(",");
        let answer = self
            .exchange(Method::POST, path::FILES, |request| {
                request.header(tus::RESUMABLE, tus::VERSION).header(tus::UPLOAD_LENGTH, bytes).header(tus::UPLOAD_METADATA, &metadata)
            })
            .await?;
        answer.success().map(drop)
    }

    /// How many bytes of an upload are on the relay's disk; none if it knows no such upload.
    pub(crate) async fn upload_offset(&self, file: FileId) -> Result<Option<u64>, RelayError> {
        let answer =
            self.exchange(Method::HEAD, &path::of_file(path::FILE, file), |request| request.header(tus::RESUMABLE, tus::VERSION)).await?;
        if answer.status == StatusCode::NOT_FOUND || answer.status == StatusCode::GONE {
            return Ok(None);
        }
        answer.success()?.offset().map(Some)
    }

    /// Sends a part from `offset` on; answers how many bytes the relay has then.
    pub(crate) async fn upload_part(&self, file: FileId, offset: u64, part: Bytes) -> Result<u64, RelayError> {
        let answer = self
            .exchange(Method::PATCH, &path::of_file(path::FILE, file), |request| {
                request
                    .timeout(PART_TIMEOUT)
                    .header(tus::RESUMABLE, tus::VERSION)
                    .header(tus::UPLOAD_OFFSET, offset)
                    .header(CONTENT_TYPE, tus::CONTENT_TYPE)
                    .body(part.clone())
            })
            .await?;
        answer.success()?.offset()
    }

    /// The bytes `range` of a blob of `total` bytes: exactly those, or an error.
    pub(crate) async fn blob(&self, file: FileId, purpose: FilePurpose, range: Range<u64>, total: u64) -> Result<Bytes, RelayError> {
        let path = format!("{}?purpose={}", path::of_file(path::FILE_CONTENT, file), purpose.as_str());
        let last = range.end.saturating_sub(1);
        let bytes = usize::try_from(range.end - range.start).map_err(|_| RelayError::WrongBlob)?;
        let answer = self
            .exchange_up_to(bytes, Method::GET, &path, |request| {
                request.timeout(PART_TIMEOUT).header(RANGE, format!("bytes={}-{last}", range.start))
            })
            .await?
            .success()?;
        let expected = format!("bytes {}-{last}/{total}", range.start);
        let is_expected = answer.headers.get(CONTENT_RANGE).is_some_and(|value| value.as_bytes() == expected.as_bytes());
        if answer.status != StatusCode::PARTIAL_CONTENT || !is_expected || answer.body.len() != bytes {
            return Err(RelayError::WrongBlob);
        }
        Ok(answer.body)
    }

    async fn exchange(&self, method: Method, path: &str, fit: impl Fn(RequestBuilder) -> RequestBuilder) -> Result<Answer, RelayError> {
        self.exchange_up_to(MAX_ONE_BYTES, method, path, fit).await
    }

    /// A request with the session, for an answer of at most `limit` bytes; a session that has ended is renewed once.
    async fn exchange_up_to(
        &self,
        limit: usize,
        method: Method,
        path: &str,
        fit: impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<Answer, RelayError> {
        let mut renewed = false;
        loop {
            let token = self.token().await?;
            let request = fit(self.authorised(method.clone(), path, &token)?);
            let answer = request.send().await.map_err(offline)?;
            if answer.status() == StatusCode::UNAUTHORIZED && !renewed {
                self.forget_token(&token).await;
                renewed = true;
                continue;
            }
            let (status, headers) = (answer.status(), answer.headers().clone());
            let limit = if status.is_success() { limit } else { MAX_ONE_BYTES };
            let body = answer::body(answer, limit).await?;
            return Ok(Answer { status, headers, body });
        }
    }
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    fn success(self) -> Result<Self, RelayError> {
        if self.status.is_success() { Ok(self) } else { Err(refusal(self.status, &self.body)) }
    }

    fn offset(&self) -> Result<u64, RelayError> {
        let offset = self.headers.get(tus::UPLOAD_OFFSET).and_then(|value| value.to_str().ok()).and_then(|value| value.parse().ok());
        offset.ok_or_else(|| RelayError::Nonsense("it does not say how much of the upload it has".into()))
    }
}

impl RelayError {
    /// Whether the blob is not there for this member, and will not be.
    pub(crate) fn is_gone(&self) -> bool {
        self.is(code::GONE) || self.is(code::NOT_FOUND)
    }
}
