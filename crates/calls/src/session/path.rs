//! A path to somebody: the connection of one attempt.

use std::sync::Arc;
use std::time::Duration;

use bezel_crypto::SystemRng;
use bezel_protocol::content::{Candidate, MAX_CANDIDATES};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::call::Peer;
use crate::connection::{Certificate, Connection, ConnectionError, ConnectionEvent, ConnectionOptions, WebRtc};

/// What a path tells: whose it is, of which attempt, and what.
pub(super) type PathEvent = (Peer, u32, ConnectionEvent);

/// What is under way on a path that is given up still arrives within so long.
const LINGER: Duration = Duration::from_secs(1);

/// The connection of an attempt.
pub(super) struct Path {
    pub(super) attempt: u32,
    pub(super) connection: Arc<dyn Connection>,
    /// The task that passes the connection's events on.
    events: JoinHandle<()>,
    /// Candidates that came before the description they belong to.
    early: Vec<Candidate>,
    is_described: bool,
}

impl Path {
    pub(super) async fn open(
        peer: Peer,
        attempt: u32,
        options: &ConnectionOptions,
        certificate: &Certificate,
        incoming: mpsc::Sender<PathEvent>,
    ) -> Result<Self, ConnectionError> {
        let (connection, mut events) = WebRtc::new(options, certificate, &mut SystemRng).await?;
        let events = tokio::spawn(async move {
            while let Some(event) = events.recv().await {
                if incoming.send((peer, attempt, event)).await.is_err() {
                    return;
                }
            }
        });
        Ok(Self { attempt, connection, events, early: Vec::new(), is_described: false })
    }

    /// Takes an offer and answers it.
    pub(super) async fn answer(&mut self, offer: String) -> Result<String, ConnectionError> {
        let answer = self.connection.answer(offer).await?;
        self.described().await;
        Ok(answer)
    }

    /// Takes the answer to the offer.
    pub(super) async fn accept(&mut self, answer: String) -> Result<(), ConnectionError> {
        self.connection.accept(answer).await?;
        self.described().await;
        Ok(())
    }

    /// Candidates that waited for the other side's description are taken now.
    async fn described(&mut self) {
        self.is_described = true;
        let early = std::mem::take(&mut self.early);
        self.candidates(early).await;
    }

    pub(super) async fn candidates(&mut self, candidates: Vec<Candidate>) {
        for candidate in candidates.into_iter().take(MAX_CANDIDATES) {
            if !self.is_described {
                self.early.push(candidate);
            } else if let Err(error) = self.connection.add_candidate(candidate).await {
                tracing::debug!(%error, "a candidate was refused");
            }
        }
        self.early.truncate(MAX_CANDIDATES);
    }

    /// Ends it at once.
    pub(super) async fn close(self) {
        self.events.abort();
        self.connection.close().await;
    }

    /// Ends it when nothing is under way any more.
    pub(super) fn linger(self) {
        tokio::spawn(async move {
            tokio::time::sleep(LINGER).await;
            self.close().await;
        });
    }
}
