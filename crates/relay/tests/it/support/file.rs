//! What a person does with files.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bezel_protocol::wire::{ErrorBody, FileAccess, FileLog, FileLogAction, FilePurpose, path, tus};
use bezel_protocol::{ConversationId, FileId, cbor};
use reqwest::header::{CONTENT_TYPE, HeaderMap, RANGE};
use reqwest::{Body, Method};

use super::{Person, now_ms, random};

/// What the relay answered, headers included.
#[derive(Debug, Default)]
pub(crate) struct FileAnswer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// What came of the body.
    pub(crate) bytes: Vec<u8>,
    /// Whether all of it came.
    pub(crate) is_whole: bool,
}

impl FileAnswer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn offset(&self) -> u64 {
        self.header(tus::UPLOAD_OFFSET).expect("an offset").parse().unwrap()
    }

    /// Status and code of a refusal.
    pub(crate) fn refusal(&self) -> (u16, String) {
        (self.status, cbor::decode::<ErrorBody>(&self.bytes).unwrap().code)
    }

    pub(crate) fn message(&self) -> String {
        cbor::decode::<ErrorBody>(&self.bytes).unwrap().message
    }
}

pub(crate) fn new_file() -> FileId {
    FileId::new(now_ms(), random())
}

/// Bytes that differ at every place and in every file.
pub(crate) fn ciphertext(length: usize) -> Vec<u8> {
    let mut state = u64::from_le_bytes(random());
    let words = std::iter::repeat_with(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()
    });
    words.flatten().take(length).collect()
}

pub(crate) fn metadata(file: FileId, conversation: ConversationId, access: &FileAccess) -> String {
    let pairs =
        [(tus::FILE, file.as_bytes().to_vec()), (tus::CONVERSATION, conversation.as_bytes().to_vec()), (tus::ACCESS, cbor::encode(access))];
    pairs.map(|(name, value)| format!("{name} {}", STANDARD.encode(value))).join(",")
}

impl Person {
    pub(crate) async fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> FileAnswer {
        let mut request = self.http.request(method, format!("{}{path}", self.base)).body(body);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await;
        // A connection that breaks off may do so before its headers have gone out.
        if answer.as_ref().is_err_and(|error| error.is_request() && !error.is_connect()) {
            return FileAnswer::default();
        }
        let mut response = answer.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let (mut bytes, mut is_whole) = (Vec::new(), true);
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
                Ok(None) => break,
                Err(_) => {
                    is_whole = false;
                    break;
                }
            }
        }
        FileAnswer { status, headers, bytes, is_whole }
    }

    pub(crate) async fn begin_upload(&self, conversation: ConversationId, file: FileId, size: u64, access: &FileAccess) -> FileAnswer {
        let (size, metadata) = (size.to_string(), metadata(file, conversation, access));
        let headers = [(tus::RESUMABLE, tus::VERSION), (tus::UPLOAD_LENGTH, &size), (tus::UPLOAD_METADATA, &metadata)];
        self.ask(Method::POST, path::FILES, &headers, Vec::new()).await
    }

    pub(crate) async fn append(&self, file: FileId, offset: u64, body: impl Into<Body>) -> FileAnswer {
        let offset = offset.to_string();
        let headers = [(tus::RESUMABLE, tus::VERSION), (tus::UPLOAD_OFFSET, &offset), (CONTENT_TYPE.as_str(), tus::CONTENT_TYPE)];
        self.ask(Method::PATCH, &path::of_file(path::FILE, file), &headers, body).await
    }

    /// An appending request that is still to get its body.
    pub(crate) fn append_request(&self, file: FileId, offset: u64) -> reqwest::RequestBuilder {
        self.http
            .patch(format!("{}{}", self.base, path::of_file(path::FILE, file)))
            .bearer_auth(self.token.as_deref().unwrap_or_default())
            .header(tus::RESUMABLE, tus::VERSION)
            .header(tus::UPLOAD_OFFSET, offset)
            .header(CONTENT_TYPE, tus::CONTENT_TYPE)
    }

    pub(crate) async fn offset(&self, file: FileId) -> FileAnswer {
        self.ask(Method::HEAD, &path::of_file(path::FILE, file), &[(tus::RESUMABLE, tus::VERSION)], Vec::new()).await
    }

    pub(crate) async fn delete(&self, file: FileId) -> FileAnswer {
        self.ask(Method::DELETE, &path::of_file(path::FILE, file), &[(tus::RESUMABLE, tus::VERSION)], Vec::new()).await
    }

    /// Uploads all of it, `part` bytes in a request.
    pub(crate) async fn send_file(&self, conversation: ConversationId, content: &[u8], part: usize, access: &FileAccess) -> FileId {
        let file = new_file();
        let begun = self.begin_upload(conversation, file, content.len() as u64, access).await;
        assert_eq!(begun.status, 201, "{begun:?}");
        let mut offset = 0;
        for part in content.chunks(part) {
            let taken = self.append(file, offset, part.to_vec()).await;
            offset += part.len() as u64;
            assert_eq!((taken.status, taken.offset()), (204, offset), "{taken:?}");
        }
        file
    }

    pub(crate) async fn content(&self, file: FileId, purpose: FilePurpose, range: Option<&str>) -> FileAnswer {
        let path = format!("{}?purpose={}", path::of_file(path::FILE_CONTENT, file), purpose.as_str());
        let headers: Vec<_> = range.map(|range| (RANGE.as_str(), range)).into_iter().collect();
        self.ask(Method::GET, &path, &headers, Vec::new()).await
    }

    pub(crate) async fn save(&self, file: FileId) -> FileAnswer {
        self.content(file, FilePurpose::Download, None).await
    }

    pub(crate) async fn put_access(&self, file: FileId, access: &FileAccess) -> FileAnswer {
        self.ask(Method::PUT, &path::of_file(path::FILE_ACCESS, file), &[], cbor::encode(access)).await
    }

    /// The log, the oldest first: action, bytes, reason.
    pub(crate) async fn file_log(&self, file: FileId) -> Vec<(FileLogAction, u64, Option<String>)> {
        let log: FileLog = self.get(&path::of_file(path::FILE_LOG, file)).await.body();
        log.entries.into_iter().rev().map(|entry| (entry.action, entry.bytes, entry.reason)).collect()
    }
}
