//! An honest member's client: what it holds, what it signs, and what it takes.

use crate::heal::returns;
use crate::judge::{Ground, Judged, Verdict, View};
use crate::log::{Body, Bytes, Change, Link, Log, Signed};
use crate::people::{People, Person, Role};
use crate::rules::Rule;

/// A message that the log doesn't show yet.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Outgoing {
    /// Its number.
    pub id: u8,
    /// The newest attempt.
    pub attempt: Signed,
}

/// What a member holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Member {
    /// Whose it is.
    pub who: Person,
    /// The verified log.
    pub log: Log,
    /// The place of which only the hash is there.
    missing: Option<u8>,
    /// Messages on their way.
    pub outbox: Vec<Outgoing>,
    /// How many messages were written.
    pub written: u8,
    /// The relay shows another log than the verified one, and says nothing of a new generation.
    pub alarmed: bool,
    /// The relay was restored and lost a commit that this member verified.
    pub stranded: bool,
    /// Left a branch with commits of its own behind this place, and has not come back by a commit since: the keys at hand
    /// are of that branch.
    pub outside: Option<u8>,
    /// What others said that the relay has lost: "not on the relay".
    pub kept: Vec<Signed>,
    /// The newest place that this device named as `seen` since the last `restored`.
    pub named: u8,
    /// Set where a rule of this client's own was broken; the properties read it.
    pub broke: Broke,
}

/// What a client did that it must not do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Broke {
    /// Named an earlier place than before.
    pub seen_fell: bool,
    /// Left a verified commit although nobody who acts as owner on both sides went on from there.
    pub went_back: bool,
    /// Left a verified commit for a log with somebody whom that branch put out.
    pub took_back: bool,
    /// Followed a log that contradicts its own and doesn't say that the relay was put back.
    pub followed: bool,
}

impl Member {
    /// A member who has verified `begin`.
    #[must_use]
    pub fn new(who: Person) -> Self {
        Self {
            who,
            log: Log::begin(),
            missing: None,
            outbox: Vec::new(),
            written: 0,
            alarmed: false,
            stranded: false,
            outside: None,
            kept: Vec::new(),
            named: 0,
            broke: Broke::default(),
        }
    }

    /// Whether the bytes at a place are missing.
    #[must_use]
    pub fn misses(&self, place: u8) -> bool {
        self.missing == Some(place)
    }

    /// The verified log as this member judges it.
    #[must_use]
    pub fn judged(&self, ground: &Ground<'_>) -> Judged {
        Judged::new(ground, &self.log, |place| self.misses(place))
    }

    /// What holds at the newest verified place, and at the newest roster head.
    #[must_use]
    pub fn view(&self, ground: &Ground<'_>) -> View {
        self.judged(ground).newest(ground).at_head(ground.roster.head())
    }

    /// Whether this member stands in the newest epoch of a log that it follows.
    fn follows(&self, ground: &Ground<'_>) -> bool {
        !self.alarmed && !self.stranded && self.view(ground).stands(ground, self.who)
    }

    /// Whether this member has the keys of the newest epoch.
    fn can_read(&self, ground: &Ground<'_>) -> bool {
        self.outside.is_none() && self.view(ground).readable.has(self.who)
    }

    /// Whether this member can write in the newest epoch.
    #[must_use]
    pub fn can_write(&self, ground: &Ground<'_>) -> bool {
        self.follows(ground) && self.can_read(ground)
    }

    pub(crate) fn sign(&mut self, ground: &Ground<'_>, body: Body) -> Signed {
        let log = self.log.clone();
        self.sign_on(ground, &log, body)
    }

    /// Signs for the end of a log.
    pub(crate) fn sign_on(&mut self, ground: &Ground<'_>, log: &Log, body: Body) -> Signed {
        let seen = if ground.rules.has(Rule::SeenNeverFalls) { log.newest() } else { log.seen(1) };
        self.broke.seen_fell |= seen.place < self.named;
        self.named = log.len();
        let era = Judged::new(ground, log, |_| false).newest(ground).era;
        Signed { author: self.who, era, seen, head: ground.roster.head(), body }
    }

    /// Writes a message.
    pub fn write(&mut self, ground: &Ground<'_>) -> Option<Signed> {
        if !self.can_write(ground) || self.view(ground).roles[self.who] < Role::Member {
            return None;
        }
        let id = self.written;
        let attempt = self.sign(ground, Body::Envelope { id, text: id });
        self.written += 1;
        self.outbox.push(Outgoing { id, attempt: attempt.clone() });
        Some(attempt)
    }

