//! What is left of a refused body. A connection that is closed while its client still sends is reset, and the refusal may be lost with it:
//! so the rest is listened to for a while, and forgotten.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};

use crate::blobs::MAX_PART_BYTES;

/// No longer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Lets whatever refuses a request leave its body where it is.
pub(crate) async fn hear_out(request: Request, next: Next) -> Response {
    next.run(request.map(|body| Body::from_stream(Rest(Some(body.into_data_stream()))))).await
}

/// A body; `None` when it has ended.
struct Rest(Option<BodyDataStream>);

impl Stream for Rest {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(body) = &mut self.0 else { return Poll::Ready(None) };
        let next = ready!(body.poll_next_unpin(context));
        if !matches!(next, Some(Ok(_))) {
            self.0 = None;
        }
        Poll::Ready(next)
    }
}

impl Drop for Rest {
    fn drop(&mut self) {
        if let Some(body) = self.0.take() {
            tokio::spawn(tokio::time::timeout(PATIENCE, forget(body)));
        }
    }
}

/// Reads what a client would send in one part, and no more.
async fn forget(mut body: BodyDataStream) {
    let mut heard = 0;
    while let Some(Ok(bytes)) = body.next().await {
        heard += bytes.len();
        if heard > 2 * MAX_PART_BYTES {
            return;
        }
    }
}
