//! Headers of tus 1.0 (<https://tus.io/protocols/resumable-upload>).

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;
use bezel_protocol::wire::tus;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;

use crate::http::Refusal;

/// Says the version with every answer.
pub(crate) async fn say_version(mut response: Response) -> Response {
    response.headers_mut().insert(tus::RESUMABLE, HeaderValue::from_static(tus::VERSION));
    if response.status() == axum::http::StatusCode::PRECONDITION_FAILED {
        response.headers_mut().insert(tus::VERSIONS, HeaderValue::from_static(tus::VERSION));
    }
    response
}

/// Refuses another version than ours.
pub(super) fn check_version(headers: &HeaderMap) -> Result<(), Refusal> {
    let is_ours = headers.get(tus::RESUMABLE).is_some_and(|version| version == tus::VERSION);
    if is_ours { Ok(()) } else { Err(Refusal::wrong_version()) }
}

/// A whole number of bytes, in digits alone.
pub(super) fn number(headers: &HeaderMap, name: &'static str) -> Result<u64, Refusal> {
    let text = headers.get(name).and_then(|value| value.to_str().ok());
    let digits = text.filter(|text| !text.is_empty() && text.len() <= 18 && text.bytes().all(|byte| byte.is_ascii_digit()));
    digits.and_then(|digits| digits.parse().ok()).ok_or_else(|| Refusal::malformed(format!("{name} is missing or no number of bytes")))
}

/// A number of bytes as a header.
pub(super) fn bytes(name: &'static str, bytes: u64) -> (HeaderName, HeaderValue) {
    (HeaderName::from_static(name), bytes.into())
}

/// A time as a header (RFC 9110 §5.6.7).
pub(super) fn expires(at_ms: i64) -> Option<(HeaderName, HeaderValue)> {
    let at = Timestamp::from_millisecond(at_ms).ok()?;
    let text = DateTimePrinter::new().timestamp_to_rfc9110_string(&at).ok()?;
    Some((HeaderName::from_static(tus::UPLOAD_EXPIRES), HeaderValue::from_str(&text).ok()?))
}
