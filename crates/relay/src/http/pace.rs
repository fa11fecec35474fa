//! How fast a body comes in. One that stalls or trickles is given up: it would hold memory and a place for as long as it likes.

use std::io;
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use tokio::time::{Instant, timeout_at};

/// A body that brings nothing for so long has ended.
const STALL: Duration = Duration::from_secs(30);
/// A body may be slower than the least rate for so long.
const GRACE: Duration = Duration::from_secs(30);
/// The least rate.
const BYTES_A_SECOND: u64 = 16 * 1024;

/// What has come of a body, since when.
pub(super) struct Pace {
    since: Instant,
    bytes: u64,
}

/// Why no more comes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// It came too slowly.
    TooSlow,
    /// The connection broke.
    Off,
}

impl Pace {
    pub(super) fn start() -> Self {
        Self { since: Instant::now(), bytes: 0 }
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.since.elapsed()
    }

    /// When the next bytes must be there.
    fn deadline(&self, now: Instant) -> Instant {
        let at_the_least_rate = self.since + GRACE + Duration::from_secs(self.bytes / BYTES_A_SECOND);
        at_the_least_rate.min(now + STALL)
    }

    /// The next bytes; `None` at the end.
    pub(super) async fn next(&mut self, body: &mut BodyDataStream) -> Result<Option<Bytes>, Broken> {
        match timeout_at(self.deadline(Instant::now()), body.next()).await {
            Err(_) => Err(Broken::TooSlow),
            Ok(None) => Ok(None),
            Ok(Some(Err(_))) => Err(Broken::Off),
            Ok(Some(Ok(bytes))) => {
                self.bytes += bytes.len() as u64;
                Ok(Some(bytes))
            }
        }
    }
}

/// The same body, ended by an error of [`io::ErrorKind::TimedOut`] when it comes too slowly.
pub(super) fn paced(body: Body) -> Body {
    let start = Some((body.into_data_stream(), Pace::start()));
    Body::from_stream(stream::unfold(start, async |state| {
        let (mut body, mut pace) = state?;
        match pace.next(&mut body).await {
            Ok(None) => None,
            Ok(Some(bytes)) => Some((Ok(bytes), Some((body, pace)))),
            Err(Broken::TooSlow) => Some((Err(io::Error::from(io::ErrorKind::TimedOut)), None)),
            Err(Broken::Off) => Some((Err(io::Error::from(io::ErrorKind::UnexpectedEof)), None)),
        }
    }))
}

/// Whether an error comes of a body that was given up.
pub(super) fn is_too_slow(error: &(dyn core::error::Error + 'static)) -> bool {
    let mut source = Some(error);
    while let Some(error) = source {
        if error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::TimedOut) {
            return true;
        }
        source = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How long a body is listened to that brings so many bytes every second.
    fn is_heard_for(bytes: u64) -> Option<u64> {
        let since = Instant::now();
        let mut pace = Pace { since, bytes: 0 };
        (1..10_000).find(|second| {
            let is_late = pace.deadline(since + Duration::from_secs(second - 1)) < since + Duration::from_secs(*second);
            pace.bytes += bytes;
            is_late
        })
    }

    #[test]
    fn a_body_that_trickles_or_stalls_is_given_up_and_a_slow_one_arrives() {
        assert_eq!(is_heard_for(20 * 1024), None, "20 KiB a second is slow, and enough");
        assert_eq!(is_heard_for(1), Some(31), "a trickle");
        assert!(is_heard_for(15 * 1024).is_some_and(|seconds| seconds > 300), "a little too slow");
        let since = Instant::now();
        let fast = Pace { since, bytes: 1 << 30 };
        assert_eq!(fast.deadline(since + GRACE), since + GRACE + STALL, "whoever was fast may not stall either");
    }

    #[tokio::test]
    async fn a_paced_body_is_the_same_body() {
        let body = paced(Body::from_stream(stream::iter([b"one".as_slice(), b"two"].map(|part| Ok::<_, io::Error>(Bytes::from(part))))));
        assert_eq!(axum::body::to_bytes(body, 99).await.unwrap(), "onetwo");
        let broken = paced(Body::from_stream(stream::iter([Ok(Bytes::from("one")), Err(io::Error::other("off"))])));
        assert!(!is_too_slow(&axum::body::to_bytes(broken, 99).await.unwrap_err()), "a broken connection is not a slow one");
        let late = Body::from_stream(stream::iter([Err::<Bytes, _>(io::Error::from(io::ErrorKind::TimedOut))]));
        assert!(is_too_slow(&axum::body::to_bytes(late, 99).await.unwrap_err()));
    }
}