    /// Sends the first message of the outbox once more: the same bytes, or, where their epoch is over or their `seen` is no
    /// place of the log any more, sealed again.
    pub fn send_again(&mut self, ground: &Ground<'_>) -> Option<Signed> {
        let view = self.view(ground);
        if !self.can_write(ground) || view.roles[self.who] < Role::Member {
            return None;
        }
        let last = self.outbox.first()?.clone();
        let same = last.attempt.era == view.era && self.log.has(last.attempt.seen);
        if same && ground.rules.has(Rule::SameAttempt) {
            return Some(last.attempt);
        }
        let attempt = self.sign(ground, last.attempt.body);
        if let Some(first) = self.outbox.first_mut() {
            first.attempt = attempt.clone();
        }
        Some(attempt)
    }

    /// Builds a commit that everyone can open.
    pub fn commit(&mut self, ground: &Ground<'_>, change: Change) -> Option<Signed> {
        let may = self.can_write(ground) && self.view(ground).may_commit(ground, self.who, change);
        may.then(|| self.sign(ground, Body::Commit { change, opens: People::ALL }))
    }

    /// Leaves.
    pub fn leave(&mut self, ground: &Ground<'_>) -> Option<Signed> {
        self.can_write(ground).then(|| self.sign(ground, Body::Leave))
    }

    /// Comes back by an external commit, where the newest epoch can't be opened here.
    pub fn come_back(&mut self, ground: &Ground<'_>, opens: People) -> Option<Signed> {
        let due = self.follows(ground) && !self.can_read(ground) && ground.rules.has(Rule::Return);
        due.then(|| self.sign(ground, Body::Commit { change: Change::Return(self.who), opens }))
    }

    /// Reads what the relay shows: the spine with all public entries, then contents, of which the relay may keep one back.
    pub fn sync(&mut self, ground: &Ground<'_>, shown: &Log, keeps_back: Option<u8>) {
        let common = self.log.common(shown);
        if common < self.log.len() && common == shown.len() && !restored_behind(shown, common) {
            // A shorter log: stale where the generation is the old one, else not healed yet. Nothing is taken from it.
            self.alarmed = true;
            return;
        }
        if self.stranded && common == self.log.len() {
            // Put back once more, to where the own branch goes on. What was signed for the other log is lost.
            self.named = self.named.min(common);
        }
        if common < self.log.len() {
            if ground.rules.has(Rule::OwnChain) && !restored_behind(shown, common) {
                self.alarmed = true;
                return;
            }
            if !self.may_leave_own(ground, shown, common) {
                self.stranded = true;
                self.alarmed = false;
                return;
            }
            self.leave_own(ground, shown, common);
        }
        self.alarmed = false;
        self.stranded = false;
        let withheld = |place: &u8| shown.at(*place).is_some_and(|link| link.is_content() && !self.wrote(link));
        self.missing = keeps_back.filter(withheld);
        self.log = shown.clone();
        self.settle(ground);
    }

    /// A device keeps the bytes of its own attempts, so nobody can keep them back.
    fn wrote(&self, link: &Link) -> bool {
        link.signed().is_some_and(|signed| signed.author == self.who)
    }

    /// Takes the log's attempts for its own.
    fn settle(&mut self, ground: &Ground<'_>) {
        let judged = self.judged(ground);
        let counts = |author: Person, id: u8| {
            self.log.places().any(|(place, link)| judged.verdict(place) == Verdict::Counts && is_message(link, author, id))
        };
        let (who, outbox, kept) = (self.who, self.outbox.clone(), self.kept.clone());
        let outbox = outbox.into_iter().filter(|one| !counts(who, one.id)).collect();
        let lost = |one: &Signed| matches!(one.body, Body::Envelope { id, .. } if !counts(one.author, id));
        let kept = kept.into_iter().filter(lost).collect();
        (self.outbox, self.kept) = (outbox, kept);
        let came_back = |(_, signed, change): (u8, &Signed, Change)| {
            returns(self.who, signed, change) && self.outside.is_some_and(|place| signed.seen.place > place)
        };
        if judged.commits(&self.log).any(came_back) {
            self.outside = None;
        }
    }
}

/// Whether an entry is this message, of any attempt.
#[must_use]
pub fn is_message(link: &Link, author: Person, id: u8) -> bool {
    matches!(link.signed(), Some(Signed { author: by, body: Body::Envelope { id: one, .. }, .. }) if *by == author && *one == id)
}

pub(crate) fn restored_behind(log: &Log, place: u8) -> bool {
    log.behind(place).iter().any(|link| matches!(link.bytes, Bytes::Restored { .. }))
}
