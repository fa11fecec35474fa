//! The paths to somebody: the one by which media go, and one that is tried beside it.

use bezel_crypto::call::Track;

use super::path::Path;
use crate::connection::{Connection, LinkState, LinkStats};

/// What leads to somebody.
#[derive(Default)]
pub(super) struct Paths {
    /// The path by which media go.
    current: Option<Path>,
    /// The path that is tried; it takes the other's place when it carries.
    next: Option<Path>,
    /// What paths that are given up sent, received and lost.
    gone: LinkStats,
}

impl Paths {
    /// Tries a path beside the one that carries; one that is tried already gives way.
    pub(super) async fn begin(&mut self, path: Path) -> &mut Path {
        self.give_up().await;
        self.next.insert(path)
    }

    /// Gives up the path that is tried.
    pub(super) async fn give_up(&mut self) {
        if let Some(path) = self.next.take() {
            path.close().await;
        }
    }

    /// The path of the last attempt.
    pub(super) const fn newest(&mut self) -> Option<&mut Path> {
        match &mut self.next {
            Some(next) => Some(next),
            None => self.current.as_mut(),
        }
    }

    /// The connection by which media go.
    pub(super) fn connection(&self) -> Option<&dyn Connection> {
        self.current.as_ref().map(|path| path.connection.as_ref())
    }

    /// Takes the state of an attempt's path. Answers what it means for whether media flow.
    pub(super) async fn state(&mut self, attempt: u32, state: LinkState) -> Option<LinkState> {
        if self.current.as_ref().is_some_and(|path| path.attempt == attempt) {
            return Some(state);
        }
        let next = self.next.take_if(|path| path.attempt == attempt && matches!(state, LinkState::Connected | LinkState::Failed))?;
        if state == LinkState::Failed {
            next.close().await;
            return None;
        }
        self.gone = self.stats().await;
        if let Some(before) = self.current.replace(next) {
            before.linger();
        }
        Some(LinkState::Connected)
    }

    /// Drops every path.
    pub(super) async fn close(mut self) {
        self.give_up().await;
        if let Some(path) = self.current {
            path.close().await;
        }
    }

    /// Goes on with the next key frame of a track.
    pub(super) fn restart_track(&self, track: Track) {
        for path in [&self.current, &self.next].into_iter().flatten() {
            path.connection.restart_track(track);
        }
    }

    /// How the path does by which media go, with what those before it carried.
    pub(super) async fn stats(&self) -> LinkStats {
        let mut stats = match self.connection() {
            Some(connection) => connection.stats().await,
            None => LinkStats::default(),
        };
        stats.bytes_out += self.gone.bytes_out;
        stats.bytes_in += self.gone.bytes_in;
        stats.lost_in += self.gone.lost_in;
        stats
    }
}
