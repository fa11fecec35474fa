//! A connection that is watched: what it is about, since when, and whether it takes what it is sent.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::Place;

/// The head of a request is there after so long, counted from its first byte; the first one, from the beginning.
const HEAD: Duration = Duration::from_secs(10);
/// A connection on which nothing is asked is closed after so long.
const IDLE: Duration = Duration::from_secs(75);
/// Whoever takes nothing of an answer for so long is gone.
const BLOCKED: Duration = Duration::from_secs(60);

/// What a connection is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The head of a request comes in.
    Head,
    /// A request is answered; its body has a pace of its own.
    Answering,
    /// Nothing is asked.
    Idle,
    /// It is a WebSocket, which looks after itself.
    Upgraded,
}

/// How a connection behaves.
pub(super) struct Conduct(Mutex<State>);

struct State {
    phase: Phase,
    since: Instant,
    /// Since when nothing of what is written was taken.
    blocked: Option<Instant>,
}

impl Conduct {
    /// A connection begins with the head of a request.
    pub(super) fn new(now: Instant) -> Self {
        Self(Mutex::new(State { phase: Phase::Head, since: now, blocked: None }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request is there.
    pub(super) fn answering(&self) {
        self.state().phase = Phase::Answering;
    }

    /// It speaks another protocol from here on.
    pub(super) fn upgraded(&self) {
        self.state().phase = Phase::Upgraded;
    }

    /// The answer is written.
    fn answered(&self, now: Instant) {
        let mut state = self.state();
        if state.phase == Phase::Answering {
            (state.phase, state.since) = (Phase::Idle, now);
        }
    }

    /// Bytes came.
    fn came(&self, now: Instant) {
        let mut state = self.state();
        if state.phase == Phase::Idle {
            (state.phase, state.since) = (Phase::Head, now);
        }
    }

    /// Bytes were taken, or were not.
    fn wrote(&self, is_blocked: bool, now: Instant) {
        let mut state = self.state();
        state.blocked = is_blocked.then(|| state.blocked.unwrap_or(now));
    }

    /// Whether it took too long over something.
    pub(super) fn is_overdue(&self, now: Instant) -> bool {
        let state = self.state();
        let is_late = match state.phase {
            Phase::Head => now - state.since > HEAD,
            Phase::Idle => now - state.since > IDLE,
            Phase::Answering => false,
            Phase::Upgraded => return false,
        };
        is_late || state.blocked.is_some_and(|since| now - since > BLOCKED)
    }
}

/// A connection.
pub(super) struct Watched<T> {
    stream: T,
    conduct: Arc<Conduct>,
    _place: Place,
}

impl<T> Watched<T> {
    pub(super) fn new(stream: T, conduct: Arc<Conduct>, place: Place) -> Self {
        Self { stream, conduct, _place: place }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Watched<T> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let outcome = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.conduct.came(Instant::now());
        }
        outcome
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Watched<T> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.conduct.wrote(outcome.is_pending(), Instant::now());
        outcome
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.conduct.wrote(outcome.is_pending(), Instant::now());
        outcome
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.stream).poll_flush(context);
        self.conduct.wrote(outcome.is_pending(), Instant::now());
        outcome
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.stream).poll_shutdown(context);
        self.conduct.wrote(outcome.is_pending(), Instant::now());
        outcome
    }
}

/// The body of an answer: when it is gone, the connection is idle.
pub(super) struct Answer {
    body: Body,
    conduct: Arc<Conduct>,
}

impl Answer {
    pub(super) fn new(body: Body, conduct: Arc<Conduct>) -> Self {
        Self { body, conduct }
    }
}

impl hyper::body::Body for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.conduct.answered(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a connection is overdue when so much time has passed, and no earlier.
    fn is_overdue_after(conduct: &Conduct, since: Instant, time: Duration) -> bool {
        !conduct.is_overdue(since + time) && conduct.is_overdue(since + time + Duration::from_millis(1))
    }

    /// Six thousand half requests were open after forty seconds, and kept everybody else out.
    #[test]
    fn each_phase_of_a_connection_has_its_time() {
        let (start, long) = (Instant::now(), Duration::from_secs(100_000));
        let conduct = Conduct::new(start);
        assert!(is_overdue_after(&conduct, start, HEAD), "the first head");
        conduct.answering();
        assert!(!conduct.is_overdue(start + long), "a large file goes out");
        let later = start + long;
        conduct.answered(later);
        assert!(is_overdue_after(&conduct, later, IDLE), "nothing is asked");
        conduct.came(later + HEAD);
        conduct.came(later + 2 * HEAD);
        assert!(is_overdue_after(&conduct, later + HEAD, HEAD), "a later head, counted from its first byte");
        conduct.answering();
        conduct.wrote(true, later);
        conduct.wrote(true, later + HEAD);
        assert!(is_overdue_after(&conduct, later, BLOCKED), "nothing of the answer is taken");
        conduct.wrote(false, later);
        assert!(!conduct.is_overdue(later + long), "it goes on");
        conduct.upgraded();
        conduct.answered(later);
        assert!(!conduct.is_overdue(later + long), "a WebSocket asks by itself whether the other lives");
    }
}
