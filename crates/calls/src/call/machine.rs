//! The machine.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use bezel_protocol::content::{CallOutcome, MediaState, SignalBody};
use bezel_protocol::{DeviceId, UserId};

use super::peer::{Link, Participant};
use super::{End, Input, Limits, Output, Peer, Phase, Sender, incarnation};
use crate::connection::LinkState;

/// More participants than a mesh carries are not connected.
const MAX_PEERS: usize = 8;

/// A call on this device.
#[derive(Debug)]
pub struct Machine {
    me: DeviceId,
    limits: Limits,
    phase: Phase,
    media: MediaState,
    peers: BTreeMap<Peer, Participant>,
    numbers: BTreeMap<Peer, u64>,
    /// How many other people the conversation has: a call that all of them declined is over.
    others: usize,
    declined: BTreeSet<UserId>,
    alone_since: Option<Instant>,
    outputs: Vec<Output>,
}

impl Machine {
    /// A call that this device begins. `others`: how many other people the conversation has.
    #[must_use]
    pub fn outgoing(me: DeviceId, others: usize, media: MediaState, limits: Limits, now: Instant) -> (Self, Vec<Output>) {
        let mut machine = Self::new(me, others, limits, Phase::Outgoing { since: now, is_ringing: false });
        machine.media = media;
        machine.send(None, SignalBody::Joined(media));
        machine.changed();
        let outputs = std::mem::take(&mut machine.outputs);
        (machine, outputs)
    }

    /// A call that somebody else began.
    #[must_use]
    pub fn incoming(me: DeviceId, others: usize, limits: Limits, now: Instant) -> (Self, Vec<Output>) {
        let mut machine = Self::new(me, others, limits, Phase::Ringing { since: now });
        machine.send(None, SignalBody::Ringing);
        machine.changed();
        let outputs = std::mem::take(&mut machine.outputs);
        (machine, outputs)
    }

    const fn new(me: DeviceId, others: usize, limits: Limits, phase: Phase) -> Self {
        Self {
            me,
            limits,
            phase,
            media: MediaState { microphone: false, camera: false, screen: false },
            peers: BTreeMap::new(),
            numbers: BTreeMap::new(),
            others,
            declined: BTreeSet::new(),
            alone_since: None,
            outputs: Vec::new(),
        }
    }

