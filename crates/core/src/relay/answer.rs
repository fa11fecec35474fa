//! Answers of a relay, read with a limit: whatever it sends, memory stays bounded.

use bezel_protocol::wire::path;
use bytes::{Bytes, BytesMut};
use reqwest::{Method, Response};

use super::client::{RelayError, offline};

/// The most bytes of an answer that holds one thing, or says why not.
pub(super) const MAX_ONE_BYTES: usize = 256 * 1024;
/// The most bytes of an answer that holds a list: the largest commits are 16 MiB.
pub(super) const MAX_LIST_BYTES: usize = 64 * 1024 * 1024;

/// The most bytes of the answer to a request that succeeds.
pub(super) fn limit(method: &Method, path: &str) -> usize {
    let holds_list = match *method {
        Method::GET => ![path::RELAY, path::FILES, path::KEY_PACKAGES].contains(&path),
        Method::POST => path == path::CLAIM,
        _ => false,
    };
    if holds_list { MAX_LIST_BYTES } else { MAX_ONE_BYTES }
}

/// The body of an answer.
///
/// # Errors
/// When the connection breaks, or the body is longer than `limit` bytes: the rest is not waited for.
pub(super) async fn body(mut answer: Response, limit: usize) -> Result<Bytes, RelayError> {
    let too_long = || RelayError::Nonsense(format!("it is longer than {limit} bytes"));
    if answer.content_length().is_some_and(|length| length > limit as u64) {
        return Err(too_long());
    }
    let mut body = BytesMut::new();
    while let Some(chunk) = answer.chunk().await.map_err(offline)? {
        if body.len() + chunk.len() > limit {
            return Err(too_long());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}
