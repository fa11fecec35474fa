//! One other participant, as the call sees it.

use std::time::Instant;

use bezel_protocol::content::MediaState;

/// A participant.
#[derive(Debug)]
pub(super) struct Participant {
    pub(super) media: MediaState,
    pub(super) link: Link,
    /// The number of the attempt that is under way, or was last.
    pub(super) attempt: u32,
    /// The offer of this attempt was answered.
    pub(super) is_answered: bool,
    /// A connection is there, in whatever state.
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
    /// They did, and nothing more is tried until the person asks for it.
    GivenUp { since: Instant },
}

impl Participant {
    pub(super) const fn new() -> Self {
        let media = MediaState { microphone: false, camera: false, screen: false };
        Self { media, link: Link::Joined, attempt: 0, is_answered: false, is_open: false }
    }

    /// The next attempt's number.
    pub(super) const fn next_attempt(&mut self) -> u32 {
        self.attempt = self.attempt.saturating_add(1);
        self.is_answered = false;
        self.attempt
    }
}
