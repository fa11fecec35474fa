//! What a device asked for and does not read stays in memory until the connection takes it, so there is a bound for each device.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, Bytes, HttpBody as _, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::CONTENT_LENGTH;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use bezel_protocol::DeviceId;
use futures_util::stream;

use super::Refusal;
use super::watch::WhoAsks;
use crate::app::App;
use crate::store::Store;

/// Answers of one device that are under way at once hold so many bytes at most; the first always passes.
const MAX_BYTES: usize = 24 * 1024 * 1024;
/// Smaller answers are not counted: the connection takes them whole.
const SMALL: usize = 64 * 1024;
/// A connection is given so much at once, and asks for the rest when that is written.
const PIECE: usize = 64 * 1024;

/// The bytes of answers under way, by device.
#[derive(Default)]
pub(crate) struct Unread(Mutex<HashMap<DeviceId, usize>>);

impl Unread {
    /// Counts an answer for as long as what is returned lives; `None` where there is no room.
    fn hold(self: &Arc<Self>, device: DeviceId, bytes: usize) -> Option<Held> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let held = all.get(&device).copied().unwrap_or(0);
        if held > 0 && held.saturating_add(bytes) > MAX_BYTES {
            return None;
        }
        all.insert(device, held.saturating_add(bytes));
        Some(Held { of: Arc::clone(self), device, bytes })
    }
}

struct Held {
    of: Arc<Unread>,
    device: DeviceId,
    bytes: usize,
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut all = self.of.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = all.get_mut(&self.device) {
            *held = held.saturating_sub(self.bytes);
            if *held == 0 {
                all.remove(&self.device);
            }
        }
    }
}

/// Lets a request pass, and its answer only where there is room for it.
pub(super) async fn bound<S: Store>(State(app): State<Arc<App<S>>>, mut request: Request, next: Next) -> Response {
    let who = WhoAsks::default();
    request.extensions_mut().insert(who.clone());
    let response = next.run(request).await;
    let length = response.body().size_hint().exact().and_then(|length| usize::try_from(length).ok());
    let (Some(length), Some(device)) = (length.filter(|length| *length > SMALL), who.device()) else { return response };
    let Some(held) = app.unread.hold(device, length) else {
        return Refusal::too_many_because("more is asked for at once than is read").into_response();
    };
    let (mut parts, body) = response.into_parts();
    // It is in memory already: its length is known.
    let Ok(bytes) = to_bytes(body, length).await else { return Refusal::malformed("the answer is cut short").into_response() };
    parts.headers.insert(CONTENT_LENGTH, length.into());
    Response::from_parts(parts, in_pieces(bytes, held))
}

/// The same bytes, handed over as they are taken.
fn in_pieces(bytes: Bytes, held: Held) -> Body {
    Body::from_stream(stream::unfold((bytes, held), async |(mut rest, held)| {
        let piece = rest.split_to(PIECE.min(rest.len()));
        (!piece.is_empty()).then_some((Ok::<_, core::convert::Infallible>(piece), (rest, held)))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_under_way_is_counted_until_it_was_taken() {
        let (unread, device, other) = (Arc::<Unread>::default(), DeviceId::from_bytes([1; 16]), DeviceId::from_bytes([2; 16]));
        let first = unread.hold(device, 2 * MAX_BYTES).unwrap();
        assert!(unread.hold(device, 1).is_none() && unread.hold(other, 1).is_some(), "each has room of its own");
        drop(first);
        let bytes = Bytes::from(vec![7; MAX_BYTES]);
        let body = in_pieces(bytes.clone(), unread.hold(device, bytes.len()).unwrap());
        assert!(unread.hold(device, 1).is_none());
        assert_eq!(to_bytes(body, MAX_BYTES).await.unwrap(), bytes);
        assert!(unread.hold(device, 1).is_some());
        assert!(unread.0.lock().unwrap().is_empty());
    }
}