    /// Where the call stands.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// Who is in it, what they send, and whether media flow to them.
    pub fn peers(&self) -> impl Iterator<Item = (Peer, MediaState, bool)> + '_ {
        self.peers.iter().map(|(peer, participant)| (*peer, participant.media, participant.link == Link::Connected))
    }

    /// What this device sends.
    #[must_use]
    pub const fn media(&self) -> MediaState {
        self.media
    }

    /// Whether this device is in the call: it called or answered, and has not left.
    #[must_use]
    pub const fn is_in(&self) -> bool {
        !matches!(self.phase, Phase::Ringing { .. } | Phase::Ended { .. })
    }

    /// Takes an input and says what is to be done.
    pub fn handle(&mut self, input: Input, now: Instant) -> Vec<Output> {
        if matches!(self.phase, Phase::Ended { .. }) {
            return Vec::new();
        }
        match input {
            Input::Answer(media) => self.answer(media, now),
            Input::Decline { is_busy } => self.decline(is_busy),
            Input::Dismiss(outcome, end) => {
                if matches!(self.phase, Phase::Ringing { .. }) {
                    self.end(outcome, end);
                }
            }
            Input::Leave => self.leave(),
            Input::Media(media) => {
                self.media = media;
                if self.is_in() {
                    self.send(None, SignalBody::Media(media));
                }
                self.changed();
            }
            Input::Retry => self.retry(now),
            Input::NobodyThere => self.nobody_there(),
            Input::Declined { user, is_busy } => self.declined(user, is_busy),
            Input::Signal { from, number, body } => self.signal(from, number, body, now),
            Input::Admit(guest) => {
                // Whoever comes back sends what they sent.
                let media = self.peers.get(&Peer::Guest(guest)).map(|known| known.media).unwrap_or_default();
                self.meet(Peer::Guest(guest), media, now);
            }
            Input::GuestGone(guest) => self.gone(Peer::Guest(guest), now),
            Input::Removed(device) => self.gone(Peer::Device(device), now),
            Input::Link(peer, state) => self.link(peer, state, now),
            Input::RelayBack => self.relay_back(now),
            Input::NetworkChanged => self.network_changed(now),
            Input::Tick => self.tick(now),
        }
        self.settle(now);
        std::mem::take(&mut self.outputs)
    }

    /// When the next [`Input::Tick`] is due, at the latest.
    #[must_use]
    pub fn wakes_at(&self) -> Option<Instant> {
        let phase = match self.phase {
            Phase::Outgoing { since, .. } | Phase::Ringing { since } => Some(since + self.limits.ring),
            Phase::Ended { .. } => None,
            _ => self.alone_since.map(|since| since + self.limits.alone),
        };
        let links = self.peers.values().filter_map(|participant| match participant.link {
            Link::Connecting { since } => Some(since + self.limits.attempt),
            Link::Broken { tried_at, .. } => Some(tried_at + self.limits.attempt),
            Link::GivenUp { at, .. } if self.is_live() => Some(at + self.limits.alone),
            Link::Joined | Link::Connected | Link::GivenUp { .. } => None,
        });
        links.chain(phase).min()
    }

    fn answer(&mut self, media: MediaState, now: Instant) {
        if !matches!(self.phase, Phase::Ringing { .. }) {
            return;
        }
        self.media = media;
        self.phase = Phase::Connecting { since: now };
        if self.peers.is_empty() {
            self.alone_since = Some(now);
        }
        self.send(None, SignalBody::Joined(media));
        // Whoever is known to be there is connected at once, and not waited for without end.
        for (peer, theirs) in self.peers.iter().map(|(peer, participant)| (*peer, participant.media)).collect::<Vec<_>>() {
            if self.offers_to(peer) {
                self.meet(peer, theirs, now);
            } else if let Some(participant) = self.peers.get_mut(&peer) {
                participant.link = Link::Connecting { since: now };
            }
        }
        self.changed();
    }

    fn decline(&mut self, is_busy: bool) {
        if matches!(self.phase, Phase::Ringing { .. }) {
            self.send(None, SignalBody::Declined { is_busy });
            self.end(if is_busy { CallOutcome::Busy } else { CallOutcome::Declined }, End::Here);
        }
    }

    fn leave(&mut self) {
        let outcome = match self.phase {
            Phase::Ringing { .. } => return self.decline(false),
            Phase::Outgoing { .. } => CallOutcome::Cancelled,
            Phase::Connecting { .. } => CallOutcome::Failed,
            _ => CallOutcome::Completed,
        };
        self.send(None, SignalBody::Left);
        self.end(outcome, End::Here);
    }

    /// A signal of a device that was said before, or is said again by the relay, changes nothing.
    fn signal(&mut self, from: Sender, number: u64, body: SignalBody, now: Instant) {
        let peer = from.peer();
        if peer == Peer::Device(self.me) {
            return;
        }
        let last = self.numbers.entry(peer).or_default();
        if number <= *last {
            tracing::debug!("a signal came again");
            return;
        }
        let is_anew = matches!(peer, Peer::Device(_)) && *last > 0 && incarnation(number) > incarnation(*last);
        *last = number;
        if is_anew && body != SignalBody::Left {
            self.forget(peer);
        }
        match body {
            SignalBody::Ringing => {
                if let (Phase::Outgoing { is_ringing, .. }, Sender::Member(_)) = (&mut self.phase, from) {
                    *is_ringing = true;
                    self.changed();
                }
                // Whoever is asked to come learns who is there; it may not have been on line when that was said to all.
                if self.is_in() && !self.peers.contains_key(&peer) {
                    let media = self.media;
                    self.send(Some(peer), SignalBody::Joined(media));
                }
            }
            SignalBody::Declined { is_busy } => self.declined_elsewhere(from, is_busy),
            SignalBody::Joined(media) => self.joined(from, media, now),
            SignalBody::Left => self.left(from, now),
            SignalBody::Offer { attempt, sdp } => self.offered(peer, attempt, sdp, now),
            SignalBody::Answer { attempt, sdp } => self.answered(peer, attempt, sdp),
            SignalBody::Candidates { attempt, candidates } => {
                if self.peers.get(&peer).is_some_and(|participant| participant.attempt == attempt && participant.is_open) {
                    self.outputs.push(Output::TakeCandidates(peer, candidates));
                }
            }
            SignalBody::Restart => self.restart_asked(peer, now),
            SignalBody::Media(media) => {
                if let Some(participant) = self.peers.get_mut(&peer) {
                    participant.media = media;
                    self.changed();
                }
            }
            // Keys, and who is let in, are not the machine's business.
            SignalBody::Rekey { .. } | SignalBody::Guest(_) => {}
        }
    }

    /// Another device of this person said no; its being busy does not bind this one.
    fn declined_elsewhere(&mut self, from: Sender, is_busy: bool) {
        if matches!((self.phase, from), (Phase::Ringing { .. }, Sender::Own(_))) && !is_busy {
            self.end(CallOutcome::Declined, End::Elsewhere);
        }
    }

    fn declined(&mut self, user: UserId, is_busy: bool) {
        if !matches!(self.phase, Phase::Outgoing { .. }) {
            return;
        }
        self.declined.insert(user);
        if self.declined.len() >= self.others {
            self.end(if is_busy { CallOutcome::Busy } else { CallOutcome::Declined }, End::There);
        }
    }

    fn joined(&mut self, from: Sender, media: MediaState, now: Instant) {
        match (self.phase, from) {
            (Phase::Ringing { .. }, Sender::Own(_)) => self.end(CallOutcome::Completed, End::Elsewhere),
            (Phase::Ringing { .. }, Sender::Member(device)) => {
                self.peers.entry(Peer::Device(device)).or_insert_with(Participant::new).media = media;
                self.changed();
            }
            (_, Sender::Member(device) | Sender::Own(device)) => self.meet(Peer::Device(device), media, now),
            (_, Sender::Guest(_)) => {}
        }
    }

    /// Connects to somebody who is in the call. Of two devices the one with the lower id offers, so that offers never cross; to a guest
    /// the member does.
    fn meet(&mut self, peer: Peer, media: MediaState, now: Instant) {
        if self.peers.len() >= MAX_PEERS && !self.peers.contains_key(&peer) {
            tracing::warn!("the call is full: somebody is not connected");
            return;
        }
        let offers = self.offers_to(peer);
        let participant = self.peers.entry(peer).or_insert_with(Participant::new);
        let (is_new, knew) = (participant.link == Link::Joined, participant.media);
        participant.media = media;
        if is_new {
            participant.link = Link::Connecting { since: now };
            let attempt = offers.then(|| participant.next_attempt(now));
            // It may have come after we said to all that we are here: it is to know our media, and to offer where that is its turn.
            let media = self.media;
            self.send(Some(peer), SignalBody::Joined(media));
            self.outputs.extend(attempt.map(|attempt| Output::Open(peer, attempt)));
        }
        if is_new || knew != media {
            self.changed();
        }
    }

    fn offers_to(&self, peer: Peer) -> bool {
        match peer {
            Peer::Device(device) => self.me < device,
            Peer::Guest(_) => true,
        }
    }

    fn left(&mut self, from: Sender, now: Instant) {
        match (self.phase, from) {
            // The caller gave up, or everyone who was there has gone.
            (Phase::Ringing { .. }, Sender::Member(device)) => {
                self.peers.remove(&Peer::Device(device));
                if self.peers.is_empty() {
                    self.end(CallOutcome::Missed, End::There);
                }
            }
            (Phase::Ringing { .. }, _) => {}
            _ => self.gone(from.peer(), now),
        }
    }

    /// What was agreed with somebody who came in anew holds no longer.
    fn forget(&mut self, peer: Peer) {
        if self.peers.remove(&peer).is_some_and(|participant| participant.is_open) {
            self.outputs.push(Output::Close(peer));
        }
    }

    fn gone(&mut self, peer: Peer, now: Instant) {
        let Some(participant) = self.peers.remove(&peer) else { return };
        if participant.is_open {
            self.outputs.push(Output::Close(peer));
        }
        self.changed();
        if self.peers.is_empty() && self.is_in() && !matches!(self.phase, Phase::Outgoing { .. }) {
            if self.others <= 1 {
                self.over(End::There);
            } else {
                self.alone_since = Some(now);
            }
        }
    }

    /// Whoever is connected knows better than the relay, and whoever was called may still come.
    fn nobody_there(&mut self) {
        if matches!(self.phase, Phase::Connecting { .. } | Phase::Reconnecting { .. }) {
            self.over(End::There);
        }
    }

    fn offered(&mut self, peer: Peer, attempt: u32, sdp: String, now: Instant) {
        if !self.is_in() || self.offers_to(peer) {
            return;
        }
        let participant = self.peers.entry(peer).or_insert_with(Participant::new);
        if attempt <= participant.attempt {
            tracing::debug!("an old offer came");
            return;
        }
        participant.begin(attempt, now);
        if participant.link == Link::Joined {
            participant.link = Link::Connecting { since: now };
        }
        self.outputs.push(Output::TakeOffer(peer, attempt, sdp));
    }

    fn answered(&mut self, peer: Peer, attempt: u32, sdp: String) {
        let offers = self.offers_to(peer);
        let Some(participant) = self.peers.get_mut(&peer).filter(|_| offers) else { return };
        if attempt != participant.attempt || participant.is_answered || !participant.is_open {
            tracing::debug!("an answer to no offer came");
            return;
        }
        participant.is_answered = true;
        self.outputs.push(Output::TakeAnswer(peer, sdp));
    }

    fn restart_asked(&mut self, peer: Peer, now: Instant) {
        if self.offers_to(peer) && self.peers.get(&peer).is_some_and(|participant| !participant.has_just_sought(&self.limits, now)) {
            self.try_again(peer, now);
        }
    }

    fn link(&mut self, peer: Peer, state: LinkState, now: Instant) {
        let Some(participant) = self.peers.get_mut(&peer) else { return };
        match (state, participant.link) {
            (LinkState::Connected, _) => {
                participant.link = Link::Connected;
                participant.sought_at = None;
                self.alone_since = None;
            }
            (LinkState::Disconnected | LinkState::Failed, Link::Connected) => {
                // An attempt that is under way already is the first.
                let sought_at = participant.sought_at.filter(|_| participant.has_just_sought(&self.limits, now));
                let (tried_at, tries) = sought_at.map_or((now, 0), |at| (at, 1));
                participant.link = Link::Broken { since: now, tried_at, tries };
                if tries == 0 {
                    self.try_again(peer, now);
                }
            }
            _ => return,
        }
        self.changed();
    }

    /// Looks for another path, whether or not one carries.
    fn try_again(&mut self, peer: Peer, now: Instant) {
        let offers = self.offers_to(peer);
        let Some(participant) = self.peers.get_mut(&peer) else { return };
        if let Link::Broken { tried_at, tries, .. } = &mut participant.link {
            *tried_at = now;
            *tries += 1;
        }
        if offers {
            let attempt = participant.next_attempt(now);
            self.outputs.push(Output::Open(peer, attempt));
        } else {
            participant.sought_at = Some(now);
            self.send(Some(peer), SignalBody::Restart);
        }
    }

    fn retry(&mut self, now: Instant) {
        let given_up: Vec<Peer> = self.with_link(|link| matches!(link, Link::GivenUp { .. }));
        for peer in given_up {
            if let Some(participant) = self.peers.get_mut(&peer)
                && let Link::GivenUp { since, .. } = participant.link
            {
                participant.link = Link::Broken { since, tried_at: now, tries: 0 };
                self.try_again(peer, now);
            }
        }
    }

    fn relay_back(&mut self, now: Instant) {
        if self.is_in() {
            let media = self.media;
            self.send(None, SignalBody::Joined(media));
        }
        for peer in self.with_link(|link| matches!(link, Link::Broken { .. } | Link::Connecting { .. })) {
            self.try_again(peer, now);
        }
    }

    /// There may be a better path, or one again; what carries goes on meanwhile.
    fn network_changed(&mut self, now: Instant) {
        self.retry(now);
        for peer in self.with_link(|link| matches!(link, Link::Connected | Link::Broken { .. })) {
            let Some(participant) = self.peers.get_mut(&peer).filter(|participant| !participant.has_just_sought(&self.limits, now)) else {
                continue;
            };
            // What was tried on another network does not count.
            if let Link::Broken { tries, .. } = &mut participant.link {
                *tries = 0;
            }
            self.try_again(peer, now);
        }
    }

    fn with_link(&self, is: impl Fn(Link) -> bool) -> Vec<Peer> {
        self.peers.iter().filter(|(_, participant)| is(participant.link)).map(|(peer, _)| *peer).collect()
    }

    fn tick(&mut self, now: Instant) {
        match self.phase {
            Phase::Ringing { since } if now >= since + self.limits.ring => return self.end(CallOutcome::Missed, End::Time),
            Phase::Outgoing { since, .. } if now >= since + self.limits.ring => {
                self.send(None, SignalBody::Left);
                return self.end(CallOutcome::Missed, End::Time);
            }
            _ => {}
        }
        if self.alone_since.is_some_and(|since| now >= since + self.limits.alone) {
            return self.over(End::Time);
        }
        let is_live = self.is_live();
        for peer in self.peers.keys().copied().collect::<Vec<_>>() {
            let Some(participant) = self.peers.get_mut(&peer) else { continue };
            match participant.link {
                Link::Connecting { since } if now >= since + self.limits.attempt => self.give_up_connecting(peer, now),
                Link::Broken { since, tried_at, tries } if now >= tried_at + self.limits.attempt => {
                    if tries >= self.limits.reconnection_attempts {
                        participant.link = Link::GivenUp { since, at: now };
                        self.changed();
                    } else {
                        self.try_again(peer, now);
                    }
                }
                // The others talk on, and nobody is asked.
                Link::GivenUp { since, at } if is_live && now >= at + self.limits.alone => {
                    let tries = self.limits.reconnection_attempts.saturating_sub(1);
                    participant.link = Link::Broken { since, tried_at: now, tries };
                    self.try_again(peer, now);
                }
                _ => {}
            }
        }
    }

    /// The first connection may fail as often as a later one.
    fn give_up_connecting(&mut self, peer: Peer, now: Instant) {
        let offers = self.offers_to(peer);
        let Some(participant) = self.peers.get_mut(&peer) else { return };
        if participant.attempt > self.limits.reconnection_attempts {
            return self.gone(peer, now);
        }
        participant.link = Link::Connecting { since: now };
        if offers {
            self.try_again(peer, now);
        } else {
            // The other side counts; here a missing offer counts too.
            participant.attempt += u32::from(!participant.is_open);
            self.send(Some(peer), SignalBody::Restart);
        }
    }

    /// What the links say of the call.
    fn settle(&mut self, now: Instant) {
        if matches!(self.phase, Phase::Ringing { .. } | Phase::Ended { .. }) {
            return;
        }
        let is_connected = self.peers.values().any(|participant| participant.link == Link::Connected);
        let broken = self.peers.values().filter_map(|participant| match participant.link {
            Link::Broken { since, tries, .. } => Some((since, tries, false)),
            Link::GivenUp { since, .. } => Some((since, self.limits.reconnection_attempts, true)),
            _ => None,
        });
        let worst = broken.max_by_key(|(_, tries, asks)| (*tries, *asks));
        let phase = match (self.phase, worst) {
            (Phase::Outgoing { .. }, _) if !self.peers.is_empty() && !is_connected => Phase::Connecting { since: now },
            _ if is_connected => Phase::Live { since: self.live_since().unwrap_or(now) },
            (phase, Some((since, attempt, asks))) => {
                let live_since = live_since(phase).unwrap_or(since);
                Phase::Reconnecting { live_since, since, attempt, asks }
            }
            (phase, None) => phase,
        };
        if phase != self.phase {
            self.phase = phase;
            self.changed();
        }
    }

    const fn is_live(&self) -> bool {
        matches!(self.phase, Phase::Live { .. })
    }

    fn live_since(&self) -> Option<Instant> {
        live_since(self.phase)
    }

    fn send(&mut self, to: Option<Peer>, body: SignalBody) {
        self.outputs.push(Output::Send(to, body));
    }

    fn changed(&mut self) {
        if !self.outputs.contains(&Output::Changed) {
            self.outputs.push(Output::Changed);
        }
    }

    /// It is over because nobody else is there: a talk, if it ever was one.
    fn over(&mut self, end: End) {
        let outcome = if self.live_since().is_some() { CallOutcome::Completed } else { CallOutcome::Failed };
        self.send(None, SignalBody::Left);
        self.end(outcome, end);
    }

    fn end(&mut self, outcome: CallOutcome, end: End) {
        for (peer, participant) in std::mem::take(&mut self.peers) {
            if participant.is_open {
                self.outputs.push(Output::Close(peer));
            }
        }
        self.phase = Phase::Ended { outcome, end };
        self.changed();
        self.outputs.push(Output::Ended(outcome, end));
    }
}

const fn live_since(phase: Phase) -> Option<Instant> {
    match phase {
        Phase::Live { since } => Some(since),
        Phase::Reconnecting { live_since, .. } => Some(live_since),
        _ => None,
    }
}
