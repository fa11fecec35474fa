//! One other participant, as the call sees it.

use std::time::Instant;

use bezel_protocol::content::MediaState;

use super::Limits;

/// A participant.
#[derive(Debug)]
pub(super) struct Participant {
    pub(super) media: MediaState,
    pub(super) link: Link,
    /// The number of the attempt that is under way, or was last.
    pub(super) attempt: u32,
    /// When it began.
    pub(super) sought_at: Option<Instant>,
    /// The offer of this attempt was answered.
    pub(super) is_answered: bool,
    /// There are paths, in whatever state.
    pub(super) is_open: bool,
}

/// The connection to a participant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Link {
    /// Known to be in the call.
    Joined,
    /// Being connected for the first time.
    Connecting { since: Instant },
    /// Media flow.
    Connected,
    /// They did.
    Broken { since: Instant, tried_at: Instant, tries: u32 },
    /// They did, and nothing more is tried until the person asks for it, or, where the call goes on with others, a while has passed since `at`.
    GivenUp { since: Instant, at: Instant },
}

impl Participant {
    pub(super) const fn new() -> Self {
        let media = MediaState { microphone: false, camera: false, screen: false };
        Self { media, link: Link::Joined, attempt: 0, sought_at: None, is_answered: false, is_open: false }
    }

    /// Begins the next attempt, whose number it gives.
    pub(super) const fn next_attempt(&mut self, now: Instant) -> u32 {
        self.begin(self.attempt.saturating_add(1), now);
        self.attempt
    }

    /// An attempt begins.
    pub(super) const fn begin(&mut self, attempt: u32, now: Instant) {
        self.attempt = attempt;
        self.sought_at = Some(now);
        self.is_answered = false;
        self.is_open = true;
    }

    /// Whether the last attempt, or the wish for one, is so young that another would only disturb it.
    pub(super) fn has_just_sought(&self, limits: &Limits, now: Instant) -> bool {
        self.sought_at.is_some_and(|at| now.saturating_duration_since(at) < limits.attempt / 4)
    }
}
