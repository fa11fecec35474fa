//! Shows files without writing them to the disk: the web view fetches decrypted ranges from this process over loopback.
//!
//! A scheme of our own would not do: WebKitGTK plays no video or sound from one (WebKit bug 146351). So a server listens on a port
//! that the system chooses, on loopback only. Whoever asks must name a token of 256 random bits, which lives as long as the preview.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::{
    ACCEPT_RANGES, ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, RANGE,
    VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use bezel_core::file::FileReader;
use bezel_core::{Error, Member, Result};
use futures_util::stream;
use tokio::net::TcpListener;
use tokio::sync::OnceCell;

use crate::loopback;

/// What is being shown.
#[derive(Default)]
pub(crate) struct Previews {
    server: OnceCell<SocketAddr>,
    open: Arc<Mutex<HashMap<String, Shown>>>,
}

/// One thing that is shown.
#[derive(Clone)]
enum Shown {
    File(Arc<Member>, Arc<FileReader>),
    /// A picture that was made smaller.
    Picture(&'static str, Arc<Vec<u8>>),
}

#[derive(Clone)]
struct Served {
    open: Arc<Mutex<HashMap<String, Shown>>>,
    host: String,
}

/// So much is decrypted at once.
const STEP_BYTES: u64 = 1024 * 1024;

impl Previews {
    /// Answers the address under which a file is shown.
    pub(crate) async fn show_file(&self, member: Arc<Member>, reader: Arc<FileReader>) -> Result<String> {
        self.show(Shown::File(member, reader)).await
    }

    /// The same for a picture in memory.
    pub(crate) async fn show_picture(&self, media_type: &'static str, data: Vec<u8>) -> Result<String> {
        self.show(Shown::Picture(media_type, Arc::new(data))).await
    }

    /// Ends a preview.
    pub(crate) fn close(&self, url: &str) {
        if let Some((_, token)) = url.rsplit_once('/') {
            self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(token);
        }
    }

    /// Ends all of them.
    pub(crate) fn close_all(&self) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    async fn show(&self, shown: Shown) -> Result<String> {
        let addr = self.server.get_or_try_init(|| serve(Arc::clone(&self.open))).await?;
        let token = loopback::token()?;
        self.open.lock().unwrap_or_else(PoisonError::into_inner).insert(token.clone(), shown);
        Ok(format!("http://{addr}/{token}"))
    }
}

async fn serve(open: Arc<Mutex<HashMap<String, Shown>>>) -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let addr = listener.local_addr()?;
    let router = Router::new().route("/{token}", get(answer)).with_state(Served { open, host: addr.to_string() });
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "previews are no longer served");
        }
    });
    Ok(addr)
}

async fn answer(State(served): State<Served>, Path(token): Path<String>, headers: HeaderMap) -> Response {
    let is_ours = loopback::names(&headers, &served.host);
    let shown = served.open.lock().unwrap_or_else(PoisonError::into_inner).get(&token).cloned();
    let Some(shown) = shown.filter(|_| is_ours) else { return StatusCode::NOT_FOUND.into_response() };
    let (media_type, size) = match &shown {
        Shown::File(_, reader) => (content_type(reader.media_type()), reader.size_bytes()),
        Shown::Picture(media_type, data) => ((*media_type).to_owned(), data.len() as u64),
    };
    let asked = headers.get(RANGE).map(|range| range.to_str().ok().and_then(|range| parse_range(range, size)));
    let (status, range) = match asked {
        None => (StatusCode::OK, 0..size),
        Some(Some(range)) => (StatusCode::PARTIAL_CONTENT, range),
        Some(None) => return (StatusCode::RANGE_NOT_SATISFIABLE, [(CONTENT_RANGE, format!("bytes */{size}"))]).into_response(),
    };
    let mut response = Response::new(body(shown, range.clone()));
    *response.status_mut() = status;
    let answered = response.headers_mut();
    let mut say = |name, value: &str| HeaderValue::from_str(value).map(|value| answered.insert(name, value)).is_ok();
    say(CONTENT_TYPE, &media_type);
    say(CONTENT_LENGTH, &(range.end - range.start).to_string());
    say(ACCEPT_RANGES, "bytes");
    say(CACHE_CONTROL, "no-store");
    say(X_CONTENT_TYPE_OPTIONS, "nosniff");
    say(CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox");
    say(VARY, "origin");
    if status == StatusCode::PARTIAL_CONTENT {
        say(CONTENT_RANGE, &format!("bytes {}-{}/{size}", range.start, range.end.saturating_sub(1)));
    }
    if let Some(origin) = loopback::origin(&headers) {
        say(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    }
    response
}

fn body(shown: Shown, range: Range<u64>) -> Body {
    match shown {
        Shown::Picture(_, data) => {
            let bytes = usize::try_from(range.start).ok().zip(usize::try_from(range.end).ok()).and_then(|(from, to)| data.get(from..to));
            Body::from(bytes.unwrap_or_default().to_vec())
        }
        Shown::File(member, reader) => {
            Body::from_stream(stream::try_unfold((member, reader, range), |(member, reader, range)| async move {
                if range.is_empty() {
                    return Ok::<_, Error>(None);
                }
                let bytes = reader.read(&member, range.start..range.end.min(range.start + STEP_BYTES)).await?;
                let rest = range.start + bytes.len() as u64..range.end;
                Ok(Some((bytes, (member, reader, rest))))
            }))
        }
    }
}

/// What the web view may be told: the types that it shows, and never one in which something could run.
fn content_type(media_type: &str) -> String {
    let is_shown = ["image/", "video/", "audio/"].iter().any(|kind| media_type.starts_with(kind)) || media_type == "application/pdf";
    if is_shown && !media_type.contains("svg") && !media_type.contains("xml") {
        media_type.into()
    } else {
        "application/octet-stream".into()
    }
}

/// One range (RFC 9110 §14.1.2), clipped at the end.
fn parse_range(text: &str, size: u64) -> Option<Range<u64>> {
    let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
    let range = match (first.parse::<u64>(), last) {
        (Ok(first), "") => first..size,
        (Ok(first), last) => first..last.parse::<u64>().ok()?.checked_add(1)?.min(size),
        (Err(_), last) if first.is_empty() => size.saturating_sub(last.parse().ok()?)..size,
        _ => return None,
    };
    (range.start < range.end).then_some(range)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_clipped_at_the_end_and_nonsense_is_refused() {
        for (text, range) in [
            ("bytes=0-", Some(0..10)),
            ("bytes=3-4", Some(3..5)),
            ("bytes=3-99", Some(3..10)),
            ("bytes=-4", Some(6..10)),
            ("bytes=10-", None),
            ("bytes=5-4", None),
            ("bytes=a-b", None),
            ("bytes=0-18446744073709551615", None),
            ("lines=0-1", None),
        ] {
            assert_eq!(parse_range(text, 10), range, "{text}");
        }
    }

    #[test]
    fn nothing_in_which_code_could_run_is_named_as_such() {
        for media_type in ["text/html", "image/svg+xml", "application/xhtml+xml", "application/javascript"] {
            assert_eq!(content_type(media_type), "application/octet-stream", "{media_type}");
        }
        assert_eq!(content_type("image/jpeg"), "image/jpeg");
    }
}
