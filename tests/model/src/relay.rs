//! The relay: one log while it is honest, two while it lies, and a shorter one after it was put back from a copy.

use crate::judge::{Ground, Judged};
use crate::log::{Body, Bytes, Change, Log, Signed};
use crate::people::{ByPerson, People, Person, Role};
use crate::rules::Rule;

/// Which of the relay's logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Branch {
    /// The one that it has from the beginning.
    First,
    /// The one that a lie began.
    Second,
}

/// Where a restored relay stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Healing {
    /// Members offer what is lost; nothing new is taken.
    Offers,
    /// `restored` is appended; commits wait for an owner or admin other than their author.
    Commits,
    /// A day has passed, or it was never restored.
    Over,
}

/// The relay's state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Relay {
    /// The first log.
    pub first: Log,
    /// The second, once there is one.
    pub second: Option<Log>,
    /// Which of them each person is shown.
    pub shows: ByPerson<Branch>,
    /// Rises with every restored copy.
    pub generation: u8,
    /// How far healing went.
    pub healing: Healing,
    /// Of whom a device came by in this generation.
    pub came: People,
    /// Whose device follows this log since: heads that contradict it don't count.
    pub follow: People,
    /// All bytes that ever reached the relay. It can put them anywhere at any time.
    pub pool: Vec<Signed>,
    /// Lost branches that were reported, each as the whole log that its holder had verified.
    pub reports: Vec<Log>,
    /// What an operator threw away. The relay had signed its heads, and whoever saw it can report it.
    pub lost: Vec<Log>,
}

impl Default for Relay {
    fn default() -> Self {
        let shows = ByPerson { ana: Branch::First, ben: Branch::First, mal: Branch::First };
        Self {
            first: Log::begin(),
            second: None,
            shows,
            generation: 0,
            healing: Healing::Over,
            came: People::ALL,
            follow: People::ALL,
            pool: Vec::new(),
            reports: Vec::new(),
            lost: Vec::new(),
        }
    }
}

impl Relay {
    /// A log.
    #[must_use]
    pub fn log(&self, branch: Branch) -> &Log {
        match (branch, &self.second) {
            (Branch::Second, Some(second)) => second,
            (Branch::First | Branch::Second, _) => &self.first,
        }
    }

    fn log_mut(&mut self, branch: Branch) -> &mut Log {
        match (branch, &mut self.second) {
            (Branch::Second, Some(second)) => second,
            (Branch::First | Branch::Second, _) => &mut self.first,
        }
    }

    /// The log that a person is shown.
    #[must_use]
    pub fn shown(&self, to: Person) -> &Log {
        self.log(self.shows[to])
    }

    /// Remembers bytes.
    pub fn learn(&mut self, signed: &Signed) {
        if let Err(at) = self.pool.binary_search(signed) {
            self.pool.insert(at, signed.clone());
        }
    }

    /// Keeps a lost branch for those who act as owner.
    pub fn report(&mut self, branch: Log) {
        if let Err(at) = self.reports.binary_search(&branch) {
            self.reports.insert(at, branch);
        }
    }

    /// Of what branches a person has proof that the relay had signed them: what was thrown away, and a second log.
    pub fn seen_branches(&self) -> impl Iterator<Item = Log> {
        let whole = self.lost.iter().chain(&self.second);
        whole.flat_map(|log| (self.first.common(log) + 1..=log.len()).map(|end| log.prefix(end)))
    }

    /// What an honest relay does with bytes that are sent to it.
    pub fn take(&mut self, ground: &Ground<'_>, branch: Branch, signed: &Signed) -> bool {
        let bytes = Bytes::Signed(signed.clone());
        let head = ground.roster.head();
        let taken = self.is_time_for(ground, branch, signed) && Judged::next_counts(ground, self.log(branch), &bytes, head);
        if taken {
            self.log_mut(branch).append(bytes, head);
        }
        taken
    }

    /// After it was put back a relay takes new entries only when those who may know better have come by.
    fn is_time_for(&self, ground: &Ground<'_>, branch: Branch, signed: &Signed) -> bool {
        let view = Judged::new(ground, self.log(branch), |_| false).newest(ground);
        let lead = |one: Person| one != signed.author && self.came.has(one) && view.roles[one] >= Role::Admin;
        let led = self.healing == Healing::Over || Person::ALL.into_iter().any(lead);
        let follows = |one: Person| {
            let may = view.acts_as_owner(ground, signed.author) || view.shut_out(ground).has(one);
            self.follow.has(one) || may || !ground.rules.has(Rule::AbsentByOwner)
        };
        match &signed.body {
            _ if self.healing == Healing::Offers => false,
            Body::Envelope { .. } | Body::Leave => true,
            Body::Commit { change: Change::Remove(who) | Change::Demote(who), .. } => led && follows(*who),
            Body::Commit { .. } => led,
        }
    }

    /// The lie: puts bytes anywhere, unasked, with any stamp.
    pub fn place(&mut self, branch: Branch, signed: &Signed, stamp: u8) {
        self.log_mut(branch).append(Bytes::Signed(signed.clone()), stamp);
    }

    /// The lie: begins a second log behind a place.
    pub fn fork(&mut self, keep: u8) {
        self.second = Some(self.first.prefix(keep));
    }

    /// Puts the first log back as it was at a place. An honest operator says so by a new generation.
    pub fn put_back(&mut self, keep: u8, says_so: bool) {
        let kept = self.first.prefix(keep);
        let lost = std::mem::replace(&mut self.first, kept);
        if keep < lost.len() && !self.lost.contains(&lost) {
            self.lost.push(lost);
        }
        self.reports.clear();
        if says_so {
            self.generation += 1;
            self.healing = Healing::Offers;
            (self.came, self.follow) = (People::NONE, People::NONE);
        }
    }

    /// A member comes by a restored relay: takes of their log all that is the exact next entry and holds here.
    pub fn offer(&mut self, ground: &Ground<'_>, by: Person, log: &Log, missing: impl Fn(u8) -> bool) {
        self.came = self.came.with(by);
        if self.healing != Healing::Offers || !ground.rules.has(Rule::Offer) {
            return;
        }
        while self.first.common(log) == self.first.len() && !missing(self.first.len() + 1) {
            let Some(next) = log.at(self.first.len() + 1) else { return };
            let mut healed = self.first.clone();
            healed.append(next.bytes.clone(), next.stamp);
            let counts = Judged::next_counts(ground, &self.first, &next.bytes, next.stamp);
            if !counts || healed.newest().chain != next.chain {
                return;
            }
            self.first = healed;
        }
    }

    /// Ends the time for offers with `restored`.
    pub fn close_offers(&mut self, head: u8) {
        if self.healing == Healing::Offers {
            self.first.append(Bytes::Restored { generation: self.generation }, head);
            self.healing = Healing::Commits;
        }
    }

    /// A day passes.
    pub fn day(&mut self) {
        if self.healing == Healing::Commits {
            self.healing = Healing::Over;
        }
    }
}
